"""One-cancels-the-other orders: placing and cancelling."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import many, one
from bingx_async.models import OcoLeg, OcoOrder, OcoReference, Side
from bingx_async.spot import arguments
from bingx_async.spot.arguments import Number
from bingx_async.spot.base import NEWER, ORDER, ORDERS, Group

PLACE_OCO_ORDER = Endpoint(
    "place_oco_order",
    "POST",
    "/openApi/spot/v1/oco/order",
    IpGroup.ACCOUNT,
    one(OcoOrder),
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)
CANCEL_OCO_ORDER = Endpoint(
    "cancel_oco_order",
    "POST",
    "/openApi/spot/v1/oco/cancel",
    IpGroup.ACCOUNT,
    one(OcoReference),
    effect=Effect.CANCEL,
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)
GET_OCO_ORDER = Endpoint(
    "get_oco_order",
    "GET",
    "/openApi/spot/v1/oco/orderList",
    IpGroup.ACCOUNT,
    one(OcoOrder),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)
LIST_OPEN_OCO_ORDERS = Endpoint(
    "list_open_oco_orders",
    "GET",
    "/openApi/spot/v1/oco/openOrderList",
    IpGroup.ACCOUNT,
    many(OcoLeg, "orders", "ocoOrders"),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
)
ITER_OCO_HISTORY = Endpoint(
    "iter_oco_history",
    "GET",
    "/openApi/spot/v1/oco/historyOrderList",
    IpGroup.ACCOUNT,
    many(OcoLeg, "orders", "ocoOrders"),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
)


class OcoOrders(Group):
    """Methods on `oco/*`."""

    async def place_oco_order(
        self,
        symbol: str,
        side: Side | str,
        *,
        quantity: Number,
        limit_price: Number,
        order_price: Number,
        trigger_price: Number,
        list_client_order_id: str | int | None = None,
        above_client_order_id: str | int | None = None,
        below_client_order_id: str | int | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoOrder:
        """Place a limit order and a stop-limit order of which one cancels the other.

        `limit_price`: of the limit order; `trigger_price`: at which the stop-limit order is placed with
        `order_price`. The client order ids (of the list, the limit order, the stop-limit order) are digits only.
        Raises `InsufficientBalance`.
        """
        params: dict[str, Param] = {
            "symbol": arguments.symbol(symbol),
            "side": arguments.side(side),
            "quantity": arguments.amount(quantity, "quantity"),
            "limitPrice": arguments.amount(limit_price, "limit_price"),
            "orderPrice": arguments.amount(order_price, "order_price"),
            "triggerPrice": arguments.amount(trigger_price, "trigger_price"),
        }
        ids = {
            "listClientOrderId": (list_client_order_id, "list_client_order_id"),
            "aboveClientOrderId": (above_client_order_id, "above_client_order_id"),
            "belowClientOrderId": (below_client_order_id, "below_client_order_id"),
        }
        named = {
            wire_name: arguments.oco_client_order_id(value, name)
            for wire_name, (value, name) in ids.items()
            if value is not None
        }
        return await self._calls.call(Call(PLACE_OCO_ORDER, {**params, **named}, tuple(named.values())), options)

    async def cancel_oco_order(
        self,
        order_id: str | int | None = None,
        *,
        client_order_id: str | int | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoReference:
        """Cancel a whole OCO order by the id of either leg: exactly one of `order_id` and `client_order_id`.

        Raises `OrderNotFound`.
        """
        arguments.either({"order_id": order_id, "client_order_id": client_order_id})
        if order_id is not None:
            call = Call(CANCEL_OCO_ORDER, {"orderId": str(arguments.order_id(order_id))})
        else:  # a leg may have been placed with more than digits
            name = arguments.client_order_id(arguments.digits(client_order_id))
            call = Call(CANCEL_OCO_ORDER, {"clientOrderId": name}, (name,))
        return await self._calls.call(call, options)
