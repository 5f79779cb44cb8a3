"""The order book of a symbol as the program sees it: it keeps itself, and says when it may be wrong."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

import anyio

from bingx_async.core.book_recovery import WHOLE_WITHIN
from bingx_async.core.options import is_whole, shown
from bingx_async.core.wire import moment
from bingx_async.errors import InvalidRequest, StreamError
from bingx_async.models import BookPolicy, Level
from bingx_async.spot.base import Streaming
from bingx_async.spot.streaming.book_feed import BookFeed
from bingx_async.spot.streaming.channels import DEPTH_CHANGES
from bingx_async.spot.streaming.waking import Reader

CLOSED = "the order book was closed"


class OrderBook:
    """The order book of one symbol, for as long as its context is open::

        async with client.spot.streams.order_book("BTC-USDT") as book:
            async for _ in book:
                if not book.is_stale: print(book.best_bid, book.best_ask)

    It has at most 1000 levels on a side and is never shown crossed. While `is_stale` it may be wrong; where it could
    not be right it is empty. An iterator gives the book itself after each change, also of `is_stale`; changes that
    happen while the program does something else count as one.

    To enter it raises `TopicRefused` if the exchange does not serve it, `StreamUnavailable` if it cannot be reached,
    and `ClientClosed`. It waits for the whole book then, for ten seconds at most, and is stale if none came. To wait
    for changes raises the same errors when nothing comes any more. It may be entered once.
    """

    def __init__(self, streaming: Streaming, symbol: str) -> None:
        self.symbol = symbol
        self._streaming, self._feed = streaming, BookFeed(streaming, symbol)
        self._book, self._recovery, self._seen = self._feed.book, self._feed.recovery, 0
        self._open: AsyncExitStack | None = None

    @property
    def best_bid(self) -> Level | None:
        """The highest price that is bid; None where there is none."""
        return next(iter(self._book.bids.top(1)), None)

    @property
    def best_ask(self) -> Level | None:
        """The lowest price that is asked; None where there is none."""
        return next(iter(self._book.asks.top(1)), None)

    def bids(self, count: int = 20) -> tuple[Level, ...]:
        """The best `count` bids, highest price first."""
        return self._book.bids.top(_count(count))

    def asks(self, count: int = 20) -> tuple[Level, ...]:
        """The best `count` asks, lowest price first."""
        return self._book.asks.top(_count(count))

    @property
    def is_stale(self) -> bool:
        """Whether it may be wrong: the connection is lost, updates are missing or wait for earlier ones, or the whole
        book has not come yet."""
        return self._recovery.reason != ""

    @property
    def stale_because(self) -> str:
        """Why it is stale; empty if it is not."""
        return self._recovery.reason

    @property
    def time(self) -> datetime | None:
        """When the exchange made the newest message that is in the book (aware UTC), if it told."""
        return moment(self._book.time)

    @property
    def policy(self) -> BookPolicy:
        """Strict, unless updates were missing three times within a minute."""
        return self._recovery.policy

    @property
    def gaps(self) -> int:
        """How often updates were missing since the book was entered."""
        return self._recovery.gaps

    async def changed(self) -> None:
        """Return once the book or `is_stale` has changed since this returned last. It is for one task; where several
        wait, each iterates."""
        self._seen = await self._feed.changing.after(self._seen)
        if self._feed.changing.is_over:
            raise StreamError(CLOSED)

    def __aiter__(self) -> Reader[Self]:
        if self._open is None:
            raise InvalidRequest("enter the book first: async with client.spot.streams.order_book(...) as book")
        return Reader(self._feed.changing, self)

    async def __aenter__(self) -> Self:
        if self._open is not None:
            raise InvalidRequest("an order book is entered once: ask client.spot.streams for another")
        self._open = AsyncExitStack()
        context = self._streaming.listen({self._feed.topic: DEPTH_CHANGES}, self._feed)
        self._feed.begin(await self._open.enter_async_context(context))
        try:
            tasks = await self._open.enter_async_context(anyio.create_task_group())
            self._open.callback(tasks.cancel_scope.cancel)
            tasks.start_soon(self._feed.keep_time)
            with anyio.move_on_after(WHOLE_WITHIN / 1000.0):
                while self.is_stale:
                    await self.changed()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closed = StreamError(CLOSED)
        self._feed.fail(closed)
        self._feed.changing.end(closed)
        if self._open is not None:
            await self._open.__aexit__(None, None, None)  # the block's own error goes on as it is

    def __repr__(self) -> str:
        best = f"{self._book.bids.best_price} / {self._book.asks.best_price}"
        return f"<OrderBook {self.symbol} {self.stale_because or best}>"


def _count(value: int) -> int:
    if is_whole(value) and value > 0:
        return value
    raise InvalidRequest(f"count={shown(value)} must be a whole number above 0, such as 10")
