"""The truth: every order and fill of an emulator, noted the moment it happens, under all the ids that it ever had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bingx_async.emulator import Emulator
from bingx_async.emulator.floor import Floor
from bingx_async.emulator.trading.orders import Fill, Order
from bingx_async.models import OcoLeg, TrackedOrder

SLOTTED = "bx_grid_"  # the strategy that has one order at each price


class Truth:
    """Looked at without letting time pass: whatever a client has heard of is in it. `problem` is told what must not
    be, `note` everything that happens."""

    def __init__(self, emulator: Emulator, problem: Callable[[str], None], note: Callable[[str], None]) -> None:
        emulator._open_streams()
        self._lock, self.floor = emulator._lock, self._floor_of(emulator)
        self._problem, self._note = problem, note
        self._by_id, self._by_name = dict[str, Order](), dict[str, Order]()
        self._fills = dict[int, list[Fill]]()
        self._tell, self.floor.engine.on_change = self.floor.engine.on_change, self._heed

    def find(self, order: TrackedOrder | OcoLeg) -> Order | None:
        """The order in the book: under its client order id, or its order id where that is not known."""
        return self._by_name.get(order.client_order_id.lower()) or self._by_id.get(str(order.order_id))

    def named(self, name: str) -> Order | None:
        """The order of a client order id."""
        return self._by_name.get(name.lower())

    def fills(self, order: Order) -> list[Fill]:
        """Its fills."""
        return list(self._fills.get(id(order), ()))

    def orders(self, uid: str) -> list[Order]:
        """Every order and leg that an account ever had."""
        with self._lock:
            return [order for order in self._by_name.values() if order.account == uid]

    def balances(self, uid: str) -> dict[str, tuple[object, object]]:
        """What an account has, free and locked."""
        with self._lock:
            return {asset: (each.free, each.locked) for asset, each in self.floor.ledger.wallets(uid).items()}

    @property
    def counts(self) -> Counter[str]:
        """How many orders and fills there are."""
        return Counter(orders=len(self._by_name), fills=sum(map(len, self._fills.values())))

    def _heed(self, kind: str, order: Order, fill: Fill | None) -> None:
        name = order.client_order_id.lower()
        known = self._by_name.setdefault(name, order)
        if known is not order or not name:
            self._problem(f"the client order id {name!r} was placed twice: {known}, {order}")
        self._by_id[str(order.order_id)] = order
        if kind == "NEW" and name.startswith(SLOTTED):
            self._check_slot(order)
        if fill is not None:
            self._fills.setdefault(id(order), []).append(fill)
        self._note(f"{kind} {order.order_id} {name} {order.status} {order.executed}")
        self._tell(kind, order, fill)

    def _check_slot(self, order: Order) -> None:
        others = [
            it for it in self.floor.books[order.account].orders.values() if it.client_order_id.startswith(SLOTTED)
        ]
        at_once = [it for it in others if it.price == order.price]
        if len(at_once) > 1:
            self._problem(f"a price has more than one order: {at_once}")

    @staticmethod
    def _floor_of(emulator: Emulator) -> Floor:
        return emulator._exchange.floor
