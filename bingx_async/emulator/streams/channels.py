"""The channels of the market: how often each has a message, and how it is made.

Rules: trades, book tickers and last prices come with each step of the market, the latter two where they have changed;
candles and tickers each second, depth each 300 ms, its increments each 500 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bingx_async.emulator.floor import Floor
from bingx_async.emulator.market.tape import Tape
from bingx_async.emulator.streams.feeds import Make
from bingx_async.emulator.streams.increments import Increments, PublishedBook
from bingx_async.emulator.streams.market_forms import (
    book_ticker_data,
    depth_data,
    kline_data,
    last_price_data,
    ticker_data,
    trade_data,
)
from bingx_async.emulator.streams.messages import envelope
from bingx_async.emulator.streams.topics import USER_TOPICS, Topic
from bingx_async.emulator.variants import Variants

SECOND, DEPTH_MS, INCREMENT_MS = 1000, 300, 500
Data = Callable[[int], dict[str, Any] | None]  # the data of a moment, if there is any


class Channels:
    """Makes the messages of topics."""

    def __init__(self, floor: Floor, variants: Variants, seed: int) -> None:
        self._floor, self._variants, self._seed = floor, variants, seed
        self._increments: dict[str, Increments] = {}

    def start(self, topic: Topic) -> tuple[int, Make]:
        """The cadence of a topic in ms, 0 if nothing comes by itself, and how its messages are made."""
        step = self._floor.engine.prices.market.step_ms
        if topic.name in USER_TOPICS:
            return step, lambda _: ()  # so that orders are filled in time
        if topic.channel == "silence":
            return 0, lambda _: ()
        cadence, data = self._data(topic, step)
        return cadence, partial(self._messages, topic, data)

    def published(self, symbol: str, time: int) -> PublishedBook:
        """The book as it was told last; as it is now if it never was."""
        known = symbol in self._increments
        increments = self._increment(symbol)
        if not known:
            increments.change(time)
        return increments.book

    def whole_book(self, topic: Topic, time: int) -> str:
        """The message at a subscription of incremental depth."""
        return envelope(topic.name, self._increment(topic.symbol).whole(), time, self._variants)

    def _data(self, topic: Topic, step: int) -> tuple[int, Data]:
        engine, listing = self._floor.engine, self._floor.listings.get(topic.symbol)
        tape, name = Tape(engine.prices), topic.name.rpartition("_")[2]
        if topic.channel == "incrDepth":
            increments = self._increment(topic.symbol)
            increments.change(int(self._floor.agenda.time))  # what has changed while it was not told
            return INCREMENT_MS, increments.change
        makers: dict[str, tuple[int, Data]] = {
            "trade": (step, lambda time: trade_data(listing, tape.trade(listing, time // step))),
            "kline": (SECOND, lambda time: kline_data(engine, listing, topic.detail, name, time)),
            "depth": (DEPTH_MS, lambda time: depth_data(engine, listing, int(topic.detail), time)),
            "ticker": (SECOND, lambda time: ticker_data(engine, listing, time)),
            "bookTicker": (step, _if_new(lambda time: book_ticker_data(engine, listing, time))),
            "lastPrice": (step, _if_new(lambda time: last_price_data(listing, tape.trade(listing, time // step)))),
        }
        return makers[topic.channel]

    def _messages(self, topic: Topic, data: Data, time: int) -> Iterator[str]:
        found = data(time)
        if found is not None:
            yield envelope(topic.name, found, time, self._variants)

    def _increment(self, symbol: str) -> Increments:
        if symbol not in self._increments:
            listing = self._floor.listings.get(symbol)
            self._increments[symbol] = Increments(self._floor.engine, listing, self._seed)
        return self._increments[symbol]


def _if_new(data: Callable[[int], dict[str, Any]]) -> Data:
    """The data where it differs from the last one but for its time."""
    last: dict[str, Any] = {}

    def found(time: int) -> dict[str, Any] | None:
        nonlocal last
        now = data(time)
        is_new, last = {**now, "E": 0} != {**last, "E": 0}, now
        return now if is_new else None

    return found
