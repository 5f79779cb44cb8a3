"""The calls of the matrix: one of each effect and kind. Each names one order by a number, and so does its reply."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Unpack

from attrs import frozen

from bingx_async import BingXClient
from bingx_async.core.endpoint import Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.market import GET_DEPTH
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.queries import GET_ORDER

KEY, SECRET = "the-key-AAAA", "the-secret-BBBB"
FIRST, TARGET, STRAY, NEXT = range(7_000_001, 7_000_005)  # FIRST opens the connection, STRAY is asked by no call
NUMBER = re.compile(rb"(?<![0-9a-f])700000\d(?![0-9a-f])")
SIGNATURE = re.compile(rb"signature\W{1,3}([0-9a-f]{64})")
PRICES = {"quantity": "1", "limit_price": "9", "trigger_price": "7", "order_price": "6"}


@frozen
class Kind:
    """A kind of call: how it is made for a number, the `data` of its honest reply, and the number in its model."""

    endpoint: Endpoint[Any]
    call: Callable[..., Awaitable[Any]]
    data: Callable[[int], Any]
    number: Callable[[Any], int | str | None]

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.endpoint.effect is Effect.READ

    async def ask(self, client: BingXClient, number: int, **options: Unpack[CallOptions]) -> Any:
        """The model of the call for `number`."""
        return await self.call(client.spot, number, **options)

    def number_in(self, model: Any) -> int | None:
        """The number that the model names; None if it names none."""
        number = self.number(model)
        return int(number) if number else None

    def body(self, number: int) -> bytes:
        """The honest reply's body."""
        return json.dumps({"code": 0, "msg": "", "data": self.data(number)}, separators=(",", ":")).encode()


def symbol(number: int) -> str:
    """A trading pair that names a number."""
    return f"C{number}-USDT"


def order(number: int) -> dict[str, Any]:
    """An order as it is reported."""
    return {"symbol": "BTC-USDT", "orderId": number, "status": "CANCELED", "side": "BUY"}


def leg(number: int) -> dict[str, Any]:
    """A leg of an OCO order as it is reported."""
    return {"orderId": f"9{number}", "clientOrderId": str(number), "orderType": "ocoLimit", "orderListId": "5"}


KINDS: dict[str, Kind] = {
    "cancel_order": Kind(
        CANCEL_ORDER,
        lambda spot, number, **options: spot.cancel_order("BTC-USDT", number, **options),
        order,
        lambda model: model.order_id,
    ),
    "cancel_orders": Kind(
        CANCEL_ORDERS,
        lambda spot, number, **options: spot.cancel_orders("BTC-USDT", [number], **options),
        lambda number: {"orders": [order(number)]},
        lambda model: model.orders[0].order_id if model.orders else None,
    ),
    "cancel_open_orders": Kind(
        CANCEL_OPEN_ORDERS,
        lambda spot, number, **options: spot.cancel_open_orders(symbol(number), **options),
        lambda number: {"orders": [order(number)]},
        lambda model: model[0].order_id if model else None,
    ),
    "place_oco_order": Kind(
        PLACE_OCO_ORDER,
        lambda spot, number, **options: spot.place_oco_order(
            "BTC-USDT", "SELL", **PRICES, above_client_order_id=number, check=False, **options
        ),
        lambda number: {"orders": [leg(number)]},
        lambda model: model.legs[0].client_order_id if model.legs else None,
    ),
    "cancel_oco_order": Kind(
        CANCEL_OCO_ORDER,
        lambda spot, number, **options: spot.cancel_oco_order(number, **options),
        lambda number: {"orderId": str(number)},
        lambda model: model.order_id,
    ),
    "get_order": Kind(
        GET_ORDER,
        lambda spot, number, **options: spot.get_order("BTC-USDT", number, **options),
        order,
        lambda model: model.order_id,
    ),
    "get_depth": Kind(
        GET_DEPTH,
        lambda spot, number, **options: spot.get_depth(symbol(number), **options),
        lambda number: {"bids": [[str(number), "1"]], "asks": []},
        lambda model: int(model.bids[0].price) if model.bids else None,
    ),
}
