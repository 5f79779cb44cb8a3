"""One state of an order from replies, events and queries: it only goes forward, and says on what it rests."""

from datetime import datetime
from decimal import Decimal, localcontext

import pytest

from bingx_async.core.evidence import FIRST, LONGEST
from bingx_async.core.order_state import OrderStates
from bingx_async.models import (
    Evidence,
    FillAdded,
    OcoOrderType,
    Order,
    OrderChanged,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Placement,
    Side,
    TrackedOrder,
)
from tests.orderings.messages import PRICE, START, SYMBOL, Message, Teller, Telling, Trade, moment

OWN = Teller(Telling(), 5, "Own-1")
ONE, TWO = Trade(1, "1", 1200), Trade(2, "2", 1900)


def told(*messages: Message) -> OrderStates:
    """The states after these messages."""
    states = OrderStates()
    for message in messages:
        message(states)
    return states


def after(*messages: Message, ref: int | str = 5) -> TrackedOrder:
    """The order after these messages."""
    order = told(*messages).find(ref)
    assert order is not None
    return order


def answers(order: TrackedOrder) -> list[str]:
    return [evidence.answer for evidence in order.why()]


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


def test_not_found_is_only_evidence() -> None:
    """Nothing else changes, however often it is said."""
    states = told(OWN.sending(), OWN.event("NEW", "PENDING", "0", 100))
    before = states.find(5)
    for _ in range(3):
        OWN.not_found()(states)
    after_it = states.find(5)
    assert after_it is not None
    assert after_it == before
    assert answers(after_it) == ["is being sent", "PENDING, 0 executed", "not found", "not found"]
    states.note("unheard of", Evidence("get_order", "not found", START))
    assert states.find("unheard of") is None


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


def test_no_answer_and_then() -> None:
    """It is unsettled until something proves what happened; a refusal after that is evidence only."""
    states = told(OWN.sending(), OWN.no_answer())
    (order,) = states.unsettled()
    assert (order.placement, order.is_done, answers(order)[-1]) == ("unknown", False, "no answer: connection lost")
    OWN.reply("PENDING", "0", 50)(states)
    OWN.refused()(states)
    placed = states.find("Own-1")
    assert placed is not None
    assert (placed.placement, placed.error, answers(placed)[-1]) == ("placed", "", "refused: 100202: no funds")


def test_refused_and_not_placed_are_done() -> None:
    """The words of the exchange are kept."""
    states = told(OWN.sending(), OWN.refused())
    order = states.find("own-1")
    assert order is not None
    assert (order.placement, order.error, order.is_done) == ("refused", "100202: no funds", True)
    states.sending("Own-2", SYMBOL, Side.BUY, OrderType.LIMIT, START)
    (changed,) = states.not_placed("Own-2", Evidence("resolve", "not found", START))
    assert isinstance(changed, OrderChanged)
    assert (changed.order.placement, changed.order.is_done) == ("not placed", True)
    assert states.not_placed("unheard of") == []


def test_an_order_that_is_there_was_not_refused() -> None:
    """A report of it tells more than a refusal; the contradiction is evidence."""
    order = after(OWN.sending(), OWN.refused(), OWN.event("NEW", "PENDING", "0", 50))
    assert (order.placement, order.error, order.is_open) == ("placed", "", True)
    assert answers(order)[-1] == "PENDING, 0 executed, it was refused"


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


def test_an_accepted_cancel_is_no_end() -> None:
    """The reply claims CANCELED, and more is filled: only an event or a query ends the order."""
    states = told(OWN.reply("PENDING", "0", 50), OWN.cancelled("0", 100))
    (order,) = states.unsettled()
    assert (order.status, order.is_done) == ("PENDING", False)
    OWN.event("TRADE", "FILLED", "1", 1200, ONE)(states)
    ended = states.find(5)
    assert ended is not None
    assert (ended.status, ended.executed_quantity, ended.is_done, states.unsettled()) == ("FILLED", 1, True, ())
    OWN.cancelled("0", 100)(states)
    assert states.unsettled() == ()


def test_all_is_executed_without_a_word_of_the_end() -> None:
    """Fills of the whole quantity are no final state: it has to be asked for."""
    states = told(OWN.reply("PENDING", "0", 50), OWN.trade(ONE), OWN.trade(TWO))
    (order,) = states.unsettled()
    assert (order.status, order.executed_quantity, order.filled_quantity) == ("PENDING", 3, 3)


def test_a_market_order_has_no_limit_price() -> None:
    """Its price is a bound, and its quantity of 0 is none."""
    order = after(Teller(Telling(), 5, "", quantity="0", type=OrderType.MARKET, value="20").reply("NEW", "0", 50))
    assert (order.price, order.original_quantity, order.original_quote_quantity) == (None, None, 20)


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


