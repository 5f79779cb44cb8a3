"""The life stories: the messages of each, at most eight, and the truth that any order of them must lead to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from attrs import frozen

from bingx_async.models import OcoOrderType, OrderType
from tests.orderings.messages import Message, Teller, Telling, Trade

TELLINGS = [Telling(*flags) for flags in product((True, False), repeat=4)]


@frozen
class Truth:
    """How an order ends. `also`: final states that the exchange told although they are not the end."""

    key: int | str
    status: str
    executed: str = "0"
    trades: tuple[Trade, ...] = ()
    also: tuple[str, ...] = ()
    placement: str = "placed"


@frozen
class Life:
    """`first` comes first, then `messages` in any order."""

    name: str
    telling: Telling
    first: tuple[Message, ...]
    messages: tuple[Message, ...]
    truths: tuple[Truth, ...]


ONE, TWO, THREE = Trade(1, "1", 1200), Trade(2, "1", 1900), Trade(3, "1", 3100)  # the first two: one second, equal
HALF = Trade(4, "2", 1900)


def filled_in_parts(tell: Telling) -> Life:
    """NEW and three fills, of which two look the same; the reply comes late, and the list of trades twice."""
    order = Teller(tell, 5, "Own-1")
    messages = (
        order.event("NEW", "PENDING", "0", 100),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("TRADE", "PARTIALLY_FILLED", "2", 1900, TWO),
        order.event("TRADE", "FILLED", "3", 3100, THREE),
        order.reply("PENDING", "0", 50),
        *map(order.trade, (ONE, TWO, THREE)),
    )
    return Life("filled in parts", tell, (order.sending(),), messages, (Truth(5, "FILLED", "3", (ONE, TWO, THREE)),))


def cancelled_in_part(tell: Telling) -> Life:
    """The cancel is accepted before a last fill; a query that does not find the order comes in between."""
    order = Teller(tell, 5, "Own-1")
    messages = (
        order.event("NEW", "PENDING", "0", 100),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("CANCELED", "CANCELED", "1", 2000),
        order.reply("NEW", "0", 20),
        order.cancelled("0", 1100),
        order.reply("CANCELED", "1", 2000, "get_order"),
        order.trade(ONE),
        order.not_found(),
    )
    return Life("cancelled in part", tell, (order.sending(),), messages, (Truth(5, "CANCELED", "1", (ONE,)),))


def at_once_or_not(tell: Telling) -> Life:
    """IOC: two fills of one second, the rest cancelled; the reply has seen one of them."""
    order = Teller(tell, 5, "Own-1", quantity="9")
    messages = (
        order.reply("PARTIALLY_FILLED", "1", 1200),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("TRADE", "PARTIALLY_FILLED", "2", 1900, TWO),
        order.event("CANCELED", "CANCELED", "2", 1950),
        order.trade(ONE),
        order.trade(TWO),
        order.reply("CANCELED", "2", 1950, "get_order"),
    )
    return Life("at once or not", tell, (order.sending(),), messages, (Truth(5, "CANCELED", "2", (ONE, TWO)),))


def failed(tell: Telling) -> Life:
    """Accepted and then FAILED."""
    order = Teller(tell, 5, "Own-1", type=OrderType.TRIGGER_MARKET)
    messages = (
        order.reply("NEW", "0", 50),
        order.event("NEW", "NEW", "0", 60),
        order.event("EXPIRED", "FAILED", "0", 900),
        order.reply("FAILED", "0", 1000, "iter_order_history"),
        order.not_found(),
    )
    return Life("failed", tell, (order.sending(),), messages, (Truth(5, "FAILED"),))


def refused(tell: Telling) -> Life:
    """Refused, while queries do not find it."""
    order = Teller(tell, 5, "Own-1")
    messages = (order.refused(), order.not_found(), order.not_found())
    return Life("refused", tell, (order.sending(),), messages, (Truth("Own-1", "", placement="refused"),))


def triggered(tell: Telling) -> Life:
    """Triggered under the same id."""
    order = Teller(tell, 5, "Own-1", type=OrderType.TRIGGER_LIMIT)
    messages = (
        order.reply("NEW", "0", 50),
        order.reply("NEW", "0", 500, "list_open_orders"),
        order.event("NEW", "PENDING", "0", 1000),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("TRADE", "FILLED", "3", 1900, HALF),
        order.reply("PARTIALLY_FILLED", "1", 1000, "get_order"),
        order.trade(ONE),
        order.trade(HALF),
    )
    return Life("triggered", tell, (order.sending(),), messages, (Truth(5, "FILLED", "3", (ONE, HALF)),))


def triggered_under_new_id(tell: Telling) -> Life:
    """Triggered, and it goes on under a new id: only some messages tell that both are one."""
    waiting = Teller(tell, 5, "Own-1", type=OrderType.TRIGGER_LIMIT)
    order = Teller(tell, 9, "Own-1", type=OrderType.TRIGGER_LIMIT if tell.lower else OrderType.LIMIT)
    messages = (
        waiting.reply("NEW", "0", 50),
        waiting.reply("NEW", "0", 900, "list_open_orders"),
        order.event("NEW", "PENDING", "0", 1000),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("TRADE", "FILLED", "3", 1900, HALF),
        order.reply("PARTIALLY_FILLED", "1", 1200, "get_order"),
        order.trade(ONE),
        order.trade(HALF),
    )
    truth = Truth(9, "FILLED", "3", (ONE, HALF))
    return Life("triggered under a new id", tell, (waiting.sending(),), messages, (truth,))


def replaced(tell: Telling) -> Life:
    """Cancelled with a part filled, and another one in its place."""
    old, new = Teller(tell, 5, "Own-1"), Teller(tell, 6, "Own-2", quantity="2")
    messages = (
        old.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        old.event("CANCELED", "CANCELED", "1", 1500),
        old.cancelled("1", 1500),
        old.trade(ONE),
        new.event("NEW", "PENDING", "0", 1600),
        new.event("TRADE", "FILLED", "2", 1900, HALF),
        new.reply("PENDING", "0", 1600, "replace_order"),
        new.trade(HALF),
    )
    truths = (Truth(5, "CANCELED", "1", (ONE,)), Truth(6, "FILLED", "2", (HALF,)))
    first = (old.sending(), old.reply("PENDING", "0", 10), new.sending())
    return Life("replaced", tell, first, messages, truths)


def without_an_answer(tell: Telling) -> Life:
    """The placing call gets no answer; queries find nothing, and then the order; one event was lost."""
    order = Teller(tell, 5, "Own-1")
    messages = (
        order.no_answer(),
        order.not_found(),
        order.reply("PENDING", "0", 1000, "get_order"),
        order.event("NEW", "PENDING", "0", 100),
        order.event("TRADE", "FILLED", "3", 1900, HALF),
        order.trade(ONE),
        order.trade(HALF),
        order.reply("FILLED", "3", 1000, "get_order"),
    )
    return Life("without an answer", tell, (order.sending(),), messages, (Truth(5, "FILLED", "3", (ONE, HALF)),))


def by_amount(tell: Telling) -> Life:
    """A market order by amount, whose quantity is told as 0."""
    order = Teller(tell, 5, "Own-1", quantity="0", type=OrderType.MARKET, value="350")
    messages = (
        order.reply("PENDING", "0", 50),
        order.event("NEW", "NEW", "0", 60),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.event("TRADE", "FILLED", "3", 1900, HALF),
        order.reply("FILLED", "3", 1900, "get_order"),
        order.trade(ONE),
        order.trade(HALF),
        order.not_found(),
    )
    return Life("by amount", tell, (order.sending(),), messages, (Truth(5, "FILLED", "3", (ONE, HALF)),))


def one_cancels_the_other(tell: Telling) -> Life:
    """A leg is filled, the other is cancelled without a number."""
    limit, stop = Teller(tell, 5, "31"), Teller(tell, 6, "32")
    trades = Trade(1, "2", 1200), Trade(2, "1", 1900)
    messages = (
        limit.leg("PENDING", OcoOrderType.LIMIT),
        stop.leg("NEW", OcoOrderType.STOP_LIMIT),
        limit.event("TRADE", "PARTIALLY_FILLED", "2", 1200, trades[0]),
        limit.leg("FILLED", OcoOrderType.LIMIT),
        stop.leg("CANCELED", OcoOrderType.STOP_LIMIT),
        limit.trade(trades[0]),
        limit.trade(trades[1]),
        stop.reply("CANCELED", "0", 1200, "get_order"),
    )
    truths = (Truth("5", "FILLED", "3", trades), Truth("6", "CANCELED"))
    return Life("one cancels the other", tell, (limit.sending(), stop.sending()), messages, truths)


def only_queries(tell: Telling) -> Life:
    """An order of another program: no request of ours, no event, and its trades before anything else."""
    order = Teller(tell, 5, "Other")
    messages = (
        *map(order.trade, (ONE, TWO)),
        order.reply("PARTIALLY_FILLED", "1", 1000, "list_open_orders"),
        order.reply("", "1", 1000, "list_open_orders"),
        order.reply("SLEEPING", "1", 1000, "get_order"),
        order.reply("CANCELED", "2", 2000, "get_order"),
        order.not_found(),
    )
    return Life("only queries", tell, (), messages, (Truth(5, "CANCELED", "2", (ONE, TWO)),))


def contradicted(tell: Telling) -> Life:
    """A query says CANCELED with less than is executed: the events know better."""
    order = Teller(tell, 5, "Own-1")
    messages = (
        order.reply("PENDING", "0", 50),
        order.event("TRADE", "PARTIALLY_FILLED", "1", 1200, ONE),
        order.reply("CANCELED", "1", 1000, "get_order"),
        order.event("TRADE", "FILLED", "3", 1900, HALF),
        order.reply("FILLED", "3", 1000, "get_order"),
        order.trade(ONE),
        order.trade(HALF),
    )
    truth = Truth(5, "FILLED", "3", (ONE, HALF), also=("CANCELED",))
    return Life("contradicted", tell, (order.sending(),), messages, (truth,))


LIVES: Sequence[Callable[[Telling], Life]] = (
    filled_in_parts,
    cancelled_in_part,
    at_once_or_not,
    failed,
    refused,
    triggered,
    triggered_under_new_id,
    replaced,
    without_an_answer,
    by_amount,
    one_cancels_the_other,
    only_queries,
    contradicted,
)
