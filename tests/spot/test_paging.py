"""Walks hand on everything exactly once, oldest first, and always stop, whatever the exchange leaves open."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bingx_async import Order
from bingx_async.errors import IncompleteList
from bingx_async.spot.walk import DAY, EARLIEST, SECOND, Span, rows, span_of
from tests.sizes import IN_CI
from tests.spot.paged import Paged, Row, Ways, by_ids, by_pages, made, numbers, walked

T0 = 1_790_000_000_000
WEEK = Span(T0, T0 + 7 * DAY)
few = st.integers(0, 5)
burst = st.tuples(st.integers(T0, T0 + 7 * DAY), st.integers(1, 12))
moments = st.one_of(
    st.lists(st.integers(T0, T0 + 7 * DAY), max_size=60),
    st.lists(st.integers(T0, T0 + 20 * SECOND), max_size=60),
    st.lists(burst, max_size=6).map(lambda many: [at for at, count in many for _ in range(count)]),
)
ways = st.builds(
    Ways,
    rounding=st.integers(0, 2),
    takes_start=st.booleans(),
    takes_end=st.booleans(),
    newest_first=st.booleans(),
    shuffles=st.booleans(),
    shift=st.integers(0, 1),
    repeats_last=st.booleans(),
    takes_id=st.booleans(),
    with_id=st.sampled_from(["both", "id", "times"]),
)


def densest(found: list[Row]) -> int:
    """The most rows within 5 s."""
    shown = [row.shown for row in found]
    return max((sum(at <= other < at + 5 * SECOND for other in shown) for at in shown), default=0)


def is_sorted(found: list[Row]) -> bool:
    """Whether the rows come oldest first."""
    keys = [(row.shown, row.number) for row in found]
    return keys == sorted(keys)


@given(moments, ways, st.integers(2, 6), st.integers(1, 9))
def test_pages(times: list[int], way: Ways, size: int, pages: int) -> None:
    """By pages: every row once and sorted, or the walk says that some are missing, which a sparse list never makes it
    say. There are never more questions than the halving of time takes."""
    exchange = Paged(way.file(made(times)), way, size, size * pages)
    walk = by_pages(exchange, WEEK)
    got = walked(walk, exchange.page)
    assert len(set(numbers(got))) == len(got)
    assert is_sorted(got)
    try:
        walk.check()
    except IncompleteList:
        assert densest(exchange.rows) >= pages * (size - way.shift)
    else:
        assert sorted(numbers(got)) == numbers(exchange.rows)
    assert len(exchange.asked) <= (2 + 5 * len(times)) * 32


@given(moments, ways, st.integers(2, 6))
def test_ids(times: list[int], way: Ways, limit: int) -> None:
    """By ids: the same. An exchange that hands out the newest rows first and heeds no id cannot be asked for more rows
    of one second than a reply holds."""
    exchange = Paged(way.file(made(times)), way, limit, 0)
    assume(not way.newest_first or densest(exchange.rows) < limit)
    walk = by_ids(exchange, WEEK)
    got = walked(walk, exchange.since)
    assert len(set(numbers(got))) == len(got)
    try:
        walk.check()
    except IncompleteList:
        assert way.with_id == "times"
        assert densest(exchange.rows) >= limit
    else:
        assert sorted(numbers(got)) == numbers(exchange.rows)
        assert is_sorted(got)
    assert len(exchange.asked) <= (2 + 2 * len(times)) * 32


@given(moments, ways, st.integers(2, 6))
def test_ids_as_documented(times: list[int], way: Ways, limit: int) -> None:
    """Where the exchange does as it says (the oldest first, and ids are heeded), a walk takes one question for each
    page and one more, however many rows share a moment."""
    assume(not way.newest_first and way.with_id != "times")
    exchange = Paged(way.file(made(times)), way, limit, 0)
    walk = by_ids(exchange, WEEK)
    assert numbers(walked(walk, exchange.since)) == numbers(exchange.rows)
    walk.check()
    has_one_full_page = len(times) == limit
    assert len(exchange.asked) <= len(times) // (limit - way.takes_id) + 2 or has_one_full_page


@given(moments, ways, st.integers(0, 7 * DAY), st.integers(0, 7 * DAY))
def test_bounds(times: list[int], way: Ways, one: int, other: int) -> None:
    """Both bounds are inclusive. Only a row whose time is a whole second, so that it may have been rounded, comes from
    up to a second outside."""
    assume(not way.newest_first)
    start, end = T0 + min(one, other), T0 + max(one, other)
    for walk_of in (by_pages, by_ids):
        exchange = Paged(way.file(made(times)), way, 50, 5_000)
        walk = walk_of(exchange, Span(start, end))
        got = set(numbers(walked(walk, exchange.page if walk_of is by_pages else exchange.since)))
        inside = {row.number for row in exchange.rows if start <= row.made <= end}
        near = {row.number for row in exchange.rows if start - SECOND < row.shown < end + SECOND}
        assert inside <= got <= near
        if not way.rounding:
            exact = {row.number for row in exchange.rows if row.number in got and row.shown % SECOND}
            assert exact <= inside


@pytest.mark.parametrize(("newest_first", "rounding"), list(product([True, False], [0, 1, 2]))[:: 1 if IN_CI else 2])
def test_ten_thousand_orders(newest_first: bool, rounding: int) -> None:
    """25 000 orders, more than the exchange hands out for one span, come once each; halving costs few questions."""
    way = Ways(newest_first=newest_first, rounding=rounding)
    exchange = Paged(way.file(made([T0 + n * 20_001 for n in range(25_000)])), way, 100, 10_000)
    walk = by_pages(exchange, span_of(None, None, T0 + 7 * DAY))
    assert numbers(walked(walk, exchange.page)) == numbers(exchange.rows)
    walk.check()
    assert len(exchange.asked) < 25_000 / 100 + 130
    assert (exchange.asked[0].start, exchange.asked[0].end) == (None, None)


def test_ten_thousand_fills_of_one_moment() -> None:
    """10 000 fills of the same millisecond come once each, in 21 questions."""
    exchange = Paged(made([T0 + 5] * 10_000), Ways(), 500, 0)
    walk = by_ids(exchange, WEEK)
    assert numbers(walked(walk, exchange.since)) == numbers(exchange.rows)
    assert len(exchange.asked) == 21


def test_a_page_is_handed_on_early() -> None:
    """By ids rows are handed on page by page, not at the end."""
    exchange = Paged(made([T0 + n * 10_000 for n in range(2_000)]), Ways(), 500, 0)
    walk = by_ids(exchange, WEEK)
    sizes: list[int] = []
    while (ask := walk.ask) is not None:
        sizes.append(len(walk.take(exchange.since(ask))))
    assert (sizes[0], len(sizes), sum(sizes)) == (0, 5, 2_000)
    assert min(sizes[1:4]) > 400


def test_too_many_in_a_second() -> None:
    """More rows in a second than can be had: the rest is handed on, then the walk says what is missing."""
    times = [T0 + 50_000] * 30 + [T0 + n * 3_600_000 for n in range(20)]
    exchange = Paged(made(times), Ways(), 5, 20)
    walk = by_pages(exchange, WEEK)
    got = walked(walk, exchange.page)
    with pytest.raises(IncompleteList, match=r"more than it hands out for \d s"):
        walk.check()
    assert Counter(row.made for row in got)[T0 + 50_000] == 20
    assert len(got) == 40


def test_open_span() -> None:
    """Without any bound none is sent; with one, the other is sent too."""
    assert span_of(None, None, T0).bounds == (None, None)
    assert span_of(T0 + 1, None, T0 + 5_001.6).bounds == (T0 - 1000, T0 + 7000)
    assert span_of(None, T0, T0 + 1).bounds == (EARLIEST - 1000, T0 + 2000)


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ({"orders": [{"orderId": 1}, None, 5, {"orderId": "2"}]}, [1, None, None, 2]),
        ([{"orderId": 3}], [3]),
        ({"orders": None}, []),
        ({"list": [{"orderId": 1}]}, [None]),
        ({"orders": {"1": {"orderId": 1}}}, [None]),
        ("unavailable", [None]),
        ({"total": 0, "list": []}, []),
        ({}, []),
        (None, []),
        ("", []),
    ],
)
def test_rows(data: Any, ids: list[int | None]) -> None:
    """A page keeps its length, whatever stands in it; what is no list is a row that cannot be read."""
    assert [order.order_id for order in rows(Order, "orders")(data)] == ids


def test_rows_without_an_id() -> None:
    """A row without an id is not handed on, counts for the length of its page, and is told of in the end."""
    exchange = Paged(made([T0 + n * 10_000 for n in range(10)]), Ways(), 5, 500)
    exchange.rows[2:2] = [Row(0, T0 + 20_001, T0 + 20_001)]
    walk = by_pages(exchange, WEEK)
    walk._id_of = lambda row: row.number or None
    assert numbers(walked(walk, exchange.page)) == [7 + 3 * n for n in range(10)]
    with pytest.raises(IncompleteList, match="could not be read"):
        walk.check()
