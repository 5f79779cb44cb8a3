"""Orders as the `trade/*` endpoints report them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.models.enums import OrderStatus, OrderType, Side
from bingx_async.models.fields import raw, text, wire

__all__ = ["CancelFailure", "CancelOrdersResult", "Order"]


@frozen
class Order:
    """An order.

    A field that the reply left out is None (numbers), an empty string or an empty enum value. `raw` is the reply's
    own mapping, with every field this class does not name.
    """

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT: its base asset, then its quote asset."""
    order_id: int | None = wire("orderId")
    """The exchange's id, an int here; OCO orders have theirs as text."""
    client_order_id: str = text("clientOrderID", "clientOrderId")
    """The id that was given when the order was placed."""
    price: Decimal | None = wire("price")
    """The limit price of one unit of the base asset, in the quote asset."""
    stop_price: Decimal | None = wire("stopPrice", "StopPrice")
    """The price at which a conditional order is triggered, in the quote asset."""
    original_quantity: Decimal | None = wire("origQty")
    """The quantity that was ordered, in the base asset."""
    executed_quantity: Decimal | None = wire("executedQty")
    """The part of it that has been filled, in the base asset."""
    cumulative_quote_quantity: Decimal | None = wire("cummulativeQuoteQty")
    """The value of the fills so far, in the quote asset."""
    status: OrderStatus = wire("status", default=OrderStatus(""))
    """The state that the exchange reported with this reply."""
    type: OrderType = wire("type", default=OrderType(""))
    """Limit, market or conditional."""
    side: Side = wire("side", default=Side(""))
    """Buys or sells the base asset."""
    raw: Mapping[str, Any] = raw()


@frozen
class CancelFailure:
    """One id of a batch that was not cancelled: `error` is the exchange's text why."""

    order_id: int | None = wire("orderId")
    client_order_id: str = text("clientOrderID", "clientOrderId")
    error: str = text("error")
    raw: Mapping[str, Any] = raw()


@frozen
class CancelOrdersResult:
    """The result of a batch cancel: the cancelled `orders`, and in `fails` the ids that were not cancelled."""

    orders: tuple[Order, ...] = wire("orders", default=())
    fails: tuple[CancelFailure, ...] = wire("fails", default=())
    raw: Mapping[str, Any] = raw()
