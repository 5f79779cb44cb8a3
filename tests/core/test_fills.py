"""Each fill once, from events and from the list of trades, whether or not both have the same trade ids."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.fills import Fills, TradeIds
from bingx_async.models import Fill
from tests.orderings.messages import START, SYMBOL

PRICES = (Decimal(100), Decimal("100.5"))


def fill(
    trade_id: str, ms: float = 0, quantity: str = "1", price: Decimal | None = PRICES[0], **fields: object
) -> Fill:
    known = {"price": price, "quantity": Decimal(quantity), "time": START + timedelta(milliseconds=ms)}
    return Fill(trade_id, 5, "", SYMBOL, **(known | fields))  # type: ignore[arg-type]


def heard(*told: tuple[Fill, bool], executed: str = "100") -> list[str]:
    """The ids of the fills that show, in the order in which they do."""
    fills = Fills(TradeIds())
    shown: list[Fill] = []
    for each, is_event in told:
        fills.hear(each, is_event)
        shown += fills.show(max(Decimal(executed), fills.proven))
    assert sorted(map(id, shown)) == sorted(map(id, fills.shown))
    return [each.trade_id for each in shown]


def test_within_one_source_the_id_tells() -> None:
    """The same id is the same fill, another id another, however alike."""
    assert heard((fill("1"), True), (fill("2"), True), (fill("1"), True)) == ["1", "2"]
    assert heard((fill("1"), False), (fill("2"), False), (fill("1"), False)) == ["1", "2"]


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (fill("x", 999), True),
        (fill("x", -999), True),
        (fill("x", 1000), False),
        (fill("x", -1000), False),
        (fill("x", price=PRICES[1]), False),
        (fill("x", quantity="2"), False),
        (fill("x", quantity="1.00"), True),
        (fill("x", time=None), True),
        (fill("", 10), True),
    ],
)
def test_of_two_sources_looks_tell(other: Fill, is_same: bool) -> None:
    """Price, quantity and a second in which both can be, while it is not known whether the ids are the same."""
    assert len(heard((fill("1"), True), (other, False))) == (1 if is_same else 2)
    assert len(heard((other, False), (fill("1"), True))) == (1 if is_same else 2)


def test_equal_fills_of_one_second() -> None:
    """Each of one source has one twin at most."""
    events, trades = [(fill(f"e{n}", 100 * n), True) for n in range(3)], [(fill(f"t{n}"), False) for n in range(3)]
    assert len(heard(*events, *trades)) == 3
    assert len(heard(*events[:1], *trades)) == 3
    assert len(heard(*events, *trades[:1])) == 3
    assert len(heard(events[0], trades[0], events[1], trades[1], trades[2], events[2])) == 3


def test_twins_change_partners() -> None:
    """The trade of second 1 is the first event, though the trade of second 2 could have been it as well."""
    events = (fill("a", 1900), True), (fill("b", 2800), True)
    assert len(heard(*events, (fill("t2", 2000), False), (fill("t1", 1000), False))) == 2


def test_a_fill_is_held_until_there_is_room() -> None:
    """The sum never exceeds the executed quantity; more executed lets it show."""
    fills = Fills(TradeIds())
    fills.hear(fill("1"), True)
    assert len(fills.show(Decimal(1))) == 1
    fills.hear(fill("2", 5000), False)
    assert (fills.show(Decimal("1.5")), fills.are_held, fills.total) == ([], True, 1)
    assert [each.trade_id for each in fills.show(Decimal(2))] == ["2"]
    assert (fills.are_held, fills.total, fills.value) == (False, 2, 200)


def test_one_id_in_both_sources_tells_that_ids_are_the_same() -> None:
    """Then two ids are two fills, and both together prove what was executed."""
    fills = Fills(TradeIds())
    for each, is_event in ((fill("1"), True), (fill("2"), False), (fill("1"), False)):
        fills.hear(each, is_event)
    assert (fills.ids.are_shared, fills.proven, len(fills.show(fills.proven))) == (True, 2, 2)
    fills.hear(fill("3"), False)
    assert (fills.proven, len(fills.show(fills.proven))) == (3, 1)


def test_one_id_of_two_contents_proves_nothing() -> None:
    """The sources may count apart from each other and meet by chance."""
    fills = Fills(TradeIds())
    fills.hear(fill("1"), True)
    fills.hear(fill("1", quantity="2"), False)
    assert (fills.ids.are_shared, fills.proven) == (False, 2)


def test_the_one_that_gives_way_finds_another_twin() -> None:
    """A trade without an id was taken for event 1 by its looks; now trade 1 comes, and it is event 2 as likely."""
    events = (fill("1"), True), (fill("2"), True)
    assert heard(*events, (fill(""), False), (fill("1"), False)) == ["1", "2"]
    assert sorted(heard((fill(""), False), *events, (fill("1"), False))) == ["", "2"]
    assert heard(*events, (fill("t"), False), (fill("1"), False)) == ["1", "2", "t"]


def test_the_one_that_gives_way_was_shown() -> None:
    """Then the fill of the two equal ids has not been shown yet, and is."""
    assert heard((fill("t"), False), (fill("1"), True), (fill("1"), False)) == ["t", "1"]


def test_a_fill_without_an_id() -> None:
    """It is told apart by price, quantity and moment, has a twin by its looks even where ids are the same, and proves
    nothing more than its own source does."""
    same, nameless = ((fill("1"), True), (fill("1"), False)), (fill("", 2000), True)
    assert heard(*same, nameless, nameless, (fill("2", 2000), False)) == ["1", ""]
    fills = Fills(TradeIds())
    for each, is_event in (*same, (fill("2", 3000), True), (fill("", 9000), False)):
        fills.hear(each, is_event)
    assert (fills.proven, len(fills.show(Decimal(2))), fills.are_held) == (2, 2, True)


@pytest.mark.parametrize("quantity", [None, Decimal(0), Decimal(-1)])
def test_a_fill_of_nothing(quantity: Decimal | None) -> None:
    """It is none."""
    assert heard((Fill("1", 5, quantity=quantity), True)) == []


def test_the_oldest_fill_comes_first() -> None:
    """Whenever it was heard of; one without a moment before all."""
    fills = Fills(TradeIds())
    for each in (fill("2", 2000), fill("3", 3000), fill("1", 1000), fill("0", time=None)):
        fills.hear(each, False)
    fills.show(fills.proven)
    assert [each.trade_id for each in fills.shown] == ["0", "1", "2", "3"]


def test_a_value_that_is_not_told() -> None:
    """It is price times quantity, and nothing without a price."""
    fills = Fills(TradeIds())
    for each in (fill("1", quantity="2"), fill("2", price=PRICES[1], quote_quantity=Decimal(7)), fill("3", price=None)):
        fills.hear(each, True)
    fills.show(fills.proven)
    assert fills.value == 207


def test_hundreds_of_equal_fills() -> None:
    """A chain of fills that could each be the next one's twin ends, and is quick."""
    events = [(fill(f"e{n}", 900 * n), True) for n in range(500)]
    trades = [(fill(f"t{n}", 900 * n), False) for n in range(500)]
    assert len(heard(*events, *trades[::-1], executed="500")) == 500
    assert len(heard(*events, *trades[1:], *trades[:1], executed="500")) == 500


