"""Walks through lists that the exchange hands out in pages. Nothing here awaits.

A walk says what to ask for next (`ask`) and takes the rows that came (`take`), until there is nothing left to ask. It
hands on every row once, oldest first, whatever the exchange leaves open: how pages and rows are sorted, whether
bounds are inclusive, whether times are rounded to seconds, whether rows repeat from page to page. A span of time that
holds more rows than can be had is halved; one of a second that does is reported by `check`. Times are epoch ms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from math import inf
from typing import Any, ClassVar, Generic, TypeVar

from attrs import frozen

from bingx_async.core.wire import integer, mapping, one
from bingx_async.errors import IncompleteList

T = TypeVar("T")

SECOND = 1000
DAY = 86_400 * SECOND
EARLIEST = 1_514_764_800_000  # 2018: the exchange is younger
FILLS_IN_EVERY_TEXT = 500  # one text says that a reply holds 1000 fills, so one of 500 may be full in any case


def rows(kind: type[T], *names: str) -> Callable[[object], list[T]]:
    """Reads one page: the first field of `names` that `data` has, or `data` itself. An item that cannot be read is an
    empty model here: left out, it would make a full page look like the last."""
    read = one(kind)

    def read_page(data: object) -> list[T]:
        found = mapping(data)
        listed: Any = next((found[name] for name in names if name in found), data)
        return [read(item) for item in listed] if isinstance(listed, list) else []

    return read_page


@frozen
class Ask:
    """One question: for a span of time, or for any time; a page of it, or the rows from an id on (0: from the first)."""

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


def span_of(start: int | None, end: int | None, now: float) -> Span:
    """The span from `start` to `end`; without either it is open."""
    last = round(now) if end is None else end
    return Span(EARLIEST if start is None else start, last, start is None and end is None)


class Walk(ABC, Generic[T]):
    """The rows of a span, by their id and their time (a row without an id cannot be told from others: it is left out)."""

    def __init__(
        self, span: Span, id_of: Callable[[T], Hashable], time_of: Callable[[T], datetime | None], size: int
    ) -> None:
        self._whole = span
        self._spans = [span]  # the next one last
        self._id_of, self._time_of, self._size = id_of, time_of, size
        self._seen: set[Hashable] = set()
        self._held: list[T] = []
        self._cut = 0

    @property
    @abstractmethod
    def ask(self) -> Ask | None:
        """The next question; None at the end."""

    @abstractmethod
    def take(self, page: Sequence[T]) -> list[T]:
        """The rows to hand on, after the answer to the question."""

    def check(self) -> None:
        """Raise `IncompleteList` if some rows could not be had."""
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
            if key not in (None, "") and key not in self._seen and self._is_inside(self._time(row)):
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


class PageWalk(Walk[T]):
    """Pages are numbered from 1, and `size` times the number may not exceed `reach`.

    Where there is more than a few pages, the last one that may be asked for comes next: if that is full, the span is
    halved at once.
    """

    PROBES_AFTER: ClassVar[int] = 4

    def __init__(
        self,
        span: Span,
        id_of: Callable[[T], Hashable],
        time_of: Callable[[T], datetime | None],
        size: int = 100,
        reach: int = 10_000,
    ) -> None:
        super().__init__(span, id_of, time_of, size)
        self._last = max(1, reach // size)
        self._begin()

    @property
    def ask(self) -> Ask | None:
        return Ask(*self._spans[-1].bounds, page=self._page) if self._spans else None

    def take(self, page: Sequence[T]) -> list[T]:
        self._keep(page)
        ids = [self._id_of(row) for row in page]
        is_full = len(page) >= self._size and ids != self._ids  # some servers repeat the last page for ever
        self._ids = ids
        if self._page == self._last:
            return self._at_last_page(is_full)
        if not is_full:
            return self._end()
        is_probe_due = self._page >= self.PROBES_AFTER and not self._has_probed
        self._resume, self._page = self._page + 1, self._last if is_probe_due else self._page + 1
        return []

    def _at_last_page(self, is_full: bool) -> list[T]:
        is_probe = not self._has_probed and self._resume < self._last
        self._has_probed = True
        if is_full and self._halve():
            self._begin()
        elif is_probe:
            self._page = self._resume
        else:
            self._cut += is_full
            return self._end()
        return []

    def _begin(self) -> None:
        self._page = self._resume = 1
        self._has_probed, self._ids = False, list[Hashable]()

    def _end(self) -> list[T]:
        self._begin()
        return self._finish()


class IdWalk(Walk[T]):
    """A page holds the first rows of a span, or those from an id on (inclusive or not).

    If an id brings nothing new although a page was full, the exchange sorts the other way, or heeds no id together
    with times: the span is halved.
    """

    def __init__(
        self, span: Span, id_of: Callable[[T], Hashable], time_of: Callable[[T], datetime | None], size: int
    ) -> None:
        super().__init__(span, id_of, time_of, min(size, FILLS_IN_EVERY_TEXT))
        self._from_id = 0
        self._ids_help: bool | None = None
        self._first_of_full = -inf  # the time of the oldest row of a full page
        self._is_newest_first = False

    @property
    def ask(self) -> Ask | None:
        return Ask(*self._spans[-1].bounds, from_id=self._from_id) if self._spans else None

    def take(self, page: Sequence[T]) -> list[T]:
        fresh, is_full = self._keep(page), len(page) >= self._size
        self._is_newest_first |= any(-inf < self._time(row) < self._first_of_full - SECOND for row in fresh)
        if self._from_id:
            return self._go_on(page, is_full)
        if not is_full:
            return self._finish()
        self._first_of_full = max(self._first_of_full, min(map(self._time, page)))
        if self._ids_help is not False or not self._halve():
            self._from_id = max(map(self._number, page)) or 1
        return []

    def _go_on(self, page: Sequence[T], is_full: bool) -> list[T]:
        within = [row for row in page if self._time(row) <= self._spans[-1].end]
        newest = max(map(self._number, within), default=0)
        if newest > self._from_id:
            self._ids_help = True
        if newest > self._from_id and is_full:
            self._from_id = newest
            return self._release(max(map(self._time, within)) - SECOND)
        self._from_id = 0
        if not self._ids_help:
            self._ids_help = False
            if self._halve():
                return []
            self._cut += is_full or self._is_newest_first
        return self._finish()
