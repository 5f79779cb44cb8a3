"""The records of orders by their ids, and which of them are one order.

A message names its order by order id, by client id, or both. The exchange may answer with a client id in lower case.
Where a message joins two ids that had a record each, the records become one. One client id with two order ids is one
order if that is conditional and was not over: it was triggered and goes on under the later id. Else it is two orders.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from attrs import define, field

from bingx_async.core.fills import Fills, TradeIds
from bingx_async.core.order_record import Record, is_later_id
from bingx_async.core.order_report import CONDITIONAL, LEGS, Report
from bingx_async.models import Fill, OrderStatus

FORGOTTEN_KEPT = 20  # times as many ids of forgotten orders as orders are kept that are done


@define(eq=False)
class Index:
    """Every record, and of forgotten orders the ids. `done_kept`: so many orders that are done are kept."""

    done_kept: int
    ids: TradeIds = field(factory=TradeIds)
    _by_id: dict[str, Record] = field(factory=dict[str, Record])
    _by_name: dict[str, Record] = field(factory=dict[str, Record])
    _live: dict[int, Record] = field(factory=dict[int, Record])
    _done: OrderedDict[int, Record] = field(factory=OrderedDict[int, Record])  # a dict is slow to find its first again
    _forgotten: OrderedDict[str, None] = field(factory=OrderedDict[str, None])

    def __iter__(self) -> Iterator[Record]:
        """All of them, those that are done first."""
        yield from self._done.values()
        yield from self._live.values()

    def live(self) -> Iterator[Record]:
        """Those that are not done."""
        return iter(self._live.values())

    def by_id(self, order_id: int | str) -> Record | None:
        """The record of an order id."""
        return self._by_id.get(str(order_id))

    def by_name(self, client_order_id: str) -> Record | None:
        """The record of a client id, in capitals or not; of several orders the last one."""
        return self._by_name.get(client_order_id.lower())

    def new(self, client_order_id: str) -> Record:
        """A record for an order that is about to be sent; the one that is there, if it can still be that order."""
        record = self.by_name(client_order_id)
        if record is None or record.is_done:
            record = self._make()
            record.client_order_id = client_order_id
            self._by_name[client_order_id.lower()] = record
        return record

    def find(self, report: Report) -> tuple[Record, list[Fill]] | None:
        """The record of a report, made if there is none, and the fills that show by joining two. None: the report
        names no order, or one that is forgotten."""
        order_id, name = report.order_id, report.client_order_id
        known = None if order_id is None else self._by_id.get(str(order_id))
        named = self._by_name.get(name.lower()) if name else None
        if named is not None and named is not known and not _are_one(named, known, report):
            named = None
        if known is None and named is None and (str(order_id) in self._forgotten or not (order_id or name)):
            return None
        fills: list[Fill] = []
        if known is not None and named is not None and named is not known:
            fills = self._join(named, known)
        record = named or known or self._make()
        self._enter(record, order_id, name)
        return record, fills

    def settle(self, record: Record) -> None:
        """Put a record where it belongs now, and forget the oldest that are done."""
        if not record.is_done:
            if self._done.pop(id(record), None) is not None:
                self._live[id(record)] = record
            return
        if self._live.pop(id(record), None) is not None:
            self._done[id(record)] = record
        while len(self._done) > self.done_kept:
            self._forget(next(iter(self._done.values())))

    def _make(self) -> Record:
        record = Record(Fills(self.ids))
        self._live[id(record)] = record
        return record

    def _enter(self, record: Record, order_id: int | str | None, name: str) -> None:
        if order_id is not None:
            self._by_id[str(order_id)] = record
            record.ids.add(str(order_id))
        if name:
            now = self._by_name.setdefault(name.lower(), record)
            if now is not record and now.is_done:
                self._by_name[name.lower()] = record

    def _join(self, record: Record, other: Record) -> list[Fill]:
        self._drop(other)
        record.ids |= other.ids
        self._by_id.update(dict.fromkeys(other.ids, record))
        return record.absorb(other)

    def _drop(self, record: Record) -> None:
        self._live.pop(id(record), None)
        self._done.pop(id(record), None)
        for order_id in record.ids:
            self._by_id.pop(order_id, None)
        name = record.client_order_id.lower()
        if self._by_name.get(name) is record:
            del self._by_name[name]

    def _forget(self, record: Record) -> None:
        self._drop(record)
        self._forgotten.update(dict.fromkeys(record.ids))
        while len(self._forgotten) > FORGOTTEN_KEPT * self.done_kept:
            self._forgotten.popitem(last=False)


def _are_one(named: Record, known: Record | None, report: Report) -> bool:
    """Whether the record with the client id of a report is the order that the report is about."""
    other = known or report
    if _differ(other.client_order_id.lower(), report.client_order_id.lower()):
        return False  # the order id counts: the reply may name the request where others name the order
    if named.order_id is None or other.order_id is None or str(other.order_id) in named.ids:
        return True
    if _differ(named.symbol, other.symbol) or _differ(named.side, other.side):
        return False
    kinds = {named.type, other.type}
    if not kinds & CONDITIONAL or (len(kinds) > 1 and kinds & LEGS):
        return False
    earlier = named if is_later_id(other.order_id, named.order_id) else other
    return not earlier.status.is_final or earlier.status is OrderStatus.FILLED


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other
