"""The dead man's switch: the exchange cancels every open order of the account unless it is renewed in time."""

from __future__ import annotations

from bingx_async.core.endpoint import Effect, Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import one
from bingx_async.models import DeadMansSwitch
from bingx_async.spot.base import NEWER, ORDERS, Group

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


class Switch(Group):
    """Methods on the dead man's switch."""
