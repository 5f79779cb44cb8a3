"""Asking for orders, fills and fees."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import many, one
from bingx_async.models import CommissionRate, Fill, Order
from bingx_async.spot import arguments
from bingx_async.spot.base import NEWER, ORDER, ORDERS, Group
from bingx_async.spot.batches import single_params

GET_ORDER = Endpoint(
    "get_order",
    "GET",
    "/openApi/spot/v1/trade/query",
    IpGroup.ACCOUNT,
    one(Order),
    quota=Quota(10, 1.0, ORDERS),
    refusals=ORDER,
    echoed=("orderId", "clientOrderID"),
)
LIST_OPEN_ORDERS = Endpoint(
    "list_open_orders",
    "GET",
    "/openApi/spot/v1/trade/openOrders",
    IpGroup.ACCOUNT,
    many(Order, "orders"),
    quota=Quota(10, 1.0, ORDERS),
)
ITER_ORDER_HISTORY = Endpoint(
    "iter_order_history",
    "GET",
    "/openApi/spot/v1/trade/historyOrders",
    IpGroup.ACCOUNT,
    many(Order, "orders"),
    quota=Quota(10, 1.0, ORDERS),
)
ITER_FILLS = Endpoint(
    "iter_fills",
    "GET",
    "/openApi/spot/v1/trade/myTrades",
    IpGroup.ACCOUNT,
    many(Fill, "fills"),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
)
GET_COMMISSION_RATE = Endpoint(
    "get_commission_rate",
    "GET",
    "/openApi/spot/v1/user/commissionRate",
    IpGroup.ACCOUNT,
    one(CommissionRate),
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
)


class Queries(Group):
    """Methods that ask for orders, fills and fees."""

    async def get_order(
        self,
        symbol: str,
        order_id: int | str | None = None,
        *,
        client_order_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """The order named by exactly one of `order_id` and `client_order_id`, which is known for 2 hours.

        `OrderNotFound` right after placing proves nothing, and an order that is done may be missing later.
        """
        pair, order_ref = arguments.symbol(symbol), arguments.order_ref(order_id, client_order_id)
        return await self._calls.call(Call(GET_ORDER, single_params(pair, order_ref)), options)
