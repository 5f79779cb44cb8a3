"""What is known of one order. It only goes forward, in whatever order the messages come.

The executed quantity is the most that was told, or proven by fills. The state is that of the report that is furthest:
a final one before any other, then the one with more executed, then the later one. A final state stays; FILLED with
more executed takes the place of another final state, and FILLED of which nothing is executed proves no end. An order
that is triggered may go on under a new, higher id: then only reports under that id tell its state.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import define, field

from bingx_async.core.evidence import Trail
from bingx_async.core.fills import EARLIEST, ZERO, Fills
from bingx_async.core.order_report import CONDITIONAL, Report
from bingx_async.core.standing import NOWHERE, RANKS, UNKNOWN_RANK, Standing
from bingx_async.models import Fill, OrderStatus, OrderType, Placement, Side, TrackedOrder

FILLED = OrderStatus.FILLED
NOT_THERE = (Placement.REFUSED, Placement.NOT_PLACED)
DESCRIBED = ("symbol", "side", "price", "stop_price", "original_quantity", "original_quote_quantity", "order_list_id")


def is_later_id(one: int | str, other: int | str) -> bool:
    """Whether an order id was given after another one: ids are numbers that grow."""
    return (len(str(one)), str(one)) > (len(str(other)), str(other))


@define(eq=False)
class Record:
    """An order in the making; `tracked` is what it looks like now."""

    fills: Fills
    client_order_id: str = ""
    order_id: int | str | None = None
    ids: set[str] = field(factory=set[str])
    """Every order id that it has had."""
    placement: Placement = Placement.SENDING
    symbol: str = ""
    side: Side = Side("")
    type: OrderType = OrderType("")
    price: Decimal | None = None
    stop_price: Decimal | None = None
    original_quantity: Decimal | None = None
    original_quote_quantity: Decimal | None = None
    order_list_id: str = ""
    status: OrderStatus = OrderStatus("")
    standing: Standing = NOWHERE
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    time: datetime | None = None
    update_time: datetime | None = None
    error: str = ""
    is_asked_for: bool = False
    """Whether its description is that of the request."""
    is_ending: bool = False
    """Whether a cancel was accepted, and the end is not told yet."""
    is_counted: bool = False
    """Whether it is known how much was executed in the end."""
    trail: Trail = field(factory=Trail)
    tracked: TrackedOrder = TrackedOrder("", "")
    """All of it as one value, as of the last `renew`."""

    def take(self, report: Report) -> str:
        """Merge a report. What it contradicts, in words, or an empty text."""
        self._describe(report)
        against = self._place()
        executed = self._executed_by(report)
        against = self._judge(report, executed) or against
        if executed is not None and executed > self.executed:
            self.executed = executed
        if report.quote is not None and report.quote > self.quote:
            self.quote = report.quote
        at = report.changed_at or report.time
        if at is not None and (self.update_time is None or at > self.update_time):
            self.update_time = at
        return against

    def settle(self, placement: Placement, error: str = "") -> None:
        """What became of the placing. An order that the exchange has shown is there, and a clear answer stays."""
        if self.placement in (Placement.SENDING, Placement.UNKNOWN):
            self.placement, self.error = placement, error

    def absorb(self, other: Record) -> list[Fill]:
        """Take over all that is known of the same order under other ids; the fills that are new by that."""
        self.take(other._as_report())
        self.executed = max(self.executed, other.executed)
        self.is_ending |= other.is_ending and not self.status.is_final
        self.trail.absorb(other.trail)
        mine, self.fills = self.fills, other.fills
        for fill, is_event in mine.everything():
            self.fills.hear(fill, is_event)
        told = {id(fill) for fill in mine.shown}
        return [fill for fill in self.show() if id(fill) not in told]

    def show(self) -> list[Fill]:
        """The fills that are new now."""
        self.executed = max(self.executed, self.fills.proven)
        shown = self.fills.show(self.executed)
        self.quote = max(self.quote, self.fills.value)
        return shown

    @property
    def is_conditional(self) -> bool:
        """Whether it waits for a price, or did."""
        return self.type in CONDITIONAL

    @property
    def is_done(self) -> bool:
        """As `TrackedOrder.is_done`."""
        if self.placement in NOT_THERE:
            return True
        return self.status.is_final and self.is_counted and self.fills.total >= self.executed

    @property
    def is_unsettled(self) -> bool:
        """Whether the exchange should be asked: for the outcome, the state, the end or the fills."""
        if self.placement is not Placement.PLACED:
            return self.placement is Placement.UNKNOWN
        if self.fills.total < self.executed:
            return True
        if self.status.is_final:
            return not self.is_counted
        is_full = self.original_quantity is not None and self.executed >= self.original_quantity
        return is_full or self.is_ending or self.fills.are_held or not self.status.is_open

    def renew(self) -> bool:
        """Make `tracked` anew; whether anything but the evidence has changed."""
        before, self.tracked = self.tracked, self._snapshot()
        return self.tracked != before

    def _place(self) -> str:
        was, self.placement = self.placement, Placement.PLACED
        self.error = ""
        return f"it was {was}" if was in NOT_THERE else ""

    def _describe(self, report: Report) -> None:
        """Fill in what is not known yet. The exchange's first description takes the place of what was asked for."""
        is_first = self.is_asked_for and bool(report.status)
        for name in DESCRIBED:
            told = getattr(report, name)
            if told and (is_first or not getattr(self, name)):
                setattr(self, name, told)
        if report.type and (not self.type or (is_first and not self.is_conditional) or report.type in CONDITIONAL):
            self.type = report.type
        self.is_asked_for = self.is_asked_for and not is_first
        if report.time is not None and (self.time is None or report.time < self.time):
            self.time = report.time
        self._name(report)

    def _name(self, report: Report) -> None:
        """Take the ids. Under a later one the order goes on, and its state is told anew."""
        self.client_order_id = self.client_order_id or report.client_order_id
        new, old = report.order_id, self.order_id
        if new is None or new == old:
            return
        if old is None or str(new) == str(old):
            self.order_id = old if isinstance(old, str) else new
        elif is_later_id(new, old):
            self.order_id, self.standing = new, NOWHERE

    def _executed_by(self, report: Report) -> Decimal | None:
        """What a report tells of the executed quantity. A leg that is FILLED has no number: all of it is."""
        is_whole = report.executed is None and report.status is FILLED
        return self.original_quantity if is_whole else report.executed

    def _judge(self, report: Report, executed: Decimal | None) -> str:
        """Take the state, if it is further than the one that is known."""
        status, at = report.status, report.changed_at or EARLIEST
        if not report.is_proof:
            self.is_ending = not self.status.is_final
        if not status or self._is_of_older_id(report) or (status.is_final and not report.is_proof):
            return ""
        if status is FILLED and not executed:
            return "but nothing is executed"
        standing = Standing(status.is_final, executed or ZERO, at, RANKS.get(status, UNKNOWN_RANK))
        self.is_counted |= standing.is_final and executed is not None
        if self.status.is_final:
            return self._judge_after_end(status, standing)
        if self.standing.is_behind(standing):
            self.status, self.standing = status, standing
            self.is_ending = self.is_ending and not status.is_final
        return ""

    def _judge_after_end(self, status: OrderStatus, standing: Standing) -> str:
        end, is_more = self.status, standing.executed > self.standing.executed
        if not is_more and (status is end or not standing.is_final):
            return ""
        if is_more and status in (FILLED, end):
            self.status, self.standing = status, standing
        return f"after it was {end}"

    def _is_of_older_id(self, report: Report) -> bool:
        new, now = report.order_id, self.order_id
        return new is not None and now is not None and str(new) != str(now)

    def _as_report(self) -> Report:
        described = {name: getattr(self, name) for name in (*DESCRIBED, "order_id", "client_order_id", "type", "time")}
        executed = self.standing.executed if self.is_counted or self.status.is_open else None
        return Report(**described, status=self.status, executed=executed, quote=self.quote, changed_at=self.update_time)

    def _snapshot(self) -> TrackedOrder:
        return TrackedOrder(
            self.symbol,
            self.client_order_id,
            self.order_id,
            self.placement,
            self.status,
            self.side,
            self.type,
            None if self.type.endswith("MARKET") else self.price,  # of a market order it is only a bound
            self.stop_price,
            self.original_quantity,
            self.original_quote_quantity,
            self.executed,
            self.quote,
            tuple(self.fills.shown),
            self.order_list_id,
            self.time,
            self.update_time,
            self.error,
            self.trail.whole(),
            self.is_counted or not self.status.is_final,
        )