def test_events_read_after_a_gap_are_from_the_list_of_trades() -> None:
    """A fill that an event told and one that was read in place of an event are the same trade."""
    other = Telling(same_ids=False)
    states = told(OWN.event("TRADE", "PARTIALLY_FILLED", "2", 1200, ONE))
    read = OrderUpdate(Order(SYMBOL, 5), "", other.fill(ONE, 5, False), is_recovered=True)
    assert states.take_update(read, START) == []
    order = states.find(5)
    assert order is not None
    assert (order.filled_quantity, order.why()[-1].asked) == (1, "read after a gap")


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


def test_evidence_is_bounded() -> None:
    """The first messages, the last ones and the end stay; of many alike the first and the last."""
    states = told(OWN.sending(), OWN.reply("CANCELED", "0", 50))
    for number in range(100):
        states.note(5, Evidence("get_order", f"answer {number}", moment(number)))
    order = states.find(5)
    assert order is not None
    assert len(order.why()) == LONGEST
    assert answers(order)[: FIRST + 1] == [
        "is being sent",
        "CANCELED, 0 executed",
        "answer 0",
        "answer 1",
        f"answer {100 - LONGEST + FIRST}",
    ]
    for number in range(100):
        states.note(5, Evidence("list_open_orders", "not in it", moment(number)))
        OWN.reply("CANCELED", "0", 60 + number)(states)
    order = states.find(5)
    assert order is not None
    alike = [evidence.time for evidence in order.why() if evidence.answer == "not in it"]
    assert alike == [moment(0), moment(99)]


def test_the_end_is_never_pushed_out() -> None:
    """However many messages come after it."""
    states = OrderStates()
    for number in range(20):
        states.take_order(Order(SYMBOL, 5, executed_quantity=Decimal(number)), "get_order", START)
    OWN.reply("CANCELED", "19", 50)(states)
    for number in range(100):
        states.note(5, Evidence("get_order", f"answer {number}", START))
    order = states.find(5)
    assert order is not None
    assert "CANCELED, 19 executed" in answers(order)
    for number in range(100):
        OWN.reply("PENDING", f"{20 + number}", 50)(states)
    order = states.find(5)
    assert order is not None
    assert len(order.why()) == LONGEST


def test_the_oldest_done_order_is_forgotten() -> None:
    """And what comes of it later is ignored: a fill is never told again. Open orders stay."""
    states = OrderStates(done_kept=2)
    first = Teller(Telling(), 100, "First")
    first.sending()(states)
    first.event("TRADE", "FILLED", "1", 1200, ONE)(states)
    OWN.reply("PENDING", "0", 50)(states)
    for number in range(200, 203):
        Teller(Telling(), number, f"Own-{number}").reply("CANCELED", "0", 50)(states)
    assert [order.order_id for order in states.all()] == [201, 202, 5]
    assert first.event("TRADE", "FILLED", "1", 1200, ONE)(states) == []
    assert first.trade(ONE)(states) == []
    assert (states.find(100), states.find("First")) == (None, None)
    for number in range(300, 500):
        Teller(Telling(), number, f"Own-{number}").reply("CANCELED", "0", 50)(states)
    assert len(states._index._forgotten) == 40


def test_an_order_that_is_done_no_more() -> None:
    """More is executed than its end told: it is not forgotten before its fills are there."""
    states = OrderStates(done_kept=1)
    OWN.reply("CANCELED", "0", 50)(states)
    OWN.event("TRADE", "PARTIALLY_FILLED", "1", 1200)(states)
    for number in range(200, 203):
        Teller(Telling(), number, f"Own-{number}").reply("CANCELED", "0", 50)(states)
    assert [order.order_id for order in states.unsettled()] == [5]
    OWN.trade(ONE)(states)
    assert [order.order_id for order in states.all()] == [5]


def test_the_context_of_the_program_rounds_nothing() -> None:
    """Sums are exact whatever precision the program works with."""
    fine = [OWN.trade(Trade(1, "1000.00000001", 1200)), OWN.trade(Trade(2, "2000.00000002", 1300))]
    with localcontext(prec=3):
        order = after(*fine)
        assert str(order.executed_quantity) == "3000.00000003"
        assert str(order.filled_quantity) == "3000.00000003"
        assert str(order.cumulative_quote_quantity) == "300000.00000300"


def test_moments_may_be_missing() -> None:
    """A report without a moment is older than any other."""
    states = told(OWN.reply("PENDING", "0", 50))
    states.take_order(Order(SYMBOL, 5, status=OrderStatus.NEW), "get_order", START)
    order = states.find(5)
    assert order is not None
    assert (order.status, order.time) == ("PENDING", START)
    earlier = datetime.fromtimestamp(0, START.tzinfo)
    states.take_order(Order(SYMBOL, 5, time=earlier), "get_order", START)
    order = states.find(5)
    assert order is not None
    assert (order.status, order.time, order.update_time) == ("PENDING", earlier, moment(50))
