"""The truth about one's own orders, put together from what was sent, replies, events and queries, in whatever order
and however often they come. Pure: moments are given, and every method returns the changes.

Nothing is guessed: an order is final only where a report says so, "not found" is evidence and no state, and an order
whose placing got no answer is neither there nor not there until something proves it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import define

from bingx_async.core.known_orders import Changes, KnownOrders, Ref
from bingx_async.core.order_record import Record
from bingx_async.core.order_report import (
    Report,
    report_of_cancel,
    report_of_fill,
    report_of_leg,
    report_of_order,
    report_of_update,
)
from bingx_async.models import (
    Evidence,
    Fill,
    OcoLeg,
    Order,
    OrderType,
    OrderUpdate,
    Placement,
    Side,
)


@define(eq=False)
class OrderStates(KnownOrders):
    """All that happens to the orders of an account goes in here, and the changes come out.

    `asked` is the name of the method that asked, and for which id; `at` the moment, by the exchange's clock (aware).
    """

    def sending(
        self,
        client_order_id: str,
        symbol: str,
        side: Side,
        type: OrderType,
        at: datetime,
        *,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
        quantity: Decimal | None = None,
        quote_quantity: Decimal | None = None,
        asked: str = "place_order",
    ) -> Changes:
        """An order is about to be sent, or was before the program started anew. Call it before the request leaves."""
        record = self._index.new(client_order_id)
        if record.placement is Placement.SENDING:
            record.is_asked_for = True
            record.symbol, record.side, record.type = symbol, side, type
            record.price, record.stop_price = price, stop_price
            record.original_quantity, record.original_quote_quantity = quantity, quote_quantity
        return self._note(record, Evidence(f"{asked}({client_order_id})", "is being sent", at))

    def unknown(self, client_order_id: str, error: str, at: datetime, asked: str = "place_order") -> Changes:
        """The request was sent and no readable answer came: it may have run."""
        return self._settle(client_order_id, Placement.UNKNOWN, "", Evidence(asked, f"no answer: {error}", at))

    def refused(self, client_order_id: str, error: str, at: datetime, asked: str = "place_order") -> Changes:
        """The exchange refused the order in clear words."""
        return self._settle(client_order_id, Placement.REFUSED, error, Evidence(asked, f"refused: {error}", at))

    def not_placed(self, client_order_id: str, *evidence: Evidence) -> Changes:
        """It was not sent, or it is proved that it never ran."""
        return self._settle(client_order_id, Placement.NOT_PLACED, "", *evidence)

    def note(self, ref: Ref, *evidence: Evidence) -> None:
        """An answer that changes nothing, such as "not found"."""
        record = self._record(ref)
        if record is not None:
            self._note(record, *evidence)

    def take_order(self, order: Order, asked: str, at: datetime) -> Changes:
        """A reply that describes an order: of its placing, of a query, from a list."""
        return self._take(report_of_order(order), asked, at)

    def take_cancel(self, order: Order, asked: str, at: datetime) -> Changes:
        """A reply that accepts a cancel. It proves no end, since more may be filled before: the end comes by an event
        or a query, and until then the order is unsettled."""
        return self._take(report_of_cancel(order), asked, at)

    def take_leg(self, leg: OcoLeg, asked: str, at: datetime) -> Changes:
        """A leg of an OCO order."""
        return self._take(report_of_leg(leg), asked, at)

    def take_update(self, update: OrderUpdate, at: datetime) -> Changes:
        """An event, or what was read by a query in place of one."""
        asked = "read after a gap" if update.is_recovered else f"event {update.execution}"
        return self._take(report_of_update(update), asked, at, update.fill, not update.is_recovered)

    def take_fill(self, fill: Fill, asked: str, at: datetime) -> Changes:
        """A trade from the exchange's list of trades."""
        return self._take(report_of_fill(fill), asked, at, fill)

    def fills_read(self, ref: Ref, asked: str, at: datetime) -> Changes:
        """All trades of an order were read, by a query that began after its end was known, and taken in: they are what
        was executed, where no message tells it."""
        record = self._record(ref)
        if record is None or not record.status.is_final:
            return []
        record.is_counted = True
        return self._note(record, Evidence(asked, "all its trades", at))

    def _note(self, record: Record, *evidence: Evidence) -> Changes:
        for each in evidence:
            record.trail.add(each)
        return self._changes(record)

    def _settle(self, client_order_id: str, placement: Placement, error: str, *evidence: Evidence) -> Changes:
        record = self._index.by_name(client_order_id)
        if record is None:
            return []
        record.settle(placement, error)
        return self._note(record, *evidence)

    def _take(
        self, report: Report, asked: str, at: datetime, fill: Fill | None = None, is_event: bool = False
    ) -> Changes:
        found = self._index.find(report)
        if found is None:
            return []
        record, fills = found
        was_final, are_shared = record.status.is_final, self._index.ids.are_shared
        against = record.take(report)
        if fill is not None:
            record.fills.hear(fill, is_event)
        is_kept = bool(against) or record.status.is_final != was_final
        record.trail.add(Evidence(asked, _words(report, fill, against), at), is_kept)
        changes = self._changes(record, fills)
        return changes if self._index.ids.are_shared == are_shared else changes + self._part()

    def _part(self) -> Changes:
        """The trade ids of both sources are the same: what was taken for one fill by its looks may be two."""
        changes: Changes = []
        for record in list(self._index):
            record.fills.part()
            changes += self._changes(record)
        return changes


def _words(report: Report, fill: Fill | None, against: str) -> str:
    """A report in a few words."""
    words = str(report.status) or ("a fill" if fill is not None else "no state")
    if report.executed is not None:
        words += f", {report.executed} executed"
    elif not report.status and fill is not None:
        words += f" of {fill.quantity}"
    return f"{words}, {against}" if against else words
