"""Tells a life in one order, and judges every state on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from bingx_async.core.order_state import OrderStates
from bingx_async.models import FillAdded, TrackedOrder
from tests.orderings.lives import Life, Truth
from tests.orderings.messages import Message


class Judge:
    """Follows the orders of a life; `complaints` says what broke a promise."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.states = OrderStates()
        self.told: Counter[tuple[Decimal | None, Decimal | None]] = Counter()
        self.traded = Counter(trade.content for truth in life.truths for trade in truth.trades)
        self.before: dict[int | str, TrackedOrder] = {}
        self.complaints: list[str] = []
        for message in life.first:
            self.tell(message)

    def tell(self, message: Message) -> None:
        """Let one message come, and judge what is known then."""
        for change in message(self.states):
            if isinstance(change, FillAdded):
                self.told[change.fill.price, change.fill.quantity] += 1
        if not self.told <= self.traded:
            self.complaints.append(f"a fill twice: {self.told}")
        for truth in self.life.truths:
            now = self.states.find(truth.key)
            if now is not None:
                self.judge(truth, now, self.before.get(truth.key))
                self.before[truth.key] = now

    def judge(self, truth: Truth, now: TrackedOrder, before: TrackedOrder | None) -> None:
        """What must hold at any moment."""
        holds = {
            "executed fell": before is None or now.executed_quantity >= before.executed_quantity,
            "a final state was left": before is None or not before.status.is_final or now.status.is_final,
            "FILLED was left": before is None or before.status != "FILLED" or now.status == "FILLED",
            "a fill went": before is None or len(now.fills) >= len(before.fills),
            "executed too much": now.executed_quantity <= Decimal(truth.executed),
            "more fills than executed": now.filled_quantity <= now.executed_quantity,
            "a wrong end": not now.status.is_final or now.status in (truth.status, *truth.also),
            "done too early": not now.is_done or self.is_true(truth, now) or now.status in truth.also,
            "no evidence": bool(now.why()),
        }
        self.complaints += [words for words, is_so in holds.items() if not is_so]

    def is_true(self, truth: Truth, now: TrackedOrder) -> bool:
        """Whether the order is as it ended."""
        fills = Counter((fill.price, fill.quantity) for fill in now.fills)
        is_end = (now.status, now.placement, now.executed_quantity) == (
            truth.status,
            truth.placement,
            Decimal(truth.executed),
        )
        value = sum(trade.price * Decimal(trade.quantity) for trade in truth.trades)
        is_end = is_end and now.cumulative_quote_quantity == value
        return is_end and fills == Counter(trade.content for trade in truth.trades)

    def finish(self) -> list[str]:
        """What must hold when everything has been told."""
        for truth in self.life.truths:
            now = self.states.find(truth.key)
            if now is None or not self.is_true(truth, now) or not now.is_done:
                self.complaints.append(f"not the truth: {now}, fills {now and now.fills}")
        if self.told != self.traded:
            self.complaints.append(f"not every fill was told: {self.told}")
        if len(self.states.all()) != len(self.life.truths) or self.states.unsettled() or self.states.open():
            self.complaints.append(f"more orders than there are: {self.states.all()}")
        return self.complaints


def tell(life: Life, order: Sequence[int]) -> list[str]:
    """The complaints about one order of the messages, named by their places; a place may come more than once."""
    judge = Judge(life)
    for place in order:
        judge.tell(life.messages[place])
    return judge.finish()


def tell_some(life: Life, order: Iterable[int]) -> list[str]:
    """The complaints where messages were lost: nothing wrong may be known, but not all need be."""
    judge = Judge(life)
    for place in order:
        judge.tell(life.messages[place])
    return judge.complaints
