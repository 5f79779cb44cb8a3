"""Finding out, in the background, what became of calls that may have run.

Each is resolved with bounded effort, and again later, ever more rarely, until it is known: none is dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol, Unpack

import anyio
from attrs import evolve

from bingx_async.core.options import LONGEST_RECV_WINDOW, CallOptions
from bingx_async.errors import ClientClosed, OutcomeUnknown
from bingx_async.models import Intent, OcoLeg, Placement, Resolution, ResolutionStatus
from bingx_async.spot.base import Calls
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.tracker.portfolio import Portfolio
from bingx_async.spot.tracker.reading import OPTIONS

AT_ONCE = 4  # enquiries that read at a time
TOGETHER = 20  # intents of an earlier run that are looked up in one enquiry
DEADLINE = 30.0  # seconds of one enquiry
FIRST_DELAY, LONGEST_DELAY = 30.0, 600.0  # seconds until the next one
RECV_WINDOW = timedelta(milliseconds=LONGEST_RECV_WINDOW)
DIED = "the process ended before its outcome was written down"


class Resolve(Protocol):
    """`client.spot.resolve`."""

    def __call__(
        self, error: OutcomeUnknown, /, *, deadline: float, **options: Unpack[CallOptions]
    ) -> Awaitable[Resolution]:
        """What became of the call."""
        ...


class Enquiries:
    """Finds out about the calls in doubt of one account."""

    def __init__(self, portfolio: Portfolio, calls: Calls, resolve: Resolve) -> None:
        self._portfolio, self._calls, self._resolve = portfolio, calls, resolve
        self._limit = anyio.CapacityLimiter(AT_ONCE)

    async def settle(self, error: OutcomeUnknown) -> None:
        """Find out about one call; returns when it is known."""
        for tries in count():
            if await self._ask(error):
                self._calls.forget(error)
                return
            await anyio.sleep(min(FIRST_DELAY * 2.0 ** min(tries, 9), LONGEST_DELAY))

    async def _ask(self, error: OutcomeUnknown) -> bool:
        async with self._limit:
            if self._is_known(error):  # from an event or a list in the meantime
                return True
            try:
                found = await self._resolve(error, deadline=DEADLINE, **OPTIONS)
                first = error.client_order_ids[0] if error.client_order_ids else ""
                for name, part in (found.parts or {first: found}).items():
                    self._take(error, name, part)
            except ClientClosed:
                raise
            except Exception as failed:
                self._calls.warn(
                    f"the outcome of {error.endpoint} could not be found out and is asked for again: {failed!r}"
                )
                return False
        return found.is_known

    def _is_known(self, error: OutcomeUnknown) -> bool:
        """Whether it is known by now of every order that the call would have placed."""
        orders = [self._portfolio.find(name) for name in error.client_order_ids]
        placements = {each.placement for each in orders if each is not None}
        return bool(placements) and placements.isdisjoint((Placement.UNKNOWN, Placement.SENDING))

    def _take(self, error: OutcomeUnknown, name: str, part: Resolution) -> None:
        """Let the portfolio have what was found out about one order or one pair."""
        if part.status is ResolutionStatus.NOT_EXECUTED and part.order is None and not part.legs:
            for each in error.client_order_ids if error.endpoint == PLACE_OCO_ORDER.path else (name,):
                self._portfolio.not_placed(each, part.evidence)
        elif part.status is not ResolutionStatus.UNKNOWN:
            if part.order is not None:
                order = part.order if part.order.client_order_id else evolve(part.order, client_order_id=name)
                self._portfolio.take_order(order, "resolve()")
            for leg in part.legs or self._legs_of(error):
                self._portfolio.take_leg(leg, "resolve()")

    def _legs_of(self, error: OutcomeUnknown) -> list[OcoLeg]:
        """The legs of a pair that was placed, of which not more is known than that they are there."""
        if error.endpoint != PLACE_OCO_ORDER.path:
            return []
        symbol = str(error.params.get("symbol", ""))
        return [OcoLeg(client_order_id=name, symbol=symbol) for name in error.client_order_ids[:2]]


def doubts_of(intents: Sequence[Intent], now: datetime) -> list[OutcomeUnknown]:
    """The calls in doubt that an earlier run has left: none can have been sent after `now`, when it had ended. Plain
    orders are looked up together, so that each list is read once."""
    pairs = [each for each in intents if each.endpoint == PLACE_OCO_ORDER.path]
    plain = [each for each in intents if each.endpoint != PLACE_OCO_ORDER.path]
    groups = [plain[first : first + TOGETHER] for first in range(0, len(plain), TOGETHER)]
    doubts = [_doubt(PLACE_ORDERS.path, {"data": [dict(it.params) for it in group]}, group, now) for group in groups]
    return doubts + [_doubt(PLACE_OCO_ORDER.path, dict(pair.params), [pair], now) for pair in pairs]


def _doubt(path: str, params: dict[str, object], intents: Sequence[Intent], now: datetime) -> OutcomeUnknown:
    names = tuple(name for each in intents for name in each.client_order_ids)
    sent_at = min(each.at for each in intents)
    return OutcomeUnknown(DIED, path, params, names, sent_at=sent_at, expires_at=now + RECV_WINDOW)
