"""The dead man's switch: the exchange cancels every open order of the account unless it is renewed in time."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import one
from bingx_async.errors import OrderRefused
from bingx_async.models import DeadMansSwitch, Priority, SwitchStatus
from bingx_async.spot import arguments
from bingx_async.spot.base import NEWER, ORDERS, Group
from bingx_async.spot.renewed_switch import RenewedSwitch

CANCEL_ALL_AFTER = Endpoint(
    "cancel_all_after",
    "POST",
    "/openApi/spot/v1/trade/cancelAllAfter",
    IpGroup.ACCOUNT,
    one(DeadMansSwitch),
    effect=Effect.CHANGE,
    quota=Quota(1, 1.0, ORDERS),  # the page's text says 1 per second, its table 2
    profiles=NEWER,
)
SHORTEST, LONGEST = 10, 120  # seconds


class Switch(Group):
    """Methods on the dead man's switch."""

    async def cancel_all_after(self, seconds: int | None, **options: Unpack[CallOptions]) -> DeadMansSwitch:
        """Have the exchange cancel every open order of the account in `seconds` (10 to 120), unless this is called
        again before; None closes the switch.

        There is one switch for the whole account. Whether it reaches conditional and OCO orders is not documented.
        While the exchange is cancelling, for some seconds after the time has run out, it refuses both. `OrderRefused`
        with code 0: the exchange took the call and failed, so the switch is as it was before.
        """
        options.setdefault("priority", Priority.KILL_SWITCH)
        wanted = SwitchStatus.CLOSED if seconds is None else SwitchStatus.ACTIVATED
        params: dict[str, Param] = {"type": "CLOSE", "timeOut": SHORTEST}  # the exchange wants a number here too
        if seconds is not None:
            params = {"type": "ACTIVATE", "timeOut": arguments.whole(seconds, "seconds", SHORTEST, LONGEST)}
        switch = await self._calls.call(Call(CANCEL_ALL_AFTER, params), options)
        if switch.status.is_known and switch.status != wanted:
            text = f"the switch is {switch.status.lower()}, not {wanted.lower()}: {switch.note or 'no reason given'}"
            raise OrderRefused(0, text, CANCEL_ALL_AFTER.path, 200, switch.raw)
        return switch

    def dead_mans_switch(self, seconds: int, **options: Unpack[CallOptions]) -> RenewedSwitch:
        """Keep the dead man's switch armed while a block runs: `async with client.spot.dead_mans_switch(30) as switch`.

        See `RenewedSwitch`. `seconds` (10 to 120): after this long without a renewal the exchange cancels every open
        order of the account; it is renewed at each third of that, before everything else that waits for quota. Use one
        for an account: a second one would close it.
        """
        timeout = arguments.whole(seconds, "seconds", SHORTEST, LONGEST)
        return RenewedSwitch(timeout, self.cancel_all_after, self._calls, options)