truths = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from(("1", "2")), st.sampled_from(PRICES)), min_size=1, max_size=7
)


@given(truths, st.booleans(), st.booleans(), st.data())
def test_any_order_of_both_sources(
    truth: list[tuple[int, str, Decimal]], same_ids: bool, rounds_up: bool, data: st.DataObject
) -> None:
    """Whatever of it one source tells, where the other is complete: the fills are those that happened."""
    told: list[tuple[Fill, bool]] = []
    is_whole = data.draw(st.booleans(), "the events are whole")
    for number, (ms, quantity, price) in enumerate(truth):
        rounded = (ms + 500 * rounds_up) // 1000 * 1000
        event = (fill(str(number), ms, quantity, price), True)
        trade = (fill(str(number) if same_ids else f"t{number}", rounded, quantity, price), False)
        told.append(event if is_whole else trade)
        if data.draw(st.booleans()):
            told.append(trade if is_whole else event)
    fills = Fills(TradeIds())
    executed = data.draw(st.sampled_from((Decimal(0), sum((Decimal(each[1]) for each in truth), Decimal(0)))))
    for each, is_event in data.draw(st.permutations(told)):
        fills.hear(each, is_event)
        fills.show(max(executed, fills.proven))
    shown = Counter((each.quantity, each.price) for each in fills.shown)
    assert shown == Counter((Decimal(quantity), price) for _, quantity, price in truth)
    assert fills.total == sum(Decimal(each[1]) for each in truth)
