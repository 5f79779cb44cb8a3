"""Messages about orders, as the exchange may send them. `Telling` says which of the open facts hold in a story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.core.order_state import OrderStates
from bingx_async.models import (
    Evidence,
    Fill,
    OcoLeg,
    OcoOrderType,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
)

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SYMBOL = "BTC-USDT"
PRICE = Decimal(100)
Message = Callable[[OrderStates], list[Any]]


def moment(ms: float) -> datetime:
    """A moment in a story."""
    return START + timedelta(milliseconds=ms)


@frozen
class Trade:
    """A trade as it happened."""

    number: int
    quantity: str
    ms: float
    price: Decimal = PRICE

    @property
    def content(self) -> tuple[Decimal, Decimal]:
        """Price and quantity."""
        return self.price, Decimal(self.quantity)


@frozen
class Telling:
    """`same_ids`: the list of trades has the ids of the events. `names`: events have the client id. `rounds_up`: the
    times of trades are rounded to the nearest second, not down. `lower`: replies have client ids in lower case, and do
    not tell when an order changed."""

    same_ids: bool = True
    names: bool = True
    rounds_up: bool = False
    lower: bool = False

    def fill(self, trade: Trade, order_id: int, is_event: bool) -> Fill:
        """A trade in an event, or in the list of trades."""
        at = trade.ms if is_event else self._rounded(trade.ms)
        number = trade.number if is_event or self.same_ids else 9000 - trade.number
        quantity = Decimal(trade.quantity)
        value, fee = quantity * trade.price, Decimal("-0.01")
        return Fill(
            str(number), order_id, "", SYMBOL, trade.price, quantity, value, fee, "USDT", True, False, moment(at)
        )

    def name(self, client_order_id: str) -> str:
        """A client id as a reply has it."""
        return client_order_id.lower() if self.lower else client_order_id

    def _rounded(self, ms: float) -> float:
        return (int(ms + 500) if self.rounds_up else int(ms)) // 1000 * 1000


@frozen
class Teller:
    """Makes the messages about one order."""

    telling: Telling
    order_id: int
    client_order_id: str
    quantity: str = "3"
    type: OrderType = OrderType.LIMIT
    value: str = "0"

    def event(
        self, kind: str, status: str, executed: str, ms: float, trade: Trade | None = None, named: bool = False
    ) -> Message:
        """An event of the stream."""
        name = self.telling.name(self.client_order_id) if named or self.telling.names else ""
        order = self._order(status, executed, name, moment(ms))
        fill = None if trade is None else self.telling.fill(trade, self.order_id, True)
        update = OrderUpdate(order, kind, fill, moment(ms))
        return lambda states: states.take_update(update, moment(ms))

    def reply(self, status: str, executed: str, ms: float, asked: str = "place_order") -> Message:
        """A reply to placing or a query."""
        at = None if self.telling.lower else moment(ms)
        order = self._order(status, executed, self.telling.name(self.client_order_id), at)
        return lambda states: states.take_order(order, asked, moment(ms))

    def cancelled(self, executed: str, ms: float) -> Message:
        """A reply that accepts a cancel, and claims the end."""
        order = self._order("CANCELED", executed, self.telling.name(self.client_order_id), moment(ms))
        return lambda states: states.take_cancel(order, "cancel_order", moment(ms))

    def leg(self, status: str, kind: OcoOrderType) -> Message:
        """A leg in a list of OCO orders."""
        name = self.telling.name(self.client_order_id)
        price = quantity = Decimal(self.quantity)
        leg = OcoLeg(str(self.order_id), name, kind, SYMBOL, price, None, quantity, OrderStatus(status), Side.BUY, "77")
        return lambda states: states.take_leg(leg, "get_oco_order", START)

    def trade(self, trade: Trade) -> Message:
        """A trade in the list of trades."""
        fill = self.telling.fill(trade, self.order_id, False)
        return lambda states: states.take_fill(fill, "iter_fills", START)

    def not_found(self) -> Message:
        """A query that does not find the order."""

        def tell(states: OrderStates) -> list[Any]:
            states.note(self.client_order_id, Evidence("get_order", "not found", START))
            return []

        return tell

    def no_answer(self) -> Message:
        """The placing call got no answer."""
        return lambda states: states.unknown(self.client_order_id, "connection lost", START)

    def refused(self) -> Message:
        """The placing call was refused."""
        return lambda states: states.refused(self.client_order_id, "100202: no funds", START)

    def sending(self) -> Message:
        """The placing call is about to be sent."""
        quantity = Decimal(self.quantity) or None
        return lambda states: states.sending(
            self.client_order_id, SYMBOL, Side.BUY, self.type, START, price=PRICE, quantity=quantity
        )

    def _order(self, status: str, executed: str, name: str, at: datetime | None) -> Order:
        amount = Decimal(executed)
        return Order(
            SYMBOL,
            self.order_id,
            name,
            PRICE,
            None,
            Decimal(self.quantity),
            amount,
            amount * PRICE,
            OrderStatus(status),
            self.type,
            Side.BUY,
            Decimal(self.value),
            time=START,
            update_time=at,
        )
