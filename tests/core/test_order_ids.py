"""Which messages are about one order: by order id, by client id, by both, in whatever order they come."""

from decimal import Decimal

import pytest

from bingx_async.core.order_state import OrderStates
from bingx_async.models import (
    FillAdded,
    OcoOrderType,
    Order,
    OrderChanged,
    OrderStatus,
    OrderType,
    Placement,
    Side,
)
from tests.core.told import ONE, OWN, TWO, after, answers, told
from tests.orderings.messages import START, SYMBOL, Teller, Telling, Trade


def test_an_event_before_the_reply() -> None:
    """Without a client id it is an order of its own until the reply joins both ids; no fill is told again."""
    bare = Teller(Telling(names=False), 5, "Own-1")
    states = told(bare.sending(), bare.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE), bare.trade(ONE))
    assert len(states.all()) == 2
    (changed,) = bare.reply("PENDING", "0", 50)(states)
    assert isinstance(changed, OrderChanged)
    assert (changed.order.client_order_id, changed.order.order_id, changed.order.status) == (
        "Own-1",
        5,
        "PARTIALLY_FILLED",
    )
    assert states.all() == (changed.order,)
    assert answers(changed.order) == [
        "is being sent",
        "a fill of 1",
        "PARTIALLY_FILLED, 1 executed",
        "PENDING, 0 executed",
    ]


def test_the_fills_of_two_records_that_become_one() -> None:
    """Those that both had are one; those of either are kept, and told if they were not."""
    waiting, order = (Teller(Telling(names=False), each, "Own-1", type=OrderType.TRIGGER_LIMIT) for each in (5, 9))
    states = told(waiting.sending(), waiting.reply("NEW", "0", 50), waiting.trade(ONE), waiting.trade(TWO))
    order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE)(states)
    (changed,) = order.reply("PARTIALLY_FILLED", "1", 1000)(states)
    assert sorted(fill.trade_id for fill in changed.order.fills) == ["1", "2"]
    assert (changed.order.executed_quantity, changed.order.order_id, len(states.all())) == (3, 9, 1)


def test_all_that_was_known_of_an_order_without_its_name() -> None:
    """Comes along when its name is told: what was executed, that a cancel was accepted, that its end has a number."""
    bare = Teller(Telling(names=False), 5, "Own-1")
    states = told(OWN.sending(), bare.event("NEW", "PENDING", "0", 50))
    cancelled = Order(SYMBOL, 5, status=OrderStatus.CANCELED, executed_quantity=Decimal(1))
    states.take_cancel(cancelled, "cancel_order", START)
    OWN.reply("PENDING", "0", 50)(states)
    (order,) = states.unsettled()
    assert (order.executed_quantity, order.client_order_id) == (1, "Own-1")
    states = told(OWN.sending(), bare.event("NEW", "PENDING", "0", 50))
    states.take_cancel(Order(SYMBOL, 5, status=OrderStatus.CANCELED), "cancel_order", START)
    OWN.reply("PENDING", "0", 50)(states)
    assert [order.client_order_id for order in states.unsettled()] == ["Own-1"]
    states = told(OWN.sending(), bare.event("CANCELED", "CANCELED", "0", 50), OWN.reply("PENDING", "0", 50))
    assert [order.is_done for order in states.all()] == [True]
    states = told(OWN.sending(), bare.leg("CANCELED", OcoOrderType.LIMIT))
    states.take_order(Order(SYMBOL, 5, status=OrderStatus.CANCELED), "get_order", START)
    OWN.reply("PENDING", "0", 50)(states)
    assert [order.is_executed_known for order in states.all()] == [False]


def test_sent_again_under_a_name() -> None:
    """While an order of that client id is there it is that order; once it is done another one has the name."""
    states = told(OWN.sending(), OWN.reply("PENDING", "0", 50), OWN.sending())
    assert [order.placement for order in states.all()] == ["placed"]
    OWN.event("CANCELED", "CANCELED", "0", 100)(states)
    OWN.sending()(states)
    assert [order.placement for order in states.all()] == ["placed", "sending"]
    found = states.find("OWN-1")
    assert found is not None
    assert found.placement is Placement.SENDING


def test_a_leg_that_does_not_tell_how_much() -> None:
    """CANCELED without a number is over but not done; the trades, or a query, tell."""
    leg = OWN.leg("CANCELED", OcoOrderType.LIMIT)
    states = told(OWN.trade(ONE), leg)
    (order,) = states.unsettled()
    assert (order.status, order.order_id, order.order_list_id, order.is_done) == ("CANCELED", "5", "77", False)
    (changed,) = states.fills_read("5", "iter_fills", START)
    assert (changed.order.is_done, changed.order.executed_quantity) == (True, 1)
    queried = after(OWN.trade(ONE), OWN.reply("CANCELED", "1", 0), leg, ref="5")
    assert (queried.is_done, queried.order_id) == (True, "5")


def test_trades_of_an_order_that_is_not_over_prove_no_number() -> None:
    """There may be more."""
    states = told(OWN.reply("PENDING", "0", 50))
    assert states.fills_read(5, "iter_fills", START) == []
    assert states.fills_read(6, "iter_fills", START) == []


def test_a_leg_that_is_filled() -> None:
    """All of it is executed, and unsettled until the fills are there."""
    states = told(OWN.leg("FILLED", OcoOrderType.LIMIT))
    (order,) = states.unsettled()
    assert (order.executed_quantity, order.is_done) == (3, False)


