"""The streams behind `bingx-async watch`: each is taken by a task of its own, and everything goes to one view."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import anyio
from attrs import field, frozen

from bingx_async import (
    BalanceChanged,
    BingXClient,
    BingXError,
    FillAdded,
    Gap,
    Lagged,
    Level,
    OrderChanged,
    Reconnected,
    Resynced,
    Ticker,
    Trade,
)

LEVELS = 10  # of each side of a book that are shown at most
PAUSE = 0.125  # seconds between two frames
CHANNELS = ("book", "trades", "ticker")


@frozen
class BookState:
    """The top of an order book at one moment, best first; `stale_because` is empty if it is right."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    stale_because: str
    time: datetime | None = field(eq=False)


Item = Trade | Ticker | BookState | Lagged | Reconnected | OrderChanged | FillAdded | BalanceChanged | Gap | Resynced
Feed = Callable[[], Awaitable[None]]


class View(Protocol):
    """Shows what comes; ended by SystemExit from `take` where its reader has gone."""

    def take(self, item: Item) -> None:
        """Something has come."""
        ...

    def refresh(self) -> None:
        """Time has passed."""
        ...


def market_feeds(client: BingXClient, symbols: Sequence[str], channels: Sequence[str], view: View) -> list[Feed]:
    """The chosen channels of the symbols."""
    streams = client.spot.streams

    async def trades() -> None:
        async with streams.trades(*symbols) as stream:
            async for item in stream:
                view.take(item)

    async def ticker() -> None:
        async with streams.ticker(*symbols) as stream:
            async for item in stream:
                view.take(item)

    async def book(symbol: str) -> None:
        async with streams.order_book(symbol) as book:
            view.take(BookState(symbol, book.bids(LEVELS), book.asks(LEVELS), book.stale_because, book.time))
            async for _ in book:
                view.take(BookState(symbol, book.bids(LEVELS), book.asks(LEVELS), book.stale_because, book.time))

    books: list[Feed] = [partial(book, symbol) for symbol in symbols if "book" in channels]
    return [*books, *(feed for name, feed in (("trades", trades), ("ticker", ticker)) if name in channels)]


def own_feed(client: BingXClient, symbols: Sequence[str], strategy: str | None, view: View) -> Feed:
    """The orders, fills and balances of the account or of one strategy; of `symbols` only, if there are any. What is
    open already comes first."""

    async def own() -> None:
        async with (client.spot if strategy is None else client.spot.as_strategy(strategy)).tracker() as tracker:
            for order in [order for order in tracker.orders.values() if not order.is_done]:
                show(OrderChanged(order))
            for balance in list(tracker.balances.values()):
                show(BalanceChanged(balance))
            async for change in tracker:
                show(change)

    def show(item: OrderChanged | FillAdded | BalanceChanged | Gap | Resynced) -> None:
        if not (symbols and isinstance(item, OrderChanged | FillAdded)) or item.order.symbol in symbols:
            view.take(item)

    return own


async def watch_all(feeds: Sequence[Feed], view: View, seconds: float | None) -> int:
    """Run the feeds for so many seconds, or until one fails: raises its error. Returns the exit code."""
    ends: list[BingXError | SystemExit] = []

    async def run(feed: Feed) -> None:
        try:
            await feed()
        except (BingXError, SystemExit) as error:  # one of several that may come at the same time
            ends.append(error)
            group.cancel_scope.cancel()

    async def draw() -> None:
        while True:
            view.refresh()
            await anyio.sleep(PAUSE)

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for feed in (*feeds, draw):
                group.start_soon(run, feed)
    for end in ends:
        if isinstance(end, BingXError):
            raise end
        return int(end.code or 0)
    return 0
