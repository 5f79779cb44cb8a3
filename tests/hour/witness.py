"""What one tracker shows, held against the truth at each change, and in the end as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal

from attrs import define, field

from bingx_async import OrderStatus, Placement, TrackedOrder
from bingx_async.emulator.streams.user_forms import OTHER_ID
from bingx_async.emulator.trading.orders import Fill as BookedFill
from bingx_async.emulator.trading.orders import Order
from bingx_async.models import Fill, FillAdded, OrderChanged
from bingx_async.spot.tracker.portfolio import Change
from bingx_async.spot.tracker.waiting import names_of
from tests.hour.truth import Truth

ABSENT = (Placement.NOT_PLACED, Placement.REFUSED)
Looks = Counter[tuple[Decimal | None, Decimal | None]]


@define(eq=False)
class Witness:
    """`has_ids`: the trade ids of events are those of lists. `problem` is told what must not be."""

    truth: Truth
    has_ids: bool
    problem: Callable[[str], None]
    shown: dict[str, TrackedOrder] = field(factory=dict[str, TrackedOrder])  # the newest, by each of its ids
    fills: Counter[str] = field(factory=Counter[str])  # by order and trade id
    doubts: int = 0
    is_over: bool = False

    def heed(self, change: Change) -> None:
        """A change, before the program is told."""
        if self.is_over:
            return
        if isinstance(change, OrderChanged):
            self._compare(change.order)
        elif isinstance(change, FillAdded):
            self._count(change)

    def _compare(self, order: TrackedOrder) -> None:
        booked = self.truth.find(order)
        if booked is None:
            self._check(order.placement is not Placement.PLACED, order, "it is in no book")
        elif order.placement in ABSENT:
            self._check(never_was(booked), order, f"it is in the book: {booked}")
        else:
            self._compare_with(order, booked)
        earlier = [before for name in names_of(order) if (before := self.shown.get(name)) is not None]
        self.shown |= dict.fromkeys(names_of(order), order)
        is_new_doubt = order.placement is Placement.UNKNOWN and all(it.placement != order.placement for it in earlier)
        self.doubts += is_new_doubt
        for before in earlier:
            self._compare_with_earlier(order, before)

    def _compare_with(self, order: TrackedOrder, booked: Order) -> None:
        self._check(order.executed_quantity <= booked.executed, order, f"executed are {booked.executed}")
        self._check(order.filled_quantity <= order.executed_quantity, order, "it has more fills than were executed")
        if order.status.is_final:
            self._check(str(order.status) == booked.status, order, f"it is {booked.status}")
            is_told = order.is_executed_known
            self._check(not is_told or order.executed_quantity == booked.executed, order, f"of it: {booked.executed}")
        if order.is_done:
            self._check(self.has_all_fills(order, booked), order, f"its fills are {self.truth.fills(booked)}")

    def _compare_with_earlier(self, order: TrackedOrder, before: TrackedOrder) -> None:
        self._check(order.executed_quantity >= before.executed_quantity, order, f"it was {before.executed_quantity}")
        if before.status.is_final:
            self._check(order.status == before.status, order, f"it was {before.status}")
        if before.status is OrderStatus.PARTIALLY_FILLED:
            is_further = order.status.is_final or order.status is before.status
            self._check(is_further, order, f"it was {before.status}")
        if before.placement is Placement.PLACED:
            self._check(order.placement is Placement.PLACED, order, "it was placed")
        self._check(set(before.fills) <= set(order.fills), order, f"it had {before.fills}")

    def _count(self, change: FillAdded) -> None:
        key = f"{change.order.order_id} {change.fill.trade_id}"
        self.fills[key] += 1
        self._check(self.fills[key] == 1, change.order, f"{change.fill} was told {self.fills[key]} times")

    def read_again(self, orders: Iterable[TrackedOrder], back_at: int) -> None:
        """The tracker says that everything was read again: every fill of an order in `orders` that was made before
        `back_at` (ms) is known."""
        for order in orders:
            booked = self.truth.find(order)
            if booked is not None and order.placement is Placement.PLACED and not self.is_over:
                old = sum((fill.quantity for fill in self.truth.fills(booked) if fill.time < back_at), Decimal(0))
                self._check(order.filled_quantity >= old, order, f"at {back_at} {old} of it were filled, all was read")

    def has_all_fills(self, order: TrackedOrder, booked: Order) -> bool:
        """Whether its fills are those of the book, each once."""
        truth = self.truth.fills(booked)
        if self.has_ids:
            return sorted(each.trade_id for each in order.fills) == sorted(str(each.fill_id) for each in truth)
        is_known = {_number(each) for each in order.fills} <= {each.fill_id for each in truth}
        return is_known and _looks(order.fills) == _looks(truth)

    def _check(self, holds: bool, order: TrackedOrder, words: str) -> None:
        if not holds:
            self.problem(f"{order} is shown, but {words}; {order.fills}; {order.why()}")


def never_was(booked: Order) -> bool:
    """Whether the exchange refused the order as it took it: a reply may say so, and the history have it."""
    return booked.status == "FAILED" and not booked.executed


def _number(fill: Fill) -> int:
    number = int(fill.trade_id)
    return number - OTHER_ID if number > OTHER_ID else number


def _looks(fills: list[BookedFill] | tuple[Fill, ...]) -> Looks:
    return Counter((each.price, each.quantity) for each in fills)
