"""Orders as the `trade/*` endpoints report them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from bingx_async.models.enums import OrderStatus, OrderType, Side


@frozen
class Order:
    """An order (seed: response parameters of trade/cancel, cancelOrders, cancelOpenOrders).

    A field that the reply left out is None (numbers), an empty string or an empty enum value. `raw` is the reply's
    own mapping, with every field this class does not name.
    """

    symbol: str = ""
    order_id: int | None = None
    client_order_id: str = ""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    original_quantity: Decimal | None = None
    executed_quantity: Decimal | None = None
    cumulative_quote_quantity: Decimal | None = None
    status: OrderStatus = OrderStatus("")
    type: OrderType = OrderType("")
    side: Side = Side("")
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


@frozen
class CancelFailure:
    """One id of a batch that was not cancelled, and the exchange's text why."""

    order_id: int | None = None
    client_order_id: str = ""
    error: str = ""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


@frozen
class CancelOrdersResult:
    """What a batch cancel did (seed: trade/cancelOrders, `orders` and `fails`)."""

    orders: tuple[Order, ...] = ()
    fails: tuple[CancelFailure, ...] = ()
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)
