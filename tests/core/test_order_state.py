"""One state of an order from replies, events and queries: it only goes forward, and says on what it rests."""

from datetime import datetime
from decimal import Decimal

import pytest

from bingx_async.core.order_state import OrderStates
from bingx_async.models import (
    FillAdded,
    Order,
    OrderChanged,
    OrderStatus,
    OrderType,
    Placement,
)
from tests.core.told import ONE, OWN, after, answers, told
from tests.orderings.messages import PRICE, START, SYMBOL, Teller, Telling, moment


def test_what_was_asked_for_stands_until_the_exchange_describes_it() -> None:
    """The exchange may cut digits: its own description counts, and other replies do not change it."""
    states = told(Teller(Telling(), 5, "Own-1", quantity="3.00009").sending())
    sent = states.find("Own-1")
    assert sent is not None
    assert (sent.original_quantity, sent.price, sent.placement) == (Decimal("3.00009"), PRICE, Placement.SENDING)
    OWN.reply("PENDING", "0", 50)(states)
    order = states.find("own-1")
    assert order is not None
    assert (order.original_quantity, order.client_order_id, order.order_id) == (Decimal(3), "Own-1", 5)
    Teller(Telling(), 5, "Own-1", quantity="7").reply("PENDING", "0", 50)(states)
    assert states.find(5) == order


def test_a_change_is_told_once() -> None:
    """A message that tells nothing new is evidence and no change."""
    states = OrderStates()
    message = OWN.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE)
    changed, added = message(states)
    assert isinstance(changed, OrderChanged)
    assert isinstance(added, FillAdded)
    assert changed.order is added.order is states.find(5)
    assert added.order.fills == (added.fill,)
    assert message(states) == []


def test_the_fee_is_positive_where_it_was_paid() -> None:
    """The exchange sends -0.01."""
    assert after(OWN.event("TRADE", "FILLED", "1", 1200, ONE)).fills[0].fee == Decimal("0.01")


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (("NEW", "0", 100), ("PENDING", "0", 200), "PENDING"),
        (("PARTIALLY_FILLED", "1", 100), ("PENDING", "0", 200), "PARTIALLY_FILLED"),
        (("PARTIALLY_FILLED", "1", 300), ("RUNNING", "1", 400), "RUNNING"),
        (("NEW", "0", 1200), ("PENDING", "0", 1000), "PENDING"),  # 1000 may be 1200, rounded
        (("SLEEPING", "0", 1200), ("PENDING", "0", 1000), "PENDING"),
        (("PENDING", "0", 2200), ("NEW", "0", 1100), "PENDING"),
        (("PENDING", "0", 100), ("SLEEPING", "0", 200), "SLEEPING"),
        (("PENDING", "0", 100), ("", "0", 200), "PENDING"),
        (("CANCELED", "1", 100), ("PARTIALLY_FILLED", "2", 200), "CANCELED"),
        (("CANCELED", "1", 100), ("FILLED", "3", 90), "FILLED"),
        (("FILLED", "3", 100), ("PENDING", "0", 900), "FILLED"),
        (("FAILED", "0", 100), ("NEW", "0", 900), "FAILED"),
    ],
)
def test_the_further_report_counts(first: tuple[str, str, int], second: tuple[str, str, int], status: str) -> None:
    """A final state before any other, then more executed, then the later moment; in whichever order they come."""
    one, other = OWN.reply(*first), OWN.reply(*second)
    executed = max(Decimal(first[1]), Decimal(second[1]))
    for order in (after(one, other), after(other, one)):
        assert (order.status, order.executed_quantity) == (status, executed)
    assert after(one, other).update_time == moment(max(first[2], second[2]))


@pytest.mark.parametrize("executed", ["3", "1", "0"])
def test_filled_is_never_left(executed: str) -> None:
    """CANCELED after FILLED is a contradiction: it is kept as evidence."""
    order = after(OWN.reply("FILLED", "3", 100), OWN.reply("CANCELED", executed, 900))
    assert (order.status, order.executed_quantity) == ("FILLED", 3)
    assert answers(order)[-1] == f"CANCELED, {executed} executed, after it was FILLED"


def test_more_executed_than_at_the_end() -> None:
    """The executed quantity rises, the final state stays, and the contradiction stands in the evidence."""
    order = after(OWN.reply("CANCELED", "1", 100), OWN.event("TRADE", "PARTIALLY_FILLED", "2", 90))
    assert (order.status, order.executed_quantity, order.is_done) == ("CANCELED", 2, False)
    assert answers(order)[-1] == "PARTIALLY_FILLED, 2 executed, after it was CANCELED"
    with_more = after(OWN.reply("CANCELED", "1", 100), OWN.reply("CANCELED", "2", 90), OWN.reply("FILLED", "2", 95))
    assert (with_more.status, with_more.executed_quantity) == ("CANCELED", 2)


def test_an_unknown_state_is_neither_open_nor_final() -> None:
    """It has to be asked for."""
    states = told(OWN.reply("SLEEPING", "0", 100))
    (order,) = states.unsettled()
    assert (order.is_open, order.is_done, states.open()) == (False, False, ())


def test_filled_with_nothing_executed_proves_no_end() -> None:
    """It stays as it was, and unsettled where that is unknown."""
    states = told(OWN.reply("FILLED", "0", 100))
    (order,) = states.unsettled()
    assert (order.status, answers(order)) == ("", ["FILLED, 0 executed, but nothing is executed"])


def test_a_market_order_has_no_limit_price() -> None:
    """Its price is a bound, and its quantity of 0 is none."""
    order = after(Teller(Telling(), 5, "", quantity="0", type=OrderType.MARKET, value="20").reply("NEW", "0", 50))
    assert (order.price, order.original_quantity, order.original_quote_quantity) == (None, None, 20)


def test_moments_may_be_missing() -> None:
    """Of two reports of which one has no moment, the one counts whose state usually comes later; a state that is not
    known counts until a known one is told."""
    states, earlier = OrderStates(), datetime.fromtimestamp(0, START.tzinfo)
    seen: list[str] = []
    for status in ("NEW", "PENDING", "NEW"):
        states.take_order(Order(SYMBOL, 5, status=OrderStatus(status), time=START), "get_order", START)
        seen += [str(each.status) for each in states.open()]
        OWN.reply("NEW", "0", 50)(states)
    assert seen == ["NEW", "PENDING", "PENDING"]
    OWN.reply("SLEEPING", "0", 90)(states)
    assert states.open() == ()
    states.take_order(Order(SYMBOL, 5, status=OrderStatus.NEW, time=earlier), "get_order", START)
    (order,) = states.open()
    assert (order.status, order.time, order.update_time) == ("NEW", earlier, moment(90))
