"""A book of increments: ids in order, both shapes of levels, what cannot be right is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.order_book import DEEPEST, Book, Took
from bingx_async.models import Level

LEVELS = {"bids": {"99": "1", "98.5": "2"}, "asks": {"101.5": "4", "101": "3"}}


def level(price: str, quantity: str) -> Level:
    return Level(Decimal(price), Decimal(quantity))


def whole(number: Any, **more: Any) -> dict[str, Any]:
    return {"action": "all", "lastUpdateId": number, **LEVELS, **more}


def update(number: Any, **more: Any) -> dict[str, Any]:
    return {"action": "update", "lastUpdateId": number, **more}


def begun(number: int = 5) -> Book:
    book = Book()
    assert book.take(whole(number), 1000) is Took.WHOLE
    return book


def test_the_whole_book() -> None:
    """The best prices come first, whatever the order in the message; the id and the stamp are those of the message."""
    book = begun()
    assert book.bids.top(9) == (level("99", "1"), level("98.5", "2"))
    assert book.asks.top(9) == (level("101", "3"), level("101.5", "4"))
    assert (book.bids.top(1), book.asks.top(1)) == ((level("99", "1"),), (level("101", "3"),))
    assert (len(book.bids), len(book.asks), book.last, book.time) == (2, 2, 5, 1000)


@pytest.mark.parametrize(
    "asks", [{"101": "0", "102": "7"}, [["102", "7"], ["101", "0"]], [["102", 7, "more"], [101, 0]]]
)
def test_an_update_sets_and_deletes(asks: Any) -> None:
    """Both shapes of levels, and numbers for texts: a quantity is set and not added, 0 deletes."""
    book = begun()
    assert book.take(update(6, asks=asks, bids={"99.0": "5"}), 1500) is Took.APPLIED
    assert book.asks.top(9) == (level("101.5", "4"), level("102", "7"))
    assert book.bids.top(9) == (level("99", "5"), level("98.5", "2"))
    assert (book.last, book.time) == (6, 1500)


def test_an_unknown_price_is_deleted_too() -> None:
    """Deleting a price that is not there changes nothing, and is no error."""
    book = begun()
    assert book.take(update("6", asks={"150": "0", "151": "1e-999999"}, bids=None)) is Took.APPLIED
    assert book.asks.top(9) == begun().asks.top(9)
    assert (book.last, book.time) == (6, 1000)


def test_one_price_written_in_two_ways() -> None:
    """It is one price, also where a number stands for its text."""
    book = begun()
    assert book.take(update(6, asks=[["101.0", "5"], [102, "6"]])) is Took.APPLIED
    assert book.asks.top(9) == (level("101", "5"), level("101.5", "4"), level("102", "6"))
    assert book.take(update(7, asks={"101.00": "0", "102": "0", "101.5": 7})) is Took.APPLIED
    assert book.asks.top(9) == (level("101.5", "7"),)


def test_a_message_may_stand_in_a_list() -> None:
    """A list of one is as the message itself."""
    book = Book()
    assert book.take([whole(1)]) is Took.WHOLE
    assert book.take([update(2), update(3)]) is Took.UNREADABLE


def test_old_updates_are_dropped() -> None:
    """An update that is not newer than the book changes nothing."""
    book = begun()
    assert book.take(update(5, asks={"101": "9"})) is Took.OLD
    assert book.take(update(4, asks={"101": "9"})) is Took.OLD
    assert book.asks.top(1) == (level("101", "3"),)


def test_updates_wait_for_those_before_them() -> None:
    """They are applied in the order of their ids once the missing one is there."""
    book = begun()
    assert book.take(update(8, asks={"101": "8"}), 8) is Took.HELD
    assert book.take(update(7, asks={"101": "7"}), 7) is Took.HELD
    assert book.take(update(7, asks={"101": "7"}), 7) is Took.HELD
    assert (book.asks.top(1), sorted(book.held)) == ((level("101", "3"),), [7, 8])
    assert book.take(update(6, asks={"101": "6"}), 6) is Took.APPLIED
    assert (book.asks.top(1), book.held, book.last, book.time) == ((level("101", "8"),), {}, 8, 8)


def test_updates_before_the_whole_book() -> None:
    """The three newest are kept; those that the whole book has are dropped, those that follow it are applied."""
    book = Book()
    for number in (4, 5, 6, 7):
        assert book.take(update(number, asks={"101": str(number)})) is Took.HELD
    assert sorted(book.held) == [5, 6, 7]
    assert book.take(whole(5)) is Took.WHOLE
    assert (book.last, book.held, book.asks.top(1)) == (7, {}, (level("101", "7"),))


def test_a_later_whole_book_replaces_everything() -> None:
    """Also one with the same id; what waits behind it is kept."""
    book = begun()
    book.take(update(6, bids={"98": "1"}))
    book.take(update(8, bids={"97": "1"}))
    assert book.take(whole(6)) is Took.WHOLE
    assert (book.bids.top(9), sorted(book.held)) == (begun().bids.top(9), [8])
    assert book.take(whole(9, bids=[])) is Took.WHOLE
    assert (book.bids.top(9), book.held, book.last) == ((), {}, 9)


def test_an_older_whole_book_is_told() -> None:
    """Either it comes late or the ids began anew: which of the books is right cannot be known. The next one is."""
    book = begun()
    assert book.take(whole(4)) is Took.BACKWARDS
    assert (book.last, len(book.asks)) == (None, 0)
    assert book.take(whole(1)) is Took.WHOLE


def test_a_late_whole_book_is_told_after_discarding_too() -> None:
    """What came before is remembered, also updates that waited; behind another connection ids may begin anew."""
    book = begun()
    book.take(update(9))
    book.discard()
    book.discard()
    assert book.take(whole(8)) is Took.BACKWARDS
    book.take(whole(9))
    book.forget()
    assert book.take(whole(1)) is Took.WHOLE


@pytest.mark.parametrize(
    "message",
    [
        None,
        "text",
        [],
        {},
        {"action": "all"},
        whole(None),
        whole("x"),
        {"action": "other", "lastUpdateId": 6},
        update(6, asks="text"),
        update(6, asks=5),
        update(6, asks=[["1"]]),
        update(6, asks=[{"price": "1"}]),
        update(6, asks={"101": "-1"}),
        update(6, asks={"101": None}),
        update(6, asks={"101": "NaN"}),
        update(6, asks={"101": "1e999999"}),
        update(6, asks={"1e-999999": "1"}),
        update(6, asks={"103": "Infinity"}),
        update(6, asks={"0": "1"}),
        update(6, asks={"-3": "1"}),
        update(6, asks={"NaN": "1"}),
        update(6, asks={"one": "1"}),
        whole(6, asks={"101": "-1"}),
        whole(6, asks=[[str(price), "1"] for price in range(10_001, 0, -1)]),
    ],
)
def test_what_cannot_be_read_is_told(message: Any) -> None:
    """Whatever comes, nothing is raised."""
    assert begun().take(message) is Took.UNREADABLE


@pytest.mark.parametrize("message", [update(6, bids={"101": "1"}), whole(6, asks={"98.5": "1"})])
def test_a_crossed_book_is_told(message: Any) -> None:
    """A bid at the price of an ask, or above, is a sign of a wrong book."""
    assert begun().take(message) is Took.CROSSED


def test_a_held_update_that_crosses_is_told() -> None:
    """Those behind it are not applied."""
    book = begun()
    book.take(update(8, bids={"102": "0"}))
    book.take(update(7, bids={"102": "1"}))
    assert book.take(update(6)) is Took.CROSSED
    assert book.last == 7


def test_what_waits_can_be_applied_over_a_gap() -> None:
    """In the order of ids; one that crosses or cannot be read is told."""
    book = begun()
    book.take(update(9, asks={"101": "9"}))
    book.take(update(7, asks={"101": "7"}))
    assert book.apply_held() is Took.APPLIED
    assert (book.last, book.held, book.asks.top(1)) == (9, {}, (level("101", "9"),))
    book.take(update(11, bids={"105": "1"}))
    assert book.apply_held() is Took.CROSSED
    book.take(update(13, bids="text"))
    assert book.apply_held() is Took.UNREADABLE


def test_discarding_forgets_everything() -> None:
    """Nothing of the old book is left, also not what waits."""
    book = begun()
    book.take(update(8))
    book.discard()
    assert (book.bids.top(9), book.asks.top(9), book.last, book.time, book.held) == ((), (), None, None, {})


def test_the_worst_levels_are_dropped() -> None:
    """At most 1000 levels are kept on a side: the best of them."""
    book = begun()
    bids = {f"{price}.25": "1" for price in range(DEEPEST)}
    asks = [[2000 + price, "1"] for price in range(DEEPEST + 5)]
    assert book.take(whole(7, bids=bids, asks=asks)) is Took.WHOLE
    assert (len(book.bids), len(book.asks)) == (DEEPEST, DEEPEST)
    assert book.take(update(8, bids={"1500": "1", "0.5": "1"}, asks={"1999": "1", "9999": "1"})) is Took.APPLIED
    assert (len(book.bids), len(book.asks)) == (DEEPEST, DEEPEST)
    assert (book.bids.top(1), book.bids.top(DEEPEST)[-1]) == ((level("1500", "1"),), level("1.25", "1"))
    assert (book.asks.top(1), book.asks.top(DEEPEST)[-1]) == ((level("1999", "1"),), level("2998", "1"))


PRICES = st.sampled_from(["10", "10.0", "10.5", "11", "12", "13.25"])
SIDES = st.dictionaries(PRICES, st.sampled_from(["0", "1", "2.5", "0.000"]))
ACTIONS = st.tuples(st.sampled_from(["all", "update", "update"]), SIDES, SIDES, st.booleans())


@given(st.lists(ACTIONS, max_size=30))
def test_it_equals_a_plain_mapping(messages: list[tuple[str, dict[str, str], dict[str, str], bool]]) -> None:
    """After each message both sides equal mappings that were changed in the plainest way, in the right order."""
    book, mappings = begun(0), ({}, {})
    book.take(whole(0, bids=None, asks=None))
    for number, (action, bids, asks, is_list) in enumerate(messages, 1):
        asks = {str(Decimal(price) + 10): quantity for price, quantity in asks.items()}
        for side, changes in zip(mappings, (bids, asks), strict=True):
            if action == "all":
                side.clear()
            for price, quantity in changes.items():
                side[Decimal(price)] = Decimal(quantity)
            for price in [price for price, quantity in side.items() if not quantity]:
                del side[price]
        sides = [list(each.items()) if is_list else each for each in (bids, asks)]
        book.take({"action": action, "lastUpdateId": number, "bids": sides[0], "asks": sides[1]})
        rising = [[Level(price, side[price]) for price in sorted(side)] for side in mappings]
        assert list(book.bids.top(99)) == rising[0][::-1]
        assert list(book.asks.top(99)) == rising[1]
        assert list(book.bids.top(2)) == rising[0][::-1][:2]
