"""Trades of the market come each once, whichever way the exchange goes from an id."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from bingx_async import ApiError, Facts, InvalidRequest, Trade
from bingx_async.spot.trades import ITER_HISTORICAL_TRADES, QUOTE_HISTORICAL_TRADES, Seen
from tests.client.exchange import Backend, Hall, Sent, backends, refused, run

FIRST = 179000000037710500000  # beyond int64
PATH = ITER_HISTORICAL_TRADES.path


@frozen
class Tape:
    """An exchange with `count` trades, and what `fromId` means to it."""

    count: int
    reading: Literal["before", "after", "ignored", "around"]
    is_inclusive: bool = False
    newest_first: bool = True

    def answer(self, sent: Sent) -> str:
        """A page."""
        ids, most = range(FIRST, FIRST + self.count), int(sent.params["limit"])
        given = sent.params.get("fromId")
        found = self._after(ids, int(given), most) if given and self.reading != "ignored" else list(ids)[-most:]
        found = found[::-1] if self.newest_first else found
        return json.dumps({"code": 0, "data": [{"tid": str(at), "p": 1.5, "v": 2, "ms": 1 + at % 2} for at in found]})

    def _after(self, ids: range, at: int, most: int) -> list[int]:
        shift = 0 if self.is_inclusive else 1
        if self.reading == "before":
            return [each for each in ids if each <= at - shift][-most:]
        if self.reading == "after":
            return [each for each in ids if each >= at + shift][:most]
        return [each for each in ids if abs(each - at) <= most // 2 - 1]


async def walked(tape: Tape, from_id: int | str | None = None, **settings: Any) -> tuple[list[Trade], int]:
    """Everything that the iterator gives, and the number of calls."""
    hall = Hall({PATH: [tape.answer]})
    spot = hall.client(None, None, **settings).spot
    found = [each async for each in spot.iter_historical_trades("BTC-USDT", from_id=from_id)]
    return found, len(hall.exchange.calls())


def numbers(trades: list[Trade]) -> list[int]:
    """Their ids, as counted from the first trade."""
    return [int(each.trade_id) - FIRST for each in trades]


@backends
@pytest.mark.parametrize("is_inclusive", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("reading", ["before", "around"])
def test_backwards(reading: Any, newest_first: bool, is_inclusive: bool, backend: Backend) -> None:
    """An exchange that gives the trades before an id: from the latest back to the first, each once, then an end."""
    tape = Tape(1701, reading, is_inclusive, newest_first)
    found, calls = run(backend, lambda: walked(tape))
    assert sorted(numbers(found)) == list(range(1701))
    assert calls <= 10


@backends
@pytest.mark.parametrize("is_inclusive", [True, False])
def test_forwards(is_inclusive: bool, backend: Backend) -> None:
    """An exchange that gives the trades after an id: from that id to the latest; without one only the latest page."""
    tape = Tape(1701, "after", is_inclusive)
    found, calls = run(backend, lambda: walked(tape, FIRST + 200))
    assert sorted(numbers(found)) == list(range(201, 1701))
    assert calls <= 5
    found, calls = run(backend, lambda: walked(tape))
    assert (sorted(numbers(found)), calls) == (list(range(1201, 1701)), 2)


@backends
def test_an_exchange_that_ignores_the_id(backend: Backend) -> None:
    """The same page twice is the end."""
    found, calls = run(backend, lambda: walked(Tape(1701, "ignored")))
    assert (numbers(found), calls) == (list(range(1700, 1200, -1)), 2)


@backends
def test_from_an_id(backend: Backend) -> None:
    """The trade of that id has been seen: it is not given again."""
    found, _ = run(backend, lambda: walked(Tape(900, "before", is_inclusive=True), str(FIRST + 300)))
    assert numbers(found) == list(range(299, -1, -1))


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=20), st.none() | st.integers(0, 60))
def test_each_once_and_an_end(pages: list[list[int]], from_id: int | None) -> None:
    """Whatever the pages hold, no id is given twice, and a page without a new one is the end."""
    seen, given_ids = Seen(from_id), [from_id] if from_id is not None else []
    for page in pages:
        fresh = [int(each.trade_id) for each in seen.add([Trade(trade_id=str(each)) for each in page])]
        assert set(fresh).isdisjoint(given_ids)
        assert len(set(fresh)) == len(fresh)
        assert (seen.next_id is None) == (not fresh)
        given_ids += fresh
        if seen.next_id is None:
            return


def test_ids_that_are_no_numbers() -> None:
    """A trade without a number is left out: nothing could tell whether it is new."""
    seen = Seen(None)
    assert seen.add([Trade(trade_id="x"), Trade(trade_id="")]) == []
    assert seen.next_id is None


@backends
@pytest.mark.parametrize(("facts", "makers"), [(Facts(), {None}), (Facts(ms_tells_maker=True), {True, False})])
def test_maker_by_ms(facts: Facts, makers: set[bool | None], backend: Backend) -> None:
    """`ms` may tell who was the maker, if the facts say so: 1 the buyer. The number stands in `raw` in any case."""
    found, _ = run(backend, lambda: walked(Tape(4, "before"), facts=facts))
    assert {each.is_buyer_maker for each in found} == makers
    assert all(each.is_buyer_maker in (None, each.raw["ms"] == 1) for each in found)


@backends
def test_errors_and_no_data(backend: Backend) -> None:
    """ "no data" is the end; another error is raised. The other family is asked where the path is gone."""

    async def main() -> list[int]:
        hall = Hall({PATH: [refused(100404, "gone")], QUOTE_HISTORICAL_TRADES.path: [Tape(3, "before").answer]})
        found = [each async for each in hall.client(None, None).spot.iter_historical_trades("BTC-USDT")]
        hall = Hall({PATH: [refused(100204, "no data")]})
        assert [each async for each in hall.client(None, None).spot.iter_historical_trades("BTC-USDT")] == []
        hall = Hall({PATH: [refused(100400, "invalid symbol")]})
        with pytest.raises(ApiError):
            await anext(hall.client(None, None).spot.iter_historical_trades("BTC-USDT"))
        return numbers(found)

    assert run(backend, main) == [2, 1, 0]


@backends
@pytest.mark.parametrize("bad", ["x", 1.5, -1, True, ""])
def test_refused_here(bad: Any, backend: Backend) -> None:
    """An id that is none is refused when the iterator is made."""

    async def main() -> None:
        with pytest.raises(InvalidRequest, match="is not the id of a trade: write its digits"):
            Hall().client(None, None).spot.iter_historical_trades("BTC-USDT", from_id=bad)

    run(backend, main)
