"""When an order is settled and done, on what that rests, and how long it is remembered."""

from decimal import Decimal, localcontext

from bingx_async.core.evidence import FIRST, LONGEST
from bingx_async.core.order_state import OrderStates
from bingx_async.models import (
    Evidence,
    Order,
    OrderChanged,
    OrderType,
    OrderUpdate,
    Side,
)
from tests.core.told import ONE, OWN, TWO, after, answers, told
from tests.orderings.messages import START, SYMBOL, Teller, Telling, Trade, moment


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


def test_events_read_after_a_gap_are_from_the_list_of_trades() -> None:
    """A fill that an event told and one that was read in place of an event are the same trade."""
    other = Telling(same_ids=False)
    states = told(OWN.event("TRADE", "PARTIALLY_FILLED", "2", 1200, ONE))
    read = OrderUpdate(Order(SYMBOL, 5), "", other.fill(ONE, 5, False), is_recovered=True)
    assert states.take_update(read, START) == []
    order = states.find(5)
    assert order is not None
    assert (order.filled_quantity, order.why()[-1].asked) == (1, "read after a gap")


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
