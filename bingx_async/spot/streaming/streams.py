"""`client.spot.streams`: every channel of the market as a method."""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from bingx_async.core.channel import Channel
from bingx_async.core.options import shown
from bingx_async.core.sink import Listening, Sink
from bingx_async.errors import InvalidRequest
from bingx_async.models import BalanceUpdate, BookTicker, Depth, Kline, LastPrice, OrderUpdate, Ticker, Trade
from bingx_async.spot import arguments
from bingx_async.spot.base import Streaming
from bingx_async.spot.streaming.channels import (
    BALANCES,
    BOOK_TICKER,
    DEPTH,
    INTERVALS,
    KLINES,
    LAST_PRICE,
    LEVELS,
    ORDERS,
    TICKER,
    TRADES,
)
from bingx_async.spot.streaming.order_book import OrderBook
from bingx_async.spot.streaming.outlet import Refiner
from bingx_async.spot.streaming.refining import Closing, Once, Rising
from bingx_async.spot.streaming.stream import Stream
from bingx_async.spot.tracker.events import AccountStream, recovered_balance, recovered_order
from bingx_async.spot.tracker.follower import Follower

__all__ = ["AccountStream", "OrderBook", "Stream", "Streams"]

T = TypeVar("T")


class Streams:
    """The streams of a client. Those of the market need no key. Each method gives a `Stream`, to be entered with
    `async with` and then iterated; streams of one client share their connections."""

    def __init__(self, streaming: Streaming, follow: Callable[[Channel[Any]], Follower]) -> None:
        self._streaming, self._follow = streaming, follow

    def trades(self, *symbols: str) -> Stream[Trade]:
        """Every trade, as it happens and once. They may come in another order than they were made."""
        return self._stream(TRADES, symbols, Once)

    def klines(self, symbol: str, interval: str) -> Stream[Kline]:
        """The candle of now, about once a second while there are trades; once the next one has begun it comes again
        with `is_closed`. `interval` is named as for `list_klines`: "1m", "1h", "1d"."""
        if not isinstance(interval, str) or interval not in INTERVALS:
            raise InvalidRequest(f"interval={shown(interval)} must be one of {', '.join(INTERVALS)}")
        return self._stream(KLINES, (symbol,), Closing, interval=INTERVALS[interval])

    def ticker(self, *symbols: str) -> Stream[Ticker]:
        """The last 24 hours, once a second."""
        return self._stream(TICKER, symbols)

    def book_ticker(self, *symbols: str) -> Stream[BookTicker]:
        """The best prices, whenever they change."""
        return self._stream(BOOK_TICKER, symbols)

    def last_price(self, *symbols: str) -> Stream[LastPrice]:
        """The price of the latest trade, whenever it changes."""
        return self._stream(LAST_PRICE, symbols)

    def depth(self, symbol: str, levels: int = 20) -> Stream[Depth]:
        """The best `levels` (5, 10, 20, 50 or 100) of the book, whole each time, a few times a second."""
        if isinstance(levels, bool) or levels not in LEVELS:
            raise InvalidRequest(f"levels={shown(levels)} must be one of {', '.join(map(str, LEVELS))}")
        return self._stream(DEPTH, (symbol,), Rising, levels=int(levels))

    def orders(self) -> AccountStream[OrderUpdate]:
        """The events of one's own orders, of every symbol. `client.spot.tracker()` makes a state of them."""
        return AccountStream(self._follow(ORDERS), OrderUpdate, recovered_order, self._streaming.limits.queue)

    def balances(self) -> AccountStream[BalanceUpdate]:
        """The balances of the spot account, whenever they change."""
        return AccountStream(self._follow(BALANCES), BalanceUpdate, recovered_balance, self._streaming.limits.queue)

    def listen(self, topics: Mapping[str, Channel[Any]], sink: Sink) -> AbstractAsyncContextManager[Listening]:
        """Let a sink of your own have the messages of topics as they come, while the context is open."""
        return self._streaming.listen(topics, sink)

    def order_book(self, symbol: str) -> OrderBook:
        """The whole order book, kept up to date; it says when it may be wrong."""
        return OrderBook(self._streaming, arguments.symbol(symbol))

    async def rotate(self) -> None:
        """Move the account's streams to a new listen key and connection now, at a moment of your choice. Both
        connections are open for a while, so no event is missed and none comes twice; if the exchange gives the same
        key again there is a gap, which is told. Does nothing where no stream of the account is open.

        Raises the error that kept it from happening; the old connection is still there then.
        """
        await self._streaming.rotate()

    def __repr__(self) -> str:
        return "Streams()"

    def _stream(
        self,
        channel: Channel[T],
        symbols: tuple[str, ...],
        new_refiner: Callable[[], Refiner] | None = None,
        **more: object,
    ) -> Stream[T]:
        if not symbols:
            raise InvalidRequest(f"name the symbols, as in {channel.name}('BTC-USDT', 'ETH-USDT')")
        pairs = [arguments.symbol(each) for each in symbols]
        return Stream(self._streaming, channel, {channel.topic_of(each, **more): each for each in pairs}, new_refiner)
