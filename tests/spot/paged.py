"""An exchange that hands out rows in pages, in every way that its documentation leaves open."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, field, frozen

from bingx_async.spot.paging import IdWalk, PageWalk
from bingx_async.spot.walk import Ask, Span, Walk

MOST = 4_000  # questions of one walk, far beyond what any of these needs


@frozen
class Row:
    """A row: its id, when it was made, and the time under which the exchange files and shows it."""

    number: int
    made: int
    shown: int = 0

    @property
    def time(self) -> datetime:
        """The time as a model has it."""
        return datetime.fromtimestamp(self.shown / 1000, UTC)


def number_of(row: Row) -> int:
    """The id of a row."""
    return row.number


def time_of(row: Row) -> datetime:
    """The time of a row."""
    return row.time


@frozen
class Ways:
    """The ways of the exchange: rounds times down or to the nearest second, whether bounds are inclusive, whether the
    newest rows come first, how rows are sorted within a page, how many rows shift from each page to the next."""

    rounding: int = 0  # 0 none, 1 down, 2 nearest
    takes_start: bool = True
    takes_end: bool = True
    newest_first: bool = False
    shuffles: bool = False
    shift: int = 0
    repeats_last: bool = False
    takes_id: bool = True
    with_id: str = "both"  # "both", "id", "times": what counts where both are given

    def file(self, rows: Sequence[Row]) -> list[Row]:
        """The rows as the exchange files them."""
        return [evolve(row, shown=self.shown(row.made)) for row in rows]

    def shown(self, made: int) -> int:
        """A time as filed."""
        return (made, made // 1000 * 1000, (made + 500) // 1000 * 1000)[self.rounding]

    def pick(self, rows: Sequence[Row], start: int | None, end: int | None) -> list[Row]:
        """The rows between the bounds."""
        after = -1 if start is None else start - self.takes_start
        before = 10**15 if end is None else end + self.takes_end
        return [row for row in rows if after < row.shown < before]


@frozen
class Paged:
    """The exchange: `reach` is the last row that can be had."""

    rows: list[Row]
    ways: Ways
    size: int
    reach: int
    asked: list[Ask] = field(factory=list[Ask])

    def page(self, ask: Ask) -> list[Row]:
        """A page by its number."""
        self.asked.append(ask)
        assert ask.page * self.size <= self.reach
        found = sorted(self.ways.pick(self.rows, ask.start, ask.end), key=number_of, reverse=self.ways.newest_first)
        first = (ask.page - 1) * (self.size - self.ways.shift)
        if self.ways.repeats_last and first >= len(found):
            first = max(0, (len(found) - 1) // self.size * self.size)
        return self._sorted(found[first : first + self.size])

    def since(self, ask: Ask) -> list[Row]:
        """The rows from an id on."""
        self.asked.append(ask)
        heeds_times = not ask.from_id or self.ways.with_id != "id"
        heeds_id = ask.from_id and self.ways.with_id != "times"
        found = self.ways.pick(self.rows, ask.start, ask.end) if heeds_times else self.rows
        found = sorted(found, key=number_of)
        if heeds_id:
            found = [row for row in found if row.number > ask.from_id - self.ways.takes_id]
        chosen = found[-self.size :] if self.ways.newest_first else found[: self.size]
        return self._sorted(chosen)

    def _sorted(self, page: list[Row]) -> list[Row]:
        if self.ways.shuffles:
            random.Random(len(self.asked)).shuffle(page)
        return page


def walked(walk: Walk[Row], answer: Callable[[Ask], list[Row]]) -> list[Row]:
    """Every row that the walk hands on."""
    got, asked = list[Row](), 0
    while (ask := walk.ask) is not None:
        got += walk.take(answer(ask))
        asked += 1
        assert asked < MOST
    return got


def by_pages(exchange: Paged, span: Span) -> PageWalk[Row]:
    """A walk by numbered pages."""
    return PageWalk(span, number_of, time_of, exchange.size, exchange.reach)


def by_ids(exchange: Paged, span: Span) -> IdWalk[Row]:
    """A walk by ids."""
    return IdWalk(span, number_of, time_of, exchange.size)


def made(moments: Sequence[int]) -> list[Row]:
    """Rows made at these moments, with ids that rise in time but not by one."""
    return [Row(7 + 3 * index, moment, moment) for index, moment in enumerate(sorted(moments))]


def numbers(rows: Sequence[Any]) -> list[int]:
    """The ids of the rows."""
    return [row.number for row in rows]
