"""Walks through spans of time: what every walk has, however its pages are asked for. Times are epoch ms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from math import inf
from typing import Generic, TypeVar, cast

from attrs import frozen

from bingx_async.core.wire import integer, mapping, one
from bingx_async.errors import IncompleteList

T = TypeVar("T")

SECOND = 1000
NO_ID = (None, "")
DAY = 86_400 * SECOND
EARLIEST = 1_514_764_800_000  # 2018: the exchange is younger


def rows(kind: type[T], *names: str) -> Callable[[object], list[T]]:
    """Reads one page: the first field of `names` that `data` has, or `data` itself. An item that cannot be read is an
    empty model here: left out, it would make a full page look like the last. So is a list under another name."""
    read = one(kind)

    def read_page(data: object) -> list[T]:
        found = mapping(data)
        listed = next((found[name] for name in names if name in found), data)
        if isinstance(listed, list):
            return [read(item) for item in cast("list[object]", listed)]
        rest = found.values() if listed is data and found else [listed]  # `{"total": 0}` is an empty list
        return [read(None)] if any(value and isinstance(value, (list, dict, str)) for value in rest) else []

    return read_page


@frozen
class Ask:
    """One question: for a span of time or any time; a page of it, or the rows from an id on (0: from the first)."""

    start: int | None
    end: int | None
    page: int = 1
    from_id: int = 0


@frozen
class Span:
    """A span of time that has to be asked for; `is_open` asks without naming its bounds."""

    start: int
    end: int
    is_open: bool = False

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The bounds to send, wide enough for rounded times and for bounds that are exclusive."""
        if self.is_open:
            return None, None
        return self.start - self.start % SECOND - SECOND, self.end - self.end % SECOND + 2 * SECOND

    @property
    def halves(self) -> tuple[Span, Span] | None:
        """The later half and the earlier one; None within a second, to which times may be rounded."""
        if self.end - self.start <= SECOND:
            return None
        middle = (self.start + self.end) // 2
        return Span(middle, self.end), Span(self.start, middle)

    def pieces(self, longest: int | None) -> list[Span]:
        """Spans of at most this many ms, the latest first."""
        if longest is None:
            return [self]
        starts = range(self.start, max(self.end, self.start + 1), longest)
        return [Span(start, min(start + longest, self.end)) for start in reversed(starts)]


def span_of(start: int | None, end: int | None, now: float) -> Span:
    """The span from `start` to `end`; without either it is open."""
    last = round(now) if end is None else end
    return Span(EARLIEST if start is None else start, last, start is None and end is None)


class Walk(ABC, Generic[T]):
    """The rows of a span, by their id and their time (a row without an id cannot be told from others: it is left out,
    and `check` tells of it). `longest`: the most ms that one question may span."""

    def __init__(
        self,
        span: Span,
        id_of: Callable[[T], Hashable],
        time_of: Callable[[T], datetime | None],
        size: int,
        longest: int | None = None,
    ) -> None:
        self._whole = span
        self._spans = span.pieces(longest)  # the next one last
        self._id_of, self._time_of, self._size = id_of, time_of, size
        self._seen: set[Hashable] = set()
        self._held: list[T] = []
        self._cut = 0
        self._has_unreadable = False

    @property
    @abstractmethod
    def ask(self) -> Ask | None:
        """The next question; None at the end."""

    @abstractmethod
    def take(self, page: Sequence[T]) -> list[T]:
        """The rows to hand on, after the answer to the question."""

    def check(self) -> None:
        """Raise `IncompleteList` if some rows could not be had."""
        if self._has_unreadable:
            raise IncompleteList("rows of the exchange's list could not be read; all else was handed on")
        if self._cut:
            raise IncompleteList(
                f"the exchange holds more than it hands out for {self._cut} s of that time; all else was handed on"
            )

    def _time(self, row: T) -> float:
        at = self._time_of(row)
        return -inf if at is None else round(at.timestamp() * SECOND)

    def _number(self, row: T) -> int:
        return integer(self._id_of(row)) or 0

    def _keep(self, page: Sequence[T]) -> list[T]:
        """The rows that are new and belong to the whole span."""
        fresh = list[T]()
        for row in page:
            key = self._id_of(row)
            self._has_unreadable |= key in NO_ID
            if key not in NO_ID and key not in self._seen and self._is_inside(self._time(row)):
                self._seen.add(key)
                fresh.append(row)
        self._held += fresh
        return fresh

    def _is_inside(self, at: float) -> bool:
        slack = 0 if at % SECOND else SECOND - 1  # a whole second may have been rounded
        start, end, is_open = self._whole.start, self._whole.end, self._whole.is_open
        return is_open or at == -inf or start - slack <= at <= end + slack

    def _release(self, before: float) -> list[T]:
        """The rows earlier than `before`, sorted: every one of them has been seen."""
        ready = [row for row in self._held if self._time(row) < before]
        self._held = [row for row in self._held if self._time(row) >= before]
        return sorted(ready, key=lambda row: (self._time(row), self._number(row)))

    def _finish(self) -> list[T]:
        """The present span is done."""
        span = self._spans.pop()
        return self._release(span.end if self._spans else inf)

    def _halve(self) -> bool:
        """Ask for the halves of the present span instead, if it has any."""
        halves = self._spans[-1].halves
        if halves is not None:
            self._spans[-1:] = halves
        return halves is not None
