"""How market data, the account and `request` are used, for the type checkers: this file is never run."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_type

from bingx_async import (
    AccountValue,
    Balance,
    BingXClient,
    BookPolicy,
    BookTicker,
    Depth,
    Facts,
    Kline,
    Lagged,
    LastPrice,
    Level,
    ListenKey,
    Permissions,
    Quota,
    Reconnected,
    StreamLimits,
    SymbolRules,
    Ticker,
    Trade,
)
from bingx_async.spot import OrderBook, Stream, Streams


async def look() -> None:
    client = BingXClient(facts=Facts(market_family="quote"))
    spot = client.spot
    assert_type(await spot.get_aggregated_depth("BTC-USDT", step=1), Depth)
    assert_type(await spot.list_trades("BTC-USDT", max_wait=0), list[Trade])
    assert_type([each async for each in spot.iter_historical_trades("BTC-USDT", from_id="1")], list[Trade])
    assert_type(await spot.list_klines("BTC-USDT", "1m", start=datetime.now(UTC)), list[Kline])
    assert_type([each async for each in spot.iter_klines("BTC-USDT", "1m", 1_790_000_000_000)], list[Kline])
    assert_type((await spot.get_ticker("BTC-USDT")).change, Decimal | None)
    assert_type(await spot.list_tickers(), list[Ticker])
    assert_type(await spot.get_price("BTC-USDT"), LastPrice)
    assert_type(await spot.list_book_tickers(), list[BookTicker])
    assert_type(await spot.get_server_time(), datetime)
    assert_type(await spot.get_symbol("BTC-USDT"), SymbolRules)


async def own(client: BingXClient) -> None:
    assert_type(await client.account.list_balances(), list[Balance])
    assert_type(await client.account.list_fund_balances("USDT"), list[Balance])
    assert_type(await client.account.get_overview(), list[AccountValue])
    assert_type(await client.account.get_uid(), str)
    assert_type(await client.account.get_permissions(), Permissions)
    assert_type(await client.account.create_listen_key(), ListenKey)
    assert_type(await client.request("GET", "/openApi/account/v1/uid", quota=Quota(5, 1.0)), Any)


async def listen() -> None:
    streams = BingXClient(stream_url="ws://127.0.0.1:8080/market", stream_limits=StreamLimits(queue=100)).spot.streams
    async with streams.trades("BTC-USDT", "ETH-USDT") as trades:
        async for item in trades:
            assert_type(item, Trade | Lagged | Reconnected)
    async with streams.klines("BTC-USDT", "1m") as candles, streams.depth("BTC-USDT", levels=5) as depth:
        assert_type(await anext(candles), Kline | Lagged | Reconnected)
        assert_type(await anext(depth), Depth | Lagged | Reconnected)
    async with streams.ticker("BTC-USDT") as ticker, streams.book_ticker("BTC-USDT") as best:
        assert_type(await anext(ticker), Ticker | Lagged | Reconnected)
        assert_type(await anext(best), BookTicker | Lagged | Reconnected)
    async with streams.last_price("BTC-USDT") as prices, streams.order_book("BTC-USDT") as book:
        assert_type(await anext(prices), LastPrice | Lagged | Reconnected)
        assert_type(book, OrderBook)
        assert_type(book.best_bid, Level | None)
        assert_type(book.asks(10), tuple[Level, ...])
        assert_type(book.policy, BookPolicy)
        assert_type(await book.changed(), None)
        async for each in book:
            assert_type(each, OrderBook)
    stream: Stream[Trade] = streams.trades("BTC-USDT")
    assert_type(stream.unreadable, int)
    assert_type(streams, Streams)
    assert_type(await streams.rotate(), None)
