"""Orders as the `trade/*` endpoints report them, outcomes of a large cancel, OCO orders, and order books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import NOTHING, field, frozen

from bingx_async.models.fields import OcoOrderType, OrderStatus, OrderType, Side, raw, text, wire

__all__ = ["CancelFailure", "CancelOrdersResult", "CancelOutcome", "CancelStatus", "Depth", "Level", "Order"]
__all__ += ["OcoLeg", "OcoOrder", "OcoReference"]


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


class CancelStatus(StrEnum):
    """Cancelled; not open any more; refused by the exchange; sent without a readable answer; not sent at all."""

    CANCELLED = "cancelled"
    NOT_FOUND = "not found"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@frozen
class CancelOutcome:
    """The outcome for one id: an int is an order id, a str a client order id.

    `order` is the cancelled order where the exchange described it, `code` and `error` its number and words where it
    refused. `UNKNOWN` may have been cancelled: look before you act on it. `NOT_SENT` is still open.
    """

    id: int | str
    status: CancelStatus
    order: Order | None = field(default=None, repr=False)
    code: int | None = None
    error: str = ""


@frozen
class OcoLeg:
    """One leg of an OCO order. A field that the reply left out is None, an empty string or an empty enum value."""

    order_id: str = text("orderId")
    """The exchange's id, a text here; orders of `trade/*` have theirs as an int."""
    client_order_id: str = text("clientOrderId", "clientOrderID")
    """The id that was given to this leg, digits only."""
    order_type: OcoOrderType = wire("orderType", default=OcoOrderType(""))
    """The limit order or the stop-limit order of the pair."""
    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    price: Decimal | None = wire("price")
    """The limit price of one unit of the base asset, in the quote asset."""
    trigger_price: Decimal | None = wire("triggerPrice")
    """The price at which the stop-limit order is placed, in the quote asset; 0 for the limit order."""
    quantity: Decimal | None = wire("quantity")
    """The quantity in the base asset; both legs have the same."""
    status: OrderStatus = wire("status", default=OrderStatus(""))
    """The state that the exchange reported with this reply."""
    side: Side = wire("side", default=Side(""))
    """Buys or sells the base asset."""
    order_list_id: str = text("orderListId")
    """The exchange's id of the pair."""
    raw: Mapping[str, Any] = raw()


@frozen
class OcoOrder:
    """An OCO order as placed."""

    legs: tuple[OcoLeg, ...] = wire("orders", default=())
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def limit_leg(self) -> OcoLeg | None:
        """The limit order, or None if the reply did not name it."""
        return self._leg(OcoOrderType.LIMIT)

    @property
    def stop_leg(self) -> OcoLeg | None:
        """The stop-limit order, or None if the reply did not name it."""
        return self._leg(OcoOrderType.STOP_LIMIT)

    @property
    def order_list_id(self) -> str:
        """The id of the whole list, or an empty string if the reply did not name it."""
        return next((leg.order_list_id for leg in self.legs if leg.order_list_id), "")

    def _leg(self, kind: OcoOrderType) -> OcoLeg | None:
        return next((leg for leg in self.legs if leg.order_type == kind), None)


@frozen
class OcoReference:
    """The ids by which the exchange names the leg of a cancelled OCO order."""

    order_id: str = text("orderId")
    client_order_id: str = text("clientOrderId", "clientOrderID")
    raw: Mapping[str, Any] = raw()


@frozen(order=True)
class Level:
    """One price of an order book."""

    price: Decimal = wire("price", 0, default=NOTHING)
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal = wire("quantity", 1, default=NOTHING)
    """The quantity that is offered or wanted at this price, in the base asset."""


def _rising(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels))


def _falling(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels, reverse=True))


@frozen
class Depth:
    """An order book at `time`, best price first on both sides."""

    bids: tuple[Level, ...] = wire("bids", default=(), converter=_falling)
    asks: tuple[Level, ...] = wire("asks", default=(), converter=_rising)
    time: datetime | None = wire("ts")
    raw: Mapping[str, Any] = raw()
