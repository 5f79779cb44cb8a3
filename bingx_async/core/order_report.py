"""One message about an order, from wherever it came, in the terms of `core.order_record`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from bingx_async.models import Fill, OcoLeg, OcoOrderType, Order, OrderStatus, OrderType, OrderUpdate, Side

LEGS = frozenset(OrderType(each.value) for each in OcoOrderType)
CONDITIONAL = frozenset(
    (
        OrderType.TAKE_STOP_LIMIT,
        OrderType.TAKE_STOP_MARKET,
        OrderType.TRIGGER_LIMIT,
        OrderType.TRIGGER_MARKET,
        OrderType(OcoOrderType.STOP_LIMIT.value),
    )
)


class Report(NamedTuple):
    """An amount that is missing or 0 is None, except what was executed: there 0 is told and None is not told.

    `time`: when the order was placed. `changed_at`: when it came into this state. `is_proof`: whether a final state in
    it can be relied on; that of a reply to a cancel cannot, since more may be filled before the order ends.
    """

    order_id: int | str | None = None
    client_order_id: str = ""
    symbol: str = ""
    side: Side = Side("")
    type: OrderType = OrderType("")
    price: Decimal | None = None
    stop_price: Decimal | None = None
    original_quantity: Decimal | None = None
    original_quote_quantity: Decimal | None = None
    order_list_id: str = ""
    time: datetime | None = None
    status: OrderStatus = OrderStatus("")
    executed: Decimal | None = None
    quote: Decimal | None = None
    changed_at: datetime | None = None
    is_proof: bool = True


def report_of_order(order: Order) -> Report:
    """A reply that describes an order."""
    return _report(order, order.update_time, order.time)


def report_of_cancel(order: Order) -> Report:
    """A reply that accepts a cancel; its `time` is that of the cancel."""
    return _report(order, order.update_time or order.time, None)._replace(is_proof=False)


def report_of_update(update: OrderUpdate) -> Report:
    """An event."""
    order = update.order
    return _report(order, update.time or order.update_time, order.time)


def report_of_leg(leg: OcoLeg) -> Report:
    """A leg of an OCO order. Such a reply does not tell how much was executed."""
    return Report(
        None if leg.order_id in ("", "0") else leg.order_id,
        leg.client_order_id,
        leg.symbol,
        leg.side,
        OrderType(leg.order_type.value),
        leg.price or None,
        leg.trigger_price or None,
        leg.quantity or None,
        None,
        leg.order_list_id,
        leg.time,
        leg.status,
    )


def report_of_fill(fill: Fill) -> Report:
    """A trade: it names its order and says no more of its state."""
    return Report(fill.order_id or None, fill.client_order_id, fill.symbol, fill.side)


def _report(order: Order, changed_at: datetime | None, time: datetime | None) -> Report:
    return Report(
        order.order_id or None,
        order.client_order_id,
        order.symbol,
        order.side,
        order.type,
        order.price or None,
        order.stop_price or None,
        order.original_quantity or None,
        order.original_quote_quantity or None,
        "",
        time,
        order.status,
        order.executed_quantity,
        order.cumulative_quote_quantity,
        changed_at,
    )
