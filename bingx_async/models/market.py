"""Market data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from attrs import NOTHING, frozen

from bingx_async.models.fields import raw, text, wire

__all__ = ["BookTicker", "Depth", "Kline", "LastPrice", "Level", "Ticker", "Trade"]


@frozen(order=True, weakref_slot=False)
class Level:
    """One price of an order book."""

    price: Decimal = wire("price", 0, default=NOTHING)
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal = wire("quantity", 1, default=NOTHING)
    """The quantity that is offered or wanted at this price, in the base asset."""


_PRICE = attrgetter("price")


def _rising(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels, key=_PRICE))


def _falling(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels, key=_PRICE, reverse=True))


@frozen
class Depth:
    """An order book at `time`, best price first on both sides."""

    bids: tuple[Level, ...] = wire("bids", default=(), converter=_falling)
    asks: tuple[Level, ...] = wire("asks", default=(), converter=_rising)
    time: datetime | None = wire("ts")
    raw: Mapping[str, Any] = raw()


@frozen
class Trade:
    """A trade of the market."""

    trade_id: str = text("id", "tid", "tradeId")
    """The exchange's id, a text: some have 21 digits."""
    symbol: str = text("symbol", "s")
    """The trading pair, such as BTC-USDT; empty where the reply has none."""
    price: Decimal | None = wire("price", "p")
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal | None = wire("qty", "v", "volume")
    """The quantity that was traded, in the base asset."""
    time: datetime | None = wire("time", "t", "timestamp")
    """When it was traded."""
    is_buyer_maker: bool | None = wire("buyerMaker")
    """Whether the buyer's order rested in the book, so that the seller took it; None where the reply does not tell."""
    raw: Mapping[str, Any] = raw()


@frozen
class Kline:
    """A candle: the trades of one interval."""

    open_time: datetime | None = wire("openTime", 0)
    """When the interval began."""
    open: Decimal | None = wire("open", 1)
    """The first price, in the quote asset."""
    high: Decimal | None = wire("high", 2)
    """The highest price, in the quote asset."""
    low: Decimal | None = wire("low", 3)
    """The lowest price, in the quote asset."""
    close: Decimal | None = wire("close", 4)
    """The last price so far, in the quote asset."""
    volume: Decimal | None = wire("volume", 5)
    """The quantity that was traded, in the base asset."""
    close_time: datetime | None = wire("closeTime", 6)
    """The last moment of the interval."""
    quote_volume: Decimal | None = wire("quoteVolume", 7)
    """Its value, in the quote asset."""
    is_closed: bool = False
    """Whether the interval is over by the exchange's clock, so that the candle changes no more."""
    raw: Any = raw()


@frozen
class Ticker:
    """The last 24 hours of a symbol."""

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    last_price: Decimal | None = wire("lastPrice")
    """The price of the latest trade, in the quote asset."""
    open_price: Decimal | None = wire("openPrice")
    """The price 24 hours ago, in the quote asset."""
    high_price: Decimal | None = wire("highPrice")
    """The highest price, in the quote asset."""
    low_price: Decimal | None = wire("lowPrice")
    """The lowest price, in the quote asset."""
    volume: Decimal | None = wire("volume")
    """The quantity that was traded, in the base asset."""
    quote_volume: Decimal | None = wire("quoteVolume")
    """Its value, in the quote asset."""
    bid_price: Decimal | None = wire("bidPrice")
    """The best price at which the base asset is wanted."""
    bid_quantity: Decimal | None = wire("bidQty", "bidVolume")
    """The quantity that is wanted there."""
    ask_price: Decimal | None = wire("askPrice")
    """The best price at which the base asset is offered."""
    ask_quantity: Decimal | None = wire("askQty", "askVolume")
    """The quantity that is offered there."""
    open_time: datetime | None = wire("openTime")
    """When the 24 hours began."""
    close_time: datetime | None = wire("closeTime")
    """When they ended."""
    count: int | None = wire("count")
    """The number of trades; None where the reply has none."""
    raw: Mapping[str, Any] = raw()

    @property
    def change(self) -> Decimal | None:
        """Last price less open price, in the quote asset. The exchange's own number has been seen to be high less low,
        so it is computed here."""
        return None if self.last_price is None or self.open_price is None else self.last_price - self.open_price

    @property
    def change_percent(self) -> Decimal | None:
        """The change in per cent of the open price."""
        return None if self.change is None or not self.open_price else self.change / self.open_price * 100


@frozen
class LastPrice:
    """The price of the latest trade of a symbol."""

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    price: Decimal | None = wire("price")
    """The price of one unit of the base asset, in the quote asset."""
    time: datetime | None = wire("timestamp", "time")
    """When that trade was."""
    raw: Mapping[str, Any] = raw()


@frozen
class BookTicker:
    """The best prices of a symbol."""

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    bid_price: Decimal | None = wire("bidPrice")
    """The best price at which the base asset is wanted, in the quote asset."""
    bid_quantity: Decimal | None = wire("bidVolume", "bidQty")
    """The quantity that is wanted there, in the base asset."""
    ask_price: Decimal | None = wire("askPrice")
    """The best price at which the base asset is offered, in the quote asset."""
    ask_quantity: Decimal | None = wire("askVolume", "askQty")
    """The quantity that is offered there, in the base asset."""
    time: datetime | None = wire("time")
    """When the exchange made it."""
    raw: Mapping[str, Any] = raw()
