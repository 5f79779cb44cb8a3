"""Placing orders: one, several, one in the place of another."""

from __future__ import annotations

from bingx_async.core.endpoint import Effect, Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Carrier
from bingx_async.core.wire import mapping, one
from bingx_async.models import Order
from bingx_async.spot.base import LEAD_TRADER, ORDER, ORDERS, Group

PLACE_ORDER = Endpoint(
    "place_order",
    "POST",
    "/openApi/spot/v1/trade/order",
    IpGroup.TRADE,
    one(Order),
    effect=Effect.CREATE,
    quota=Quota(5, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)
PLACE_ORDERS = Endpoint(
    "place_orders",
    "POST",
    "/openApi/spot/v1/trade/batchOrders",
    IpGroup.TRADE,
    mapping,
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
    carrier=Carrier.QUERY,  # its JSON text holds characters that no other carrier is known to take
)
REPLACE_ORDER = Endpoint(
    "replace_order",
    "POST",
    "/openApi/spot/v1/trade/order/cancelReplace",
    IpGroup.TRADE,
    mapping,
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)


class Placing(Group):
    """Methods that place orders of `trade/*`."""
