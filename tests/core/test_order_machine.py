"""A made-up exchange, a network that delays, repeats and loses its messages, and the states that are made of them.

The exchange knows the truth. Nothing wrong is known at any moment, and a whole reading at the end tells all of it.
"""

from __future__ import annotations

import os

from attrs import define, evolve, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bingx_async.core.order_state import OrderStates
from bingx_async.models import OrderType
from tests.orderings.judging import Judge
from tests.orderings.lives import TELLINGS, Life, Truth
from tests.orderings.messages import Message, Teller, Telling, Trade

QUANTITY = 6
EXAMPLES = 250 if os.environ.get("CI") == "true" else 60


@define
class Placed:
    """An order at the exchange. `waits`: for its price, after which it may go on under another id."""

    teller: Teller
    waits: bool
    status: str = "NEW"
    executed: int = 0
    trades: list[Trade] = field(factory=list[Trade])
    old: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in ("NEW", "PENDING", "PARTIALLY_FILLED")

    def truth(self) -> Truth:
        """How it stands."""
        return Truth(self.teller.order_id, self.status, str(self.executed), tuple(self.trades))


class Network(RuleBasedStateMachine):
    """`wire` are the messages that are under way; each may come at any time, often or never."""

    @initialize(telling=st.sampled_from(TELLINGS))
    def begin(self, telling: Telling) -> None:
        self.telling, self.ms, self.number = telling, 0, 0
        self.orders: list[Placed] = []
        self.wire: list[Message] = []
        self.judge = Judge(Life("", telling, (), (), ()))
        self.states: OrderStates = self.judge.states

    @precondition(lambda self: len(self.orders) < 4)
    @rule(waits=st.booleans(), is_answered=st.booleans())
    def place(self, waits: bool, is_answered: bool) -> None:
        self.number += 1
        kind = OrderType.TRIGGER_LIMIT if waits else OrderType.LIMIT
        teller = Teller(self.telling, self.number, f"Own-{self.number}", str(QUANTITY), kind)
        order = Placed(teller, waits, "NEW" if waits else "PENDING")
        self.orders.append(order)
        self.judge.tell(teller.sending())
        self.wire.append(teller.reply(order.status, "0", self.ms) if is_answered else teller.no_answer())
        self.wire.append(teller.event("NEW", order.status, "0", self.ms))

    @rule(pause=st.sampled_from((1, 200, 700, 1000, 2500)))
    def wait(self, pause: int) -> None:
        self.ms += pause

    @precondition(lambda self: self.pick(lambda order: order.waits and order.is_open))
    @rule(goes_on=st.booleans())
    def trigger(self, goes_on: bool) -> None:
        order = self.pick(lambda order: order.waits and order.is_open)[0]
        order.waits, order.status = False, "PENDING"
        if goes_on:
            self.number += 1
            order.old += (order.teller.order_id,)
            order.teller = evolve(order.teller, order_id=self.number)
        self.wire.append(order.teller.event("NEW", "PENDING", "0", self.ms))

    @precondition(lambda self: self.pick(lambda order: order.is_open and not order.waits))
    @rule(which=st.integers(0, 3), quantity=st.integers(1, 3))
    def trade(self, which: int, quantity: int) -> None:
        orders = self.pick(lambda order: order.is_open and not order.waits)
        order = orders[which % len(orders)]
        self.number += 1
        trade = Trade(self.number, str(min(quantity, QUANTITY - order.executed)), self.ms)
        order.trades.append(trade)
        order.executed += int(trade.quantity)
        order.status = "FILLED" if order.executed == QUANTITY else "PARTIALLY_FILLED"
        self.wire.append(order.teller.event("TRADE", order.status, str(order.executed), self.ms, trade))

    @precondition(lambda self: self.pick(lambda order: order.is_open))
    @rule(which=st.integers(0, 3))
    def cancel(self, which: int) -> None:
        orders = self.pick(lambda order: order.is_open)
        order = orders[which % len(orders)]
        self.wire.append(order.teller.cancelled(str(order.executed), self.ms))
        order.status = "CANCELED"
        self.wire.append(order.teller.event("CANCELED", order.status, str(order.executed), self.ms))

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 3))
    def claim_a_cancel(self, which: int) -> None:
        """The exchange accepts a cancel, and more is traded before."""
        order = self.orders[which % len(self.orders)]
        if order.is_open:
            self.wire.append(order.teller.cancelled(str(order.executed), self.ms))

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 3), is_found=st.booleans())
    def query(self, which: int, is_found: bool) -> None:
        order = self.orders[which % len(self.orders)]
        reply = order.teller.reply(order.status, str(order.executed), self.ms, "get_order")
        self.wire.append(reply if is_found else order.teller.not_found())

    @precondition(lambda self: self.pick(lambda order: order.trades))
    @rule(which=st.integers(0, 9))
    def read_a_trade(self, which: int) -> None:
        every = [(order, trade) for order in self.orders for trade in order.trades]
        order, trade = every[which % len(every)]
        self.wire.append(order.teller.trade(trade))

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 30), stays=st.booleans())
    def deliver(self, which: int, stays: bool) -> None:
        place = which % len(self.wire)
        message = self.wire[place] if stays else self.wire.pop(place)
        self.look()
        self.judge.tell(message)

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 30))
    def lose(self, which: int) -> None:
        self.wire.pop(which % len(self.wire))

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert getattr(self, "judge", None) is None or self.judge.complaints == []

    def teardown(self) -> None:
        if not hasattr(self, "orders"):
            return
        self.look()
        for order in self.orders:
            before = [evolve(order.teller, order_id=each).reply("NEW", "0", 0, "get_order") for each in order.old]
            now = order.teller.reply(order.status, str(order.executed), self.ms, "get_order")
            for message in (*before, now, *map(order.teller.trade, order.trades)):
                self.judge.tell(message)
        assert self.judge.complaints == []
        self.all_is_known()

    def all_is_known(self) -> None:
        for order in self.orders:
            known = self.states.find(order.teller.order_id)
            assert known is not None
            assert self.judge.is_true(order.truth(), known)
            assert known.is_done is not order.is_open
            assert all(self.states.find(each) == known for each in order.old)
        assert self.judge.told == self.judge.traded
        assert len(self.states.all()) == len(self.orders)

    def look(self) -> None:
        """Tell the judge what is true now."""
        life = self.judge.life
        self.judge.life = evolve(life, truths=tuple(order.truth() for order in self.orders))
        self.judge.traded.clear()
        self.judge.traded.update(trade.content for order in self.orders for trade in order.trades)

    def pick(self, is_it) -> list[Placed]:  # type: ignore[no-untyped-def]
        return [order for order in self.orders if is_it(order)]


Network.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
TestNetwork = Network.TestCase
