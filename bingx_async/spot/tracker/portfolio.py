"""All that is known of the orders and balances of an account, or of one strategy's orders: what comes from replies,
events and lists goes in here, and whatever it changes is told at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from attrs import define, field

from bingx_async.core.balances import Balances
from bingx_async.core.order_state import OrderStates
from bingx_async.core.wire import decimal
from bingx_async.models import (
    Balance,
    BalanceChanged,
    BalanceUpdate,
    Evidence,
    Fill,
    FillAdded,
    Intent,
    OcoLeg,
    OcoOrderType,
    Order,
    OrderChanged,
    OrderType,
    OrderUpdate,
    Placement,
    Side,
    TrackedOrder,
)
from bingx_async.spot.oco import PLACE_OCO_ORDER

MOST_NAMELESS = 1000  # events of orders that are not known to be one's own
Change = OrderChanged | FillAdded | BalanceChanged
Ref = int | str | TrackedOrder | Order | OcoLeg


@define(eq=False)
class Portfolio:
    """`now` is the exchange's clock (epoch ms), `is_mine` tells an order by its client order id, `report` is told of
    problems."""

    now: Callable[[], float]
    is_mine: Callable[[str], bool]
    report: Callable[[str], None]
    listeners: list[Callable[[Change], None]] = field(factory=list[Callable[[Change], None]])
    _orders: OrderStates = field(factory=OrderStates)
    _balances: Balances = field(factory=Balances)
    _nameless: deque[OrderUpdate] = field(factory=lambda: deque[OrderUpdate](maxlen=MOST_NAMELESS))

    def at(self) -> datetime:
        """Now, by the exchange's clock."""
        return datetime.fromtimestamp(self.now() / 1000.0, UTC)

    def find(self, ref: Ref) -> TrackedOrder | None:
        """An order by its order id, its client order id, or anything that has one of them."""
        if isinstance(ref, int | str):
            return self._orders.find(ref)
        found = self._orders.find(ref.order_id) if ref.order_id else None
        return found or (self._orders.find(ref.client_order_id) if ref.client_order_id else None)

    def orders(self) -> tuple[TrackedOrder, ...]:
        """Every order that is kept."""
        return self._orders.all()

    def open(self) -> tuple[TrackedOrder, ...]:
        """The orders that are known to be open."""
        return self._orders.open()

    def unsettled(self) -> list[TrackedOrder]:
        """The placed orders that should be asked for."""
        return [order for order in self._orders.unsettled() if order.placement is Placement.PLACED]

    def lacking(self) -> list[TrackedOrder]:
        """The orders of which fills are missing."""
        return [order for order in self.unsettled() if _lacks_fills(order)]

    def balances(self) -> tuple[Balance, ...]:
        """Every asset that was heard of."""
        return self._balances.all()

    def present(self) -> list[Change]:
        """All that is known now, as changes."""
        return [*map(OrderChanged, self.orders()), *map(BalanceChanged, self.balances())]

    def sending(self, intent: Intent) -> None:
        """The order, or both legs of the pair, that are about to be sent."""
        for name, kind, price, stop_price in _placed_by(intent):
            self._tell(
                self._orders.sending(
                    name,
                    str(intent.params.get("symbol", "")),
                    Side(str(intent.params.get("side", ""))),
                    OrderType(kind),
                    intent.at,
                    price=decimal(intent.params.get(price)),
                    stop_price=decimal(intent.params.get(stop_price)),
                    quantity=decimal(intent.params.get("quantity")),
                    quote_quantity=decimal(intent.params.get("quoteOrderQty")),
                )
            )

    def unknown(self, names: Iterable[str], error: str) -> None:
        """The orders of these client order ids may have been placed."""
        for name in names:
            self._tell(self._orders.unknown(name, error, self.at()))

    def refused(self, names: Iterable[str], error: str) -> None:
        """The exchange refused them."""
        for name in names:
            self._tell(self._orders.refused(name, error, self.at()))

    def not_placed(self, name: str, evidence: Sequence[Evidence]) -> None:
        """It was not sent, or never ran."""
        self._tell(self._orders.not_placed(name, *evidence))

    def note(self, order: TrackedOrder, asked: str, answer: str) -> None:
        """An answer that changes nothing."""
        self._orders.note(order.order_id or order.client_order_id, Evidence(asked, answer, self.at()))

    def take_order(self, order: Order, asked: str) -> bool:
        """A description of an order; whether it changes anything."""
        return self._is_own(order) and self._tell(self._orders.take_order(order, asked, self.at()))

    def take_cancel(self, order: Order, asked: str) -> None:
        """The answer that accepts a cancel."""
        self._tell(self._orders.take_cancel(order, asked, self.at()))

    def take_leg(self, leg: OcoLeg, asked: str) -> bool:
        """A leg of an OCO order; whether it changes anything."""
        return self._is_own(leg) and self._tell(self._orders.take_leg(leg, asked, self.at()))

    def take_fill(self, fill: Fill, asked: str) -> bool:
        """A trade from a list, of an order that is known; whether it is new."""
        known = fill.order_id is not None and self._orders.find(fill.order_id) is not None
        return known and self._tell(self._orders.take_fill(fill, asked, self.at()))

    def fills_read(self, order: TrackedOrder, asked: str) -> None:
        """All fills of an order that has ended were read."""
        self._tell(self._orders.fills_read(order.order_id or order.client_order_id, asked, self.at()))

    def take_update(self, update: OrderUpdate) -> bool:
        """An event of an order; whether the order is one of those that are followed."""
        is_own = self._is_own(update.order)
        if is_own:
            self._tell(self._orders.take_update(update, self.at()))
        elif not update.order.client_order_id:  # it may be of an order whose reply has yet to tell its order id
            self._nameless.append(update)
        return is_own

    def take_balances(self, update: BalanceUpdate) -> None:
        """An event of balances."""
        self._tell(self._balances.take_update(update, self.at()))

    def take_reading(self, balances: Sequence[Balance], asked_at: datetime) -> None:
        """All balances, as they were not before `asked_at`."""
        known = self._balances.evidence
        self._tell(self._balances.take_reading(balances, asked_at, self.at()))
        for evidence in self._balances.evidence[len(known) :]:
            self.report(evidence.answer)

    def _is_own(self, it: Order | OcoLeg) -> bool:
        return self.is_mine(it.client_order_id) or (
            bool(it.order_id) and self._orders.find(it.order_id or "") is not None
        )

    def _tell(self, changes: Sequence[Change]) -> bool:
        for change in changes:
            for listener in self.listeners:
                listener(change)
            if self._nameless and isinstance(change, OrderChanged):
                self._take_nameless(change.order.order_id)
        return bool(changes)

    def _take_nameless(self, order_id: int | str | None) -> None:
        """The events of an order that is known now, which came without its client order id before."""
        if order_id and (found := [update for update in self._nameless if update.order.order_id == order_id]):
            for update in found:
                self._nameless.remove(update)
            for update in found:
                self._tell(self._orders.take_update(update, self.at()))


def _lacks_fills(order: TrackedOrder) -> bool:
    return order.filled_quantity < order.executed_quantity or not order.is_executed_known


def _placed_by(intent: Intent) -> list[tuple[str, str, str, str]]:
    """The client order id, type, and names of the prices of each order that an intent places."""
    if intent.endpoint != PLACE_OCO_ORDER.path:
        return [(intent.client_order_id, str(intent.params.get("type", "")), "price", "stopPrice")]
    above, below = intent.client_order_ids[:2]
    return [
        (above, OcoOrderType.LIMIT.value, "limitPrice", ""),
        (below, OcoOrderType.STOP_LIMIT.value, "orderPrice", "triggerPrice"),
    ]
