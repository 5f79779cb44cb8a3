"""The orders that are known, to be looked up, and what is new of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import Factory, define, field

from bingx_async.core.order_index import Index
from bingx_async.core.order_record import Record
from bingx_async.models import Fill, FillAdded, OrderChanged, TrackedOrder

Changes = list[OrderChanged | FillAdded]
Ref = int | str


def _index_of(orders: KnownOrders) -> Index:
    return Index(orders.done_kept)


@define(eq=False)
class KnownOrders:
    """Every order of an account that was heard of. Done ones are kept up to `done_kept`, then the oldest is forgotten,
    and what comes of it later is ignored."""

    done_kept: int = 1000
    _index: Index = field(init=False, default=Factory(_index_of, takes_self=True))

    def find(self, ref: Ref) -> TrackedOrder | None:
        """The order with this order id or, if there is none, with this client id, in capitals or not."""
        record = self._record(ref)
        return None if record is None else record.tracked

    def all(self) -> tuple[TrackedOrder, ...]:
        """Every order, those that are done first."""
        return tuple([record.tracked for record in self._index])

    def open(self) -> tuple[TrackedOrder, ...]:
        """The orders that are known to be open."""
        return self._where(lambda record: record.status.is_open)

    def unsettled(self) -> tuple[TrackedOrder, ...]:
        """The orders that the exchange has to be asked for: whose placing has no known outcome, whose state is
        unknown, which are said to be cancelled or seem to be filled without a word of their end, and those of which
        fills are missing (`executed_quantity` above `filled_quantity`)."""
        return self._where(lambda record: record.is_unsettled)

    def _where(self, is_it: Callable[[Record], bool]) -> tuple[TrackedOrder, ...]:
        return tuple([record.tracked for record in self._index.live() if is_it(record)])

    def _record(self, ref: Ref) -> Record | None:
        return self._index.by_id(ref) or self._index.by_name(str(ref))

    def _changes(self, record: Record, fills: Sequence[Fill] = ()) -> Changes:
        """What is new of an order, as one value that is the same in all the changes."""
        shown = [*fills, *record.show()]
        is_new = record.renew()
        self._index.settle(record)
        order = record.tracked
        changes: Changes = [OrderChanged(order)] if is_new else []
        return [*changes, *(FillAdded(fill, order) for fill in shown)]