def test_two_legs_of_one_client_id() -> None:
    """They stay two, whichever is told first."""
    legs = [Teller(Telling(), 5, "77").leg("NEW", OcoOrderType.STOP_LIMIT)]
    legs += [Teller(Telling(), 6, "77").leg("PENDING", OcoOrderType.LIMIT)]
    for messages in (legs, legs[::-1]):
        assert {order.order_id for order in told(*messages, *messages).open()} == {"5", "6"}


def test_two_orders_of_one_client_id() -> None:
    """Orders that wait for no price never go on under a new id: they are two, and the name is that of the later."""
    other = Teller(Telling(), 6, "Own-1")
    states = told(OWN.reply("PENDING", "0", 50), other.reply("PENDING", "0", 60))
    assert [order.order_id for order in states.open()] == [5, 6]
    found = states.find("own-1")
    assert found is not None
    assert found.order_id == 5
    OWN.reply("CANCELED", "0", 70)(states)
    other.reply("PENDING", "0", 80)(states)
    found = states.find("own-1")
    assert found is not None
    assert found.order_id == 6


@pytest.mark.parametrize(
    ("later", "orders"),
    [
        (Teller(Telling(), 9, "Own-1"), 1),
        (Teller(Telling(), 4, "Own-1"), 1),
        (Teller(Telling(), 10, "Own-1", type=OrderType.TRIGGER_LIMIT), 1),
    ],
)
def test_a_triggered_order_goes_on_under_a_later_id(later: Teller, orders: int) -> None:
    """Its state is that under the later id, 10 after 9, and both ids name it."""
    waiting = Teller(Telling(), 5, "Own-1", type=OrderType.TRIGGER_LIMIT)
    last = max(5, later.order_id)
    states = told(waiting.reply("NEW", "0", 900), later.reply("PENDING", "0", 100))
    found = states.find(5)
    assert found is not None
    assert len(states.all()) == orders
    assert (found, found.order_id, found.status) == (
        states.find(later.order_id),
        last,
        "PENDING" if last > 5 else "NEW",
    )


def test_the_old_id_of_a_triggered_order_tells_no_state() -> None:
    """However late and final: it is evidence."""
    waiting, later = (Teller(Telling(), each, "Own-1", type=OrderType.TRIGGER_LIMIT) for each in (5, 9))
    states = told(waiting.reply("NEW", "0", 50), later.reply("PENDING", "0", 100), waiting.reply("CANCELED", "0", 900))
    (order,) = states.open()
    assert (order.order_id, order.status, answers(order)[-1]) == (9, "PENDING", "CANCELED, 0 executed")


def test_a_conditional_order_that_was_over() -> None:
    """Another order under its client id is another order, whichever is told first."""
    over = Teller(Telling(), 5, "Own-1", type=OrderType.TRIGGER_LIMIT).reply("CANCELED", "0", 100)
    new = Teller(Telling(), 9, "Own-1", type=OrderType.TRIGGER_LIMIT).reply("NEW", "0", 200)
    for states in (told(over, new), told(new, over)):
        assert {(order.order_id, order.status.value) for order in states.all()} == {(5, "CANCELED"), (9, "NEW")}


def test_an_order_with_two_client_ids() -> None:
    """The order id counts: the order of the other client id is another one."""
    renamed = Teller(Telling(), 5, "Own-2")
    states = told(OWN.sending(), renamed.sending(), OWN.reply("PENDING", "0", 50), renamed.reply("PENDING", "0", 60))
    assert [(order.client_order_id, order.order_id) for order in states.all()] == [("Own-1", 5), ("Own-2", None)]


def test_orders_of_two_sides_are_two() -> None:
    """Even conditional ones under one client id."""
    waiting = Teller(Telling(), 5, "Own-1", type=OrderType.TRIGGER_LIMIT)
    selling = Order(SYMBOL, 9, "Own-1", status=OrderStatus.NEW, type=OrderType.TRIGGER_LIMIT, side=Side.SELL)
    states = told(waiting.reply("NEW", "0", 50))
    states.take_order(selling, "list_open_orders", START)
    assert len(states.open()) == 2


def test_a_report_that_names_no_order() -> None:
    """An empty half of a reply changes nothing."""
    states = OrderStates()
    assert states.take_order(Order(order_id=0), "replace_order", START) == []
    assert states.all() == ()


def test_an_order_known_by_its_name_alone() -> None:
    """The id comes later."""
    states = OrderStates()
    states.take_order(Order(SYMBOL, None, "Own-1", status=OrderStatus.NEW), "place_order", START)
    OWN.event("NEW", "PENDING", "0", 60)(states)
    assert [(order.order_id, order.status) for order in states.all()] == [(5, "PENDING")]


def test_the_ids_of_one_order_part_the_fills_of_another() -> None:
    """Once a fill came from both sources under one id, two ids are two fills, also where they looked like one."""
    twin = Trade(7, "1", 1200)
    states = told(OWN.event("TRADE", "PARTIALLY_FILLED", "2", 1200, ONE), OWN.trade(twin))
    assert states.find(5) is not None
    other = Teller(Telling(), 6, "Own-2")
    other.event("TRADE", "PARTIALLY_FILLED", "2", 1900, TWO)(states)
    *_, added = other.trade(TWO)(states)
    assert isinstance(added, FillAdded)
    assert (added.fill.trade_id, added.order.order_id, added.order.filled_quantity) == ("7", 5, 2)


def test_a_leg_without_an_id() -> None:
    """An id of 0 is none: two such legs are told apart by their client ids."""
    legs = [Teller(Telling(), 0, name).leg("FAILED", OcoOrderType.LIMIT) for name in ("31", "32")]
    assert {(order.order_id, order.client_order_id) for order in told(*legs).all()} == {(None, "31"), (None, "32")}
