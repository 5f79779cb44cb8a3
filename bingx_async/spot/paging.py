"""Walks through lists that the exchange hands out in pages. Nothing here awaits.

A walk says what to ask for next (`ask`) and takes the rows that came (`take`), until there is nothing left to ask. It
hands on every row once, oldest first, whatever the exchange leaves open: how pages and rows are sorted, whether
bounds are inclusive, whether times are rounded to seconds, whether rows repeat from page to page. A span of time that
holds more rows than can be had is halved; one of a second that does is reported by `check`. Times are epoch ms.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from math import inf
from typing import TypeVar

from bingx_async.spot.walk import SECOND, Ask, Span, Walk

T = TypeVar("T")

PROBES_AFTER = 4  # pages
FILLS_IN_EVERY_TEXT = 500  # one text says that a reply holds 1000 fills, so one of 500 may be full in any case


class PageWalk(Walk[T]):
    """Pages are numbered from 1, and `size` times the number may not exceed `reach`.

    Where there are more than a few pages, the last one that may be asked for comes next: if that is full, the span is
    halved at once. From then on the last page comes second.
    """

    def __init__(
        self,
        span: Span,
        id_of: Callable[[T], Hashable],
        time_of: Callable[[T], datetime | None],
        size: int = 100,
        reach: int = 10_000,
        longest: int | None = None,
    ) -> None:
        super().__init__(span, id_of, time_of, size, longest)
        self._last = max(1, reach // size)
        self._page = self._resume = 1
        self._has_probed, self._ids = False, set[Hashable]()
        self._probes_after = PROBES_AFTER

    @property
    def ask(self) -> Ask | None:
        return Ask(*self._spans[-1].bounds, page=self._page) if self._spans else None

    def take(self, page: Sequence[T]) -> list[T]:
        self._keep(page)
        ids = {self._id_of(row) for row in page}
        is_full = len(page) >= self._size and ids != self._ids  # some servers repeat the last page for ever
        self._ids = ids
        if self._page == self._last:
            return self._at_last_page(is_full)
        if not is_full:
            return self._end()
        is_probe_due = self._page >= self._probes_after and not self._has_probed
        self._resume, self._page = self._page + 1, self._last if is_probe_due else self._page + 1
        return []

    def _at_last_page(self, is_full: bool) -> list[T]:
        is_probe = not self._has_probed and self._resume < self._last
        self._has_probed = True
        if is_full and self._halve():
            self._probes_after = 1
            self._begin()
        elif is_probe:
            self._page = self._resume
        else:
            self._cut += is_full
            return self._end()
        return []

    def _begin(self) -> None:
        self._page = self._resume = 1
        self._has_probed, self._ids = False, set[Hashable]()

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
