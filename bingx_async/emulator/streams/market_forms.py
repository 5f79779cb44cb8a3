"""The data of market messages as the exchange writes them.

Rules: a ticker's `A`, `B` are prices and `a`, `b` quantities, a book ticker's the other way round. Asks of a depth come
worst first, unless a variant says otherwise. A candle has no sign of its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bingx_async.emulator.endpoints.candles import candle_of
from bingx_async.emulator.endpoints.desk import plain
from bingx_async.emulator.market.ladder import BUY, SELL, Level
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.tape import Tape, Trade
from bingx_async.emulator.trading.engine import Engine

DAY = 86_400_000
SOURCE_MS = 100  # the ids of depth grow by one in so many ms


def trade_data(listing: Listing, trade: Trade) -> dict[str, Any]:
    """A trade."""
    ids = {"e": "trade", "E": trade.time, "s": listing.symbol, "t": str(trade.number), "T": trade.time}
    return {**ids, "p": plain(trade.price), "q": plain(trade.quantity), "m": trade.is_buyer_maker}


def kline_data(engine: Engine, listing: Listing, interval: str, name: str, time: int) -> dict[str, Any]:
    """The candle of this moment; `name` is that of the interval on the stream."""
    candle = candle_of(Tape(engine.prices), listing, interval, time)
    prices = {"o": candle.open, "c": candle.close, "h": candle.high, "l": candle.low}
    amounts = {"v": candle.volume, "q": candle.quote_volume}
    count = (time - candle.open_time) // engine.prices.market.step_ms + 1
    row = {"t": candle.open_time, "T": candle.close_time, "s": listing.symbol, "i": name, "n": count}
    return {
        "e": "kline",
        "E": time,
        "s": listing.symbol,
        "K": {**row, **{each: plain(value) for each, value in {**prices, **amounts}.items()}},
    }


def depth_data(engine: Engine, listing: Listing, size: int, time: int) -> dict[str, Any]:
    """The best levels of both sides."""
    bids, asks = (engine.ladder.levels(listing, side, time)[:size] for side in (SELL, BUY))
    if engine.variants.depth_order == "worst first":
        asks = asks[::-1]
    return {"bids": pairs(bids), "asks": pairs(asks), "lastUpdateId": time // SOURCE_MS, "ts": time}


def ticker_data(engine: Engine, listing: Listing, time: int) -> dict[str, Any]:
    """The last 24 hours."""
    candle = Tape(engine.prices).candle(listing, time - DAY + 1, DAY, time)
    (bid, wanted), (ask, offered) = _best(engine, listing, time)
    change = (candle.close / candle.open - 1) * 100
    return {
        "e": "24hTicker",
        "E": time,
        "s": listing.symbol,
        "p": candle.close - candle.open,
        "P": f"{change:.2f}%",
        "o": candle.open,
        "h": candle.high,
        "l": candle.low,
        "c": candle.close,
        "v": candle.volume,
        "q": candle.quote_volume,
        "O": time - DAY,
        "C": time,
        "B": bid,
        "b": wanted,
        "A": ask,
        "a": offered,
        "n": DAY // engine.prices.market.step_ms,
    }


def book_ticker_data(engine: Engine, listing: Listing, time: int) -> dict[str, Any]:
    """The best prices and the quantities there."""
    (bid, wanted), (ask, offered) = _best(engine, listing, time)
    prices = {"b": plain(bid), "B": plain(wanted), "a": plain(ask), "A": plain(offered)}
    return {"e": "bookTicker", "E": time, "s": listing.symbol, **prices}


def last_price_data(listing: Listing, trade: Trade) -> dict[str, Any]:
    """The price of the latest trade; no time comes with it."""
    return {"e": "lastPriceUpdate", "s": listing.symbol, "c": plain(trade.price)}


def pairs(levels: Iterable[Level]) -> list[list[str]]:
    """Levels as pairs of texts."""
    return [[plain(price), plain(quantity)] for price, quantity in levels]


def _best(engine: Engine, listing: Listing, time: int) -> tuple[Level, Level]:
    bid, ask = engine.prices.best(listing, time)
    ladder = engine.ladder
    return (bid, ladder.at_best(listing, SELL, time)), (ask, ladder.at_best(listing, BUY, time))
