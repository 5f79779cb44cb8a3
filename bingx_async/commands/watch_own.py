"""The board of one's own orders: those that are open or have just ended, the latest fills, and the balances."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from attrs import define, field
from rich.console import ConsoleRenderable, Group
from rich.text import Text

from bingx_async import Balance, BalanceChanged, FillAdded, Gap, OrderChanged, Resynced, TrackedOrder
from bingx_async.commands.output import clean, printable
from bingx_async.commands.watch_feeds import Item
from bingx_async.commands.watch_lines import balance_words, fill_words, order_words
from bingx_async.commands.watch_screen import BAD, DIM, GOOD, seconds_since

FILLS, ENDED, ASSETS = 8, 5, 6  # how many are shown


@define(eq=False)
class OwnBoard:
    """Orders by their client order ids, or by their ids where they have none."""

    _orders: dict[object, TrackedOrder] = field(init=False, factory=dict[object, TrackedOrder])
    _ended: dict[object, TrackedOrder] = field(init=False, factory=dict[object, TrackedOrder])
    _fills: deque[FillAdded] = field(init=False, factory=lambda: deque[FillAdded](maxlen=FILLS))
    _balances: dict[str, Balance] = field(init=False, factory=dict[str, Balance])
    _gap: Gap | None = field(init=False, default=None)

    def take(self, item: Item, now: datetime) -> None:  # noqa: ARG002 - of a board of markets it is the age
        """Something has come."""
        if isinstance(item, OrderChanged):
            self._take_order(item.order)
        elif isinstance(item, FillAdded):
            self._fills.appendleft(item)
            self._take_order(item.order)
        elif isinstance(item, BalanceChanged):
            self._balances = {item.balance.asset: item.balance, **self._balances, item.balance.asset: item.balance}
        elif isinstance(item, Gap | Resynced):
            self._gap = item if isinstance(item, Gap) else None

    def frame(self, height: int, now: datetime) -> ConsoleRenderable:
        """A section for each, with as many open orders as fit."""
        room = max(3, height - 6 - len(self._ended) - len(self._fills) - min(ASSETS, len(self._balances)))
        orders = list(self._orders.values())
        fills = [_row(f"{each.order.symbol}  {fill_words(each.fill, each.order)}") for each in self._fills]
        balances = [_row(balance_words(each)) for each in list(self._balances.values())[:ASSETS]]
        return Group(
            self._state(now),
            _head(f"open orders: {len(orders)}" + (f", the latest {room}" if len(orders) > room else "")),
            *(_row(order_words(each)) for each in orders[: -room - 1 : -1]),
            *(_row(order_words(each), DIM) for each in reversed(self._ended.values())),
            *([_head("fills"), *fills] if fills else []),
            _head("balances"),
            *balances,
        )

    def _take_order(self, order: TrackedOrder) -> None:
        key = order.client_order_id.lower() or order.order_id
        for orders in (self._orders, self._ended):
            orders.pop(key, None)
        (self._ended if order.is_done else self._orders)[key] = order
        if len(self._ended) > ENDED:
            del self._ended[next(iter(self._ended))]

    def _state(self, now: datetime) -> Text:
        if self._gap is None:
            return Text(" nothing is known to be missing", GOOD)
        gone = seconds_since(self._gap.since, now)
        return Text(f" events may be missing for {gone:.0f} s: {clean(self._gap.reason)}", f"bold {BAD}", no_wrap=True)


def _row(text: str, style: str = "") -> Text:
    return Text(f"   {printable(text)}", style, no_wrap=True)


def _head(text: str) -> Text:
    return Text(f" {text}", "bold")
