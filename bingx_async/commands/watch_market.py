"""The board of markets: of each symbol the last 24 hours, the top of the book, and the latest trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from attrs import define, field
from rich.columns import Columns
from rich.console import ConsoleRenderable, Group
from rich.table import Table
from rich.text import Text

from bingx_async import Level, Ticker, Trade
from bingx_async.commands.output import clean
from bingx_async.commands.watch_feeds import LEVELS, BookState, Item
from bingx_async.commands.watch_lines import NAMES, number, side_of, ticker_words
from bingx_async.commands.watch_screen import BAD, DIM, FAIR, GOOD, age

ROWS = 2 * LEVELS + 1


@define(eq=False)
class Pair:
    """What is known of one symbol, and when each kind of message came last."""

    ticker: Ticker | None = None
    book: BookState | None = None
    trades: deque[Trade] = field(factory=lambda: deque[Trade](maxlen=ROWS))
    heard: dict[str, datetime] = field(factory=dict[str, datetime])

    def take(self, item: Ticker | BookState | Trade, now: datetime) -> None:
        """Note the newest."""
        self.heard[NAMES[type(item)]] = now
        if isinstance(item, Ticker):
            self.ticker = item
        elif isinstance(item, BookState):
            self.book = item
        else:
            self.trades.appendleft(item)


class MarketBoard:
    """Symbols in the order given; of `channels` what the user chose."""

    def __init__(self, symbols: Sequence[str], channels: Sequence[str]) -> None:
        self._pairs = {symbol: Pair() for symbol in symbols}
        self._channels = channels

    def take(self, item: Item, now: datetime) -> None:
        """Something has come."""
        if isinstance(item, Ticker | BookState | Trade) and item.symbol in self._pairs:
            self._pairs[item.symbol].take(item, now)

    def frame(self, height: int, now: datetime) -> ConsoleRenderable:
        """The symbols one below the other, each with as many lines as fit."""
        lines = max(3, min(ROWS, height // len(self._pairs) - 3))
        return Group(*(self._pair(symbol, pair, lines, now) for symbol, pair in self._pairs.items()))

    def _pair(self, symbol: str, pair: Pair, lines: int, now: datetime) -> ConsoleRenderable:
        head = Text.assemble((f"\n {symbol}", "bold"), no_wrap=True)
        if pair.ticker is not None:
            change = pair.ticker.change_percent
            head.append(f"  {ticker_words(pair.ticker)}", FAIR if not change else GOOD if change > 0 else BAD)
        parts: list[ConsoleRenderable] = []
        if "book" in self._channels:
            parts.append(_book(pair.book, (lines - 1) // 2))
        if "trades" in self._channels:
            parts.append(_trades(list(pair.trades)[:lines]))
        ages = [age(moment, now, name, is_steady=name != "trade") for name, moment in pair.heard.items()]
        return Group(head, Text("   ").join([Text(""), *ages]), Columns(parts, padding=(0, 4)))


def _book(book: BookState | None, count: int) -> ConsoleRenderable:
    """Asks above bids, the best ones in the middle; in between whether it is right."""
    table = _table("right", "right")
    if book is None:
        return table
    for level in reversed(book.asks[:count]):
        _add(table, level, BAD)
    if book.stale_because:
        table.add_row(Text(f"stale: {clean(book.stale_because)}", f"bold {BAD}"), "")
    else:
        spread = book.asks[0].price - book.bids[0].price if book.asks and book.bids else None
        table.add_row(Text(f"spread {number(spread)}", DIM), "")
    for level in book.bids[:count]:
        _add(table, level, GOOD)
    return table


def _add(table: Table, level: Level, style: str) -> None:
    table.add_row(Text(number(level.price), style), number(level.quantity))


def _trades(trades: Sequence[Trade]) -> ConsoleRenderable:
    """The newest first."""
    table = _table("left", "right", "right")
    for trade in trades:
        made = Text(f"{trade.time:%H:%M:%S}" if trade.time else "", DIM)
        table.add_row(
            made, Text(number(trade.price), BAD if side_of(trade) == "sell" else GOOD), number(trade.quantity)
        )
    return table


def _table(*justify: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for each in justify:
        table.add_column(justify="left" if each == "left" else "right", no_wrap=True)
    return table
