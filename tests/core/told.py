"""Orders of which some messages came."""

from bingx_async.core.order_state import OrderStates
from bingx_async.models import TrackedOrder
from tests.orderings.messages import Message, Teller, Telling, Trade

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
