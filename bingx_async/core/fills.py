"""The fills of an order, each once, from the events of a stream and from the exchange's list of trades.

Within one source the trade id tells two fills apart. Whether both sources use the same ids is not known until one fill
has come from both; from then on the ids decide everywhere. Before, a fill of one source and a fill of the other are
taken for the same if their ids are equal, or else if price, quantity and second are; each has at most one twin, so of
two equal fills in one second that both sources tell, two stay. A fill without a twin is shown as soon as the
executed quantity proves that there is room for it, and is held until then.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from attrs import define, field

from bingx_async.models import Fill

ZERO = Decimal(0)
EXACT = Context(prec=200)  # the program's own context may round
EARLIEST = datetime.min.replace(tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEEPEST = 200  # twins that change partners for one newcomer


@define(eq=False)
class TradeIds:
    """Whether both sources are known to use the same trade ids."""

    are_shared: bool = False


@define(eq=False)
class Told:
    """A fill as one source told it. `twin` is what the other source told of it; `is_listed`: shown or held."""

    fill: Fill
    quantity: Decimal
    is_event: bool
    twin: Told | None = None
    is_listed: bool = False

    @property
    def content(self) -> tuple[Decimal | None, Decimal]:
        """Price and quantity."""
        return self.fill.price, self.quantity

    @property
    def is_proved_twin(self) -> bool:
        """Whether its twin has the same trade id."""
        return self.twin is not None and self.fill.trade_id == self.twin.fill.trade_id != ""

    def may_be(self, other: Told) -> bool:
        """Whether both can be the same trade, by their moments: those of one source may be rounded to seconds."""
        mine, its = self.fill.time, other.fill.time
        return mine is None or its is None or abs(mine - its) < SECOND


@define(eq=False)
class Fills:
    """`shown` are the fills of the order, oldest first, `total` is their sum and `value` that in the quote asset;
    `proven` is the least that must have been executed."""

    ids: TradeIds
    shown: list[Fill] = field(factory=list[Fill])
    total: Decimal = ZERO
    value: Decimal = ZERO
    proven: Decimal = ZERO
    _held: list[Told] = field(factory=list[Told])
    _told: tuple[dict[Any, Told], dict[Any, Told]] = field(factory=lambda: ({}, {}))  # of trades, of events, by id
    _sums: list[Decimal] = field(factory=lambda: [ZERO, ZERO])
    _alike: tuple[dict[Any, list[Told]], dict[Any, list[Told]]] = field(factory=lambda: ({}, {}))  # by content

    @property
    def are_held(self) -> bool:
        """Whether a fill waits for a proof that it is not another one once more."""
        return bool(self._held)

    def hear(self, fill: Fill, is_event: bool) -> bool:
        """Take in a fill; whether it was new from this source."""
        quantity = fill.quantity
        if quantity is None or not quantity > 0:
            return False
        key = fill.trade_id or (fill.price, quantity, fill.time)
        if key in self._told[is_event]:
            return False
        told = self._told[is_event][key] = Told(fill, quantity, is_event)
        self._alike[is_event].setdefault(told.content, []).append(told)
        self._sums[is_event] = EXACT.add(self._sums[is_event], quantity)
        self._pair(told)
        self._prove()
        return True

    def show(self, executed: Decimal) -> list[Fill]:
        """The fills that can be shown now that so much is known to be executed, each once."""
        if not self._held:
            return []
        waiting, self._held = self._held, []
        shown: list[Fill] = []
        for told in waiting:
            total = EXACT.add(self.total, told.quantity)
            if total > executed:
                self._held.append(told)
                continue
            self.total, self.value = total, EXACT.add(self.value, _value_of(told))
            insort(self.shown, told.fill, key=_moment_of)
            shown.append(told.fill)
        return shown

    def part(self) -> None:
        """Both sources are known to use the same ids: twins with two ids are two fills."""
        for told in list(self._told[True].values()):
            twin = told.twin
            if twin is not None and told.fill.trade_id and twin.fill.trade_id and not told.is_proved_twin:
                told.twin = twin.twin = None
        for source in self._told:
            for told in source.values():
                self._list(told)
        self._prove()

    def everything(self) -> Iterator[tuple[Fill, bool]]:
        """Each fill as each source told it, and whether that was an event."""
        return ((told.fill, told.is_event) for source in self._told for told in source.values())

    def _prove(self) -> None:
        """One source never tells a trade twice; both together do not, once their ids are the same."""
        self.proven = max(self.proven, *self._sums)
        if self.ids.are_shared and self._held:
            total = self.total
            for told in self._held:
                total = EXACT.add(total, told.quantity) if told.fill.trade_id else total
            self.proven = max(self.proven, total)

    def _pair(self, told: Told) -> None:
        twin = self._told[not told.is_event].get(told.fill.trade_id)
        if twin is None or twin.content != told.content:
            if not self._find_twin(told, set()):
                self._list(told)
            return
        self.ids.are_shared = True
        left = twin.twin
        told.twin, twin.twin = twin, told
        if left is None:
            return
        left.twin = None
        if not self._find_twin(left, set()):
            self._list(told, left)

    def _find_twin(self, told: Told, asked: set[int]) -> bool:
        """Find a twin for a fill; others change theirs, if that leaves none of them without and none is free."""
        alike = [it for it in self._alike[not told.is_event].get(told.content, ()) if self._can_pair(told, it)]
        for other in sorted(alike, key=_has_twin):
            if id(other) in asked or len(asked) > DEEPEST:
                continue
            asked.add(id(other))
            if other.twin is None or self._find_twin(other.twin, asked):
                told.twin, other.twin = other, told
                return True
        return False

    def _can_pair(self, told: Told, other: Told) -> bool:
        if other.is_proved_twin or (self.ids.are_shared and told.fill.trade_id and other.fill.trade_id):
            return False
        return told.may_be(other)

    def _list(self, *candidates: Told) -> None:
        """Of these one is a fill that is in the list neither itself nor as its twin."""
        for told in candidates:
            if not told.is_listed and (told.twin is None or not told.twin.is_listed):
                told.is_listed = True
                self._held.append(told)
                return


def _has_twin(told: Told) -> bool:
    return told.twin is not None


def _moment_of(fill: Fill) -> datetime:
    return fill.time or EARLIEST


def _value_of(told: Told) -> Decimal:
    fill = told.fill
    return fill.quote_quantity or EXACT.multiply(fill.price or ZERO, told.quantity)
