"""Reading a long list of rows by columns gives what reading each row alone gives, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation, getcontext, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core import wire
from bingx_async.core.columns import LONGEST, SHORTEST, read_columns
from bingx_async.models import Depth, Kline, Level, Order

PLAIN = ["61250.5", "0.00001", "7"]
ROW = [1790000000000, Decimal("1.5"), 2, Decimal("0.5"), Decimal(1), 0, 1790000059999, Decimal("9.75")]


def alone(rows: list[Any], kind: type[Any]) -> list[Any]:
    """Each row read by itself."""
    return [item for row in rows for item in wire.many(kind)([row])]


texts = st.sampled_from(["1", "0.5", "61250.50", "0", "000.10", "9" * LONGEST])
odd = st.sampled_from(
    [
        "",
        ".",
        "1.2.3",
        "-1",
        "1e5",
        "NaN",
        "Infinity",
        "sNaN",
        "1_000",
        "٣",
        " 1",
        "9" * 41,
        None,
        True,
        1.5,
        7,
        "x",
        [],
        {},
    ]
)
numbers = st.integers(0, 10**20) | st.decimals(0, 10**9, places=5)


@given(st.lists(st.tuples(texts, texts).map(list), min_size=SHORTEST, max_size=30))
def test_plain_levels(rows: list[list[str]]) -> None:
    """Rows of texts of digits are read by columns, every digit kept."""
    found = read_columns(rows, Level) or []
    assert found == alone(rows, Level)
    assert [[str(each.price), str(each.quantity)] for each in found] == [
        [str(Decimal(it)) for it in row] for row in rows
    ]


@given(st.lists(st.lists(texts | odd, max_size=3) | odd, max_size=20), st.integers(0, 20))
def test_anything_else(rows: list[Any], place: int) -> None:
    """With any other value among them the rows are the same as read one by one."""
    rows = [*rows[:place], *[list(PLAIN[:2])] * SHORTEST, *rows[place:]]
    found = read_columns(rows, Level)
    assert found is None or found == alone(rows, Level)
    assert wire.many(Level)(rows) == alone(rows, Level)


@given(st.lists(st.tuples(*[numbers] * 6, st.integers(0, 10**15), st.integers(0, 10**15)), min_size=8, max_size=20))
def test_candles(drawn: list[tuple[Any, ...]]) -> None:
    """Whole numbers and decimals mixed, and moments in any unit, are the same as read one by one."""
    rows = [[first, *values, last] for *values, first, last in drawn]
    found = read_columns(rows, Kline)
    assert found is None or found == alone(rows, Kline)
    assert wire.many(Kline)(rows) == alone(rows, Kline)


def test_a_candle() -> None:
    """The rows stand in `raw`, the other fields have their defaults."""
    found = read_columns([ROW] * SHORTEST, Kline)
    assert found is not None
    assert found == alone([ROW] * SHORTEST, Kline)
    assert {(str(each.open_time), each.raw is ROW, each.is_closed) for each in found} == {
        ("2026-09-21 14:13:20+00:00", True, False)
    }


CHANGES: list[tuple[int, Any]] = [
    (0, 1790000000),
    (0, 1790000000000000),
    (0, "1790000000000"),
    (0, Decimal("1790000000000")),
    (0, None),
    (1, Decimal("1e41")),
    (1, Decimal("1e-41")),
    (1, "1.5"),
    (1, True),
    (1, None),
    (2, 10**45),
]


@pytest.mark.parametrize(("place", "value"), CHANGES)
def test_a_value_that_has_to_be_looked_at(place: int, value: Any) -> None:
    """One value that is not plain, and the rows are read one by one."""
    rows = [ROW] * SHORTEST + [[*ROW[:place], value, *ROW[place + 1 :]]]
    assert read_columns(rows, Kline) is None
    assert wire.many(Kline)(rows) == alone(rows, Kline)


@pytest.mark.parametrize("odd", ["1e9", "-", "1" * 41, "٣", " 1"])
def test_a_text_that_has_to_be_looked_at(odd: str) -> None:
    """One text that is more than digits and a point, and the rows are read one by one."""
    rows = [list(PLAIN[:2])] * SHORTEST + [[odd, "1"]]
    assert read_columns(rows, Level) is None
    assert wire.many(Level)(rows) == alone(rows, Level)


@pytest.mark.parametrize("rows", [[], [PLAIN[:2]] * (SHORTEST - 1), [{}] * 20, ["12"] * 20, [["1"]] * 20])
def test_no_columns(rows: list[Any]) -> None:
    """Few rows, rows that are no lists, and rows that are too short."""
    assert read_columns(rows, Level) is None


def test_a_class_without_places() -> None:
    """A class whose fields have names alone has no columns."""
    assert read_columns([["1", "2"]] * 20, Order) is None


@pytest.fixture
def untrapped() -> Iterator[None]:
    """A context in which Python makes NaN of a wrong number."""
    with localcontext() as context:
        context.traps[InvalidOperation] = False
        assert getcontext() is context
        yield


@pytest.mark.usefixtures("untrapped")
def test_without_traps() -> None:
    """A program may have turned the trap of wrong numbers off: then each row is looked at."""
    rows = [["1.2.3", "1"], *[["1", "2"]] * SHORTEST]
    assert read_columns(rows, Level) is None


def test_a_long_book() -> None:
    """An order book of many prices is best first on both sides, whatever order it came in."""
    rows = [[str(price), "1"] for price in (5, 3, 9, 1, 8, 2, 7, 4, 6, 10)]
    book = wire.one(Depth)({"bids": rows, "asks": rows})
    assert [int(each.price) for each in book.bids] == list(range(10, 0, -1))
    assert [int(each.price) for each in book.asks] == list(range(1, 11))
