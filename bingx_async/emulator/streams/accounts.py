"""The events of accounts: orders that were accepted, filled, ended, and the balances that this changed.

Rules: an account's events go to the sockets that were opened with a listen key of it, that is valid still, and have
subscribed to them. A change of an order is told before the balances. Nothing is kept for later.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from bingx_async.emulator.streams.delivery import Delivery
from bingx_async.emulator.streams.feeds import Feeds
from bingx_async.emulator.streams.keys import ListenKeys
from bingx_async.emulator.streams.messages import envelope
from bingx_async.emulator.streams.session import Session
from bingx_async.emulator.streams.topics import BALANCES, ORDERS, Topic
from bingx_async.emulator.streams.user_forms import Amounts, Change, balance_event, order_event
from bingx_async.emulator.trading.engine import Engine
from bingx_async.emulator.trading.orders import ZERO, Fill, Order
from bingx_async.emulator.traffic import encode

Held = dict[str, Amounts]  # by asset


@define(eq=False, repr=False)
class AccountEvents:
    """Tells the changes of orders and balances."""

    engine: Engine
    feeds: Feeds
    delivery: Delivery
    keys: ListenKeys
    _told: dict[str, Held] = field(init=False, factory=dict[str, Held])  # the balances as they were told last
    _turns: Counter[str] = field(init=False, factory=Counter[str])

    def change(self, kind: str, order: Order, fill: Fill | None) -> None:
        """An order has changed."""
        if self._is_told(order):
            self._tell_order(kind, order, fill)
        listeners = self._listeners(order.account, BALANCES)
        if not listeners:
            self._told.pop(order.account, None)
            return
        changes = self._changes(order)
        if changes:
            event = balance_event("ORDER", changes, self.engine.time, self.engine.variants)
            self._push(listeners, BALANCES, encode(event))

    def greet(self, session: Session, topic: Topic) -> None:
        """A socket has subscribed to balances: note them, and tell them if the exchange does."""
        if topic.name != BALANCES or not session.account:
            return
        held = self._told.setdefault(session.account, self._held(session.account))
        if self.engine.variants.initial_balances == "INIT":
            rows = [(asset, each, each) for asset, each in sorted(held.items())]
            event = balance_event("INIT", rows, int(session.agenda.time), self.engine.variants)
            self._push([session], BALANCES, encode(event))

    def _is_told(self, order: Order) -> bool:
        variants = self.engine.variants
        if order.pair is not None:
            return variants.oco_events == "all"
        return not order.is_conditional or variants.conditional_events == "all"

    def _tell_order(self, kind: str, order: Order, fill: Fill | None) -> None:
        listeners = self._listeners(order.account, ORDERS)
        if listeners:
            time, variants = self.engine.time, self.engine.variants
            data = order_event(kind, order, fill, time, variants)
            self._push(listeners, ORDERS, envelope(ORDERS, data, time, variants))

    def _push(self, sessions: list[Session], topic: str, text: str) -> None:
        payload = self.delivery.payload(text)
        for session in sessions:
            self.delivery.push(session, topic, payload)

    def _listeners(self, account: str, topic: str) -> list[Session]:
        """The sockets that get an event of this topic; of those that share a listen key perhaps one."""
        by_key: dict[str, list[Session]] = {}
        for session in self.feeds.subscribers(topic):
            if session.account == account and self.keys.owner(session.listen_key, self.engine.time):
                by_key.setdefault(session.listen_key, []).append(session)
        if self.engine.variants.shared_listen_key == "both":
            return [session for sessions in by_key.values() for session in sessions]
        return [self._next(key, sessions) for key, sessions in by_key.items()]

    def _next(self, key: str, sessions: list[Session]) -> Session:
        self._turns[key] += len(sessions) > 1
        return sessions[self._turns[key] % len(sessions)]

    def _changes(self, order: Order) -> list[Change]:
        """The assets of an order of which there is more or less than was told."""
        told, ledger = self._told.setdefault(order.account, {}), self.engine.ledger
        found: list[Change] = []
        for asset, is_quote in ((order.base, False), (order.quote, True)):
            wallet = ledger.wallet(order.account, asset, is_quote)
            first = ledger.untouched(order.account, is_quote)
            before, now = told.get(asset, (first.free, ZERO)), (wallet.free, wallet.locked)
            if now != before:
                told[asset] = now
                found.append((asset, before, now))
        return found

    def _held(self, account: str) -> Held:
        wallets = self.engine.ledger.wallets(account)
        return {asset: (wallet.free, wallet.locked) for asset, wallet in wallets.items()}
