"""The channels of the exchange, each declared once: topic, cadence, reader, and what may be left out.

A topic with a cadence is subscribed again when it falls silent. A market in which nothing happens sends no candles, so
those have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from bingx_async.core.channel import Channel, Keep, Push
from bingx_async.core.quota import PAGES
from bingx_async.models import BalanceUpdate, BookTicker, Depth, Kline, LastPrice, OrderUpdate, Ticker, Trade
from bingx_async.spot.streaming.readers import (
    read_balance_updates,
    read_book_tickers,
    read_depths,
    read_klines,
    read_last_prices,
    read_order_updates,
    read_tickers,
    read_trades,
)

MARKET_PAGE = f"{PAGES}spot/socket/market.html"
ACCOUNT_PAGE = f"{PAGES}spot/socket/account.html"

INTERVALS: Mapping[str, str] = {
    **{f"{each}m": f"{each}min" for each in (1, 3, 5, 15, 30)},
    "1h": "60min",
    **{f"{each}h": f"{each}hour" for each in (2, 4, 6, 8, 12)},
    "1d": "1day",
    "1w": "1week",
    "1M": "1month",
}
"""The names of candles' intervals in topics; for any other name the exchange is silent."""
LEVELS = (5, 10, 20, 50, 100)

TRADES = Channel[Trade]("trades", "{symbol}@trade", read_trades, source=MARKET_PAGE)
KLINES = Channel[Kline](
    "klines",
    "{symbol}@kline_{interval}",
    read_klines,
    Keep.NEWEST,
    source=MARKET_PAGE,
    key=attrgetter("open_time"),
)
TICKER = Channel[Ticker]("ticker", "{symbol}@ticker", read_tickers, Keep.NEWEST, 1.0, source=MARKET_PAGE)
BOOK_TICKER = Channel[BookTicker](
    "book_ticker", "{symbol}@bookTicker", read_book_tickers, Keep.NEWEST, source=MARKET_PAGE
)
LAST_PRICE = Channel[LastPrice]("last_price", "{symbol}@lastPrice", read_last_prices, Keep.NEWEST, source=MARKET_PAGE)
DEPTH = Channel[Depth]("depth", "{symbol}@depth{levels}", read_depths, Keep.NEWEST, 0.3, source=MARKET_PAGE)
DEPTH_CHANGES = Channel[Push](
    "order_book", "{symbol}@incrDepth", lambda push: (push,), Keep.WHOLE, 0.5, source=MARKET_PAGE
)
ORDERS = Channel[OrderUpdate](
    "orders", "spot.executionReport", read_order_updates, Keep.WHOLE, is_user=True, source=ACCOUNT_PAGE
)
BALANCES = Channel[BalanceUpdate](
    "balances", "ACCOUNT_UPDATE", read_balance_updates, Keep.WHOLE, is_user=True, source=ACCOUNT_PAGE
)

CHANNELS: Mapping[str, Channel[Any]] = {each.topic: each for each in (ORDERS, BALANCES)}
"""Those of an account, by topic."""
