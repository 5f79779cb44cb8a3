"""Market data: order books, trades, tickers, candles and rules, with the exchange's oddities."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator import Emulator, Market, Request
from tests.emulator.calls import NOW, SYMBOL
from tests.emulator.trading import Trading

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


def walking(**options: Any) -> Trading:
    """A market that walks."""
    return Trading(market=Market(seed=7, **options))


def test_depth() -> None:
    """Bids best first, asks worst first; `limit` cuts the far ends; prices and quantities are texts."""
    data = walking().data("get_depth", symbol=SYMBOL, limit=5)
    asks, bids = ([Decimal(price) for price, _ in data[side]] for side in ("asks", "bids"))
    assert (len(asks), len(bids), data["ts"]) == (5, 5, int(NOW))
    assert asks == sorted(asks, reverse=True)
    assert bids == sorted(bids, reverse=True)
    assert asks[-1] - bids[0] == Decimal("0.02")


@pytest.mark.parametrize("symbol", ["BTC_USDT", SYMBOL])
def test_aggregated_depth(symbol: str) -> None:
    """Prices stand on a coarser grid, outside the market, and no quantity is lost; either spelling of the symbol."""
    trading = Trading(market=Market(seed=7, levels=30))
    fine, coarse = (trading.data("get_aggregated_depth", symbol=symbol, type=kind, depth=1000) for kind in STEPS)
    for side in ("bids", "asks"):
        assert {Decimal(price) % 10 for price, _ in coarse[side]} == {0}
        assert total(coarse[side]) == total(fine[side])
        assert len(coarse[side]) < len(fine[side])
    assert Decimal(coarse["bids"][0][0]) <= Decimal(fine["bids"][0][0])
    assert trading.refusal("get_aggregated_depth", symbol=symbol, type="step9")[0] == 100400


STEPS = ("step0", "step3")


def total(levels: list[list[str]]) -> Decimal:
    """The quantity of a side."""
    return sum((Decimal(quantity) for _, quantity in levels), Decimal(0))


def test_trades() -> None:
    """Newest first, one a second, the same whenever they are asked for."""
    trading = walking()
    before = trading.data("list_trades", symbol=SYMBOL, limit=5)
    assert [trade["time"] for trade in before] == [int(NOW) - second * 1000 for second in range(5)]
    trading.now += 2000
    after = trading.data("list_trades", symbol=SYMBOL, limit=7)
    assert after[2:] == before
    assert sorted(before[0]) == ["buyerMaker", "id", "price", "qty", "time"]


def test_historical_trades() -> None:
    """Their ids have 21 digits; `fromId` pages towards older ones, without a gap and without an overlap."""
    trading = walking()
    first = trading.data("iter_historical_trades", symbol=SYMBOL, limit=4)
    second = trading.data("iter_historical_trades", symbol=SYMBOL, limit=4, fromId=first[-1]["tid"])
    both = trading.data("iter_historical_trades", symbol=SYMBOL, limit=8)
    assert first + second == both
    assert {len(trade["tid"]) for trade in both} == {21}
    assert {trade["ms"] for trade in trading.data("iter_historical_trades", symbol=SYMBOL)} == {1, 2}


def test_history_has_a_beginning() -> None:
    """Paging through historical trades ends after the latest 2000; no candle is older than the market."""
    trading, pages = walking(), [dict[str, str]()]
    trades: list[dict[str, Any]] = []
    while pages:
        older = {"fromId": trades[-1]["tid"]} if trades else {}
        pages = trading.data("iter_historical_trades", symbol=SYMBOL, limit=500, **older)
        trades += pages
    assert len(trades) == len({trade["tid"] for trade in trades}) == 2000
    oldest = trading.data("list_klines", symbol=SYMBOL, interval="1M", limit=1440)[-1][0]
    assert f"{datetime.fromtimestamp(oldest / 1000, UTC):%Y-%m-%dT%H}" == "2020-09-30T16"


def test_ticker() -> None:
    """The change is high less low, in the number and in the per cent; prices are numbers."""
    trading = walking()
    (ticker,) = trading.data("list_tickers", symbol=SYMBOL)
    assert ticker["priceChange"] == ticker["highPrice"] - ticker["lowPrice"] > 0
    assert ticker["priceChangePercent"] == f"{ticker['priceChange'] / ticker['openPrice'] * 100:.2f}%"
    assert ticker["lastPrice"] == trading.emulator.price(SYMBOL)
    assert (ticker["openTime"], ticker["closeTime"]) == (int(NOW) - DAY, int(NOW))


def test_all_tickers() -> None:
    """Without a symbol there is one for each that is traded."""
    trading = walking()
    online = {each["symbol"] for each in trading.data("list_symbols")["symbols"] if each["status"] == 1}
    for name in ("list_tickers", "list_prices", "list_book_tickers"):
        assert {each["symbol"] for each in trading.data(name)} == online


def test_price() -> None:
    """The latest trade, wrapped in a list; the symbol as it was written."""
    trading = walking()
    (price,), (spelled,) = (trading.data("list_prices", symbol=symbol) for symbol in (SYMBOL, "BTC_USDT"))
    newest = trading.data("list_trades", symbol=SYMBOL, limit=1)[0]
    assert (price["symbol"], spelled["symbol"]) == (SYMBOL, "BTC_USDT")
    assert price["trades"] == spelled["trades"]
    assert Decimal(price["trades"][0]["price"]) == newest["price"]
    assert price["trades"][0]["amount"] == ""


def test_book_ticker() -> None:
    """The best prices of the order book, asked for with an underscore and answered with a hyphen."""
    trading = walking()
    (ticker,) = trading.data("list_book_tickers", symbol="BTC_USDT")
    depth = trading.data("get_depth", symbol=SYMBOL, limit=1)
    assert ticker["symbol"] == SYMBOL
    assert [ticker["bidPrice"], ticker["bidVolume"]] == depth["bids"][0]
    assert [ticker["askPrice"], ticker["askVolume"]] == depth["asks"][0]


def test_candles() -> None:
    """Newest first, the unfinished one too; each begins where the one before ended; high and low hold the others."""
    trading = walking()
    rows = trading.data("list_klines", symbol=SYMBOL, interval="5m", limit=100)
    opens = [row[0] for row in rows]
    assert opens == [int(NOW) // (5 * MINUTE) * 5 * MINUTE - index * 5 * MINUTE for index in range(100)]
    assert all(row[6] == row[0] + 5 * MINUTE - 1 for row in rows)
    assert all(row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in rows)
    assert rows[0][4] == trading.emulator.price(SYMBOL)
    assert rows[1] == trading.data("list_klines", symbol=SYMBOL, interval="5m", endTime=opens[1], limit=1)[0]


def test_candles_of_a_window() -> None:
    """Both ends are inclusive, by the opening; at most 1440 rows, the latest of the window."""
    trading, start = walking(), int(NOW) // HOUR * HOUR - 2000 * MINUTE
    rows = trading.data("list_klines", symbol=SYMBOL, interval="1m", startTime=start, endTime=start + 3 * MINUTE)
    assert [row[0] for row in rows] == [start + index * MINUTE for index in (3, 2, 1, 0)]
    assert len(trading.data("list_klines", symbol=SYMBOL, interval="1m", limit=5000)) == 1440
    assert len(trading.data("list_historical_klines", symbol=SYMBOL, interval="1m", limit=5000)) == 500
    assert trading.refusal("list_klines", symbol=SYMBOL, interval="7m")[0] == 100400


@pytest.mark.parametrize(
    ("interval", "zone", "opens"),
    [
        ("12h", None, ["2023-11-14T12:00", "2023-11-14T00:00"]),
        ("1d", "0", ["2023-11-14T00:00", "2023-11-13T00:00"]),
        ("1d", None, ["2023-11-14T16:00", "2023-11-13T16:00"]),
        ("1d", "8", ["2023-11-14T16:00", "2023-11-13T16:00"]),
        ("1w", "0", ["2023-11-13T00:00", "2023-11-06T00:00"]),
        ("1w", None, ["2023-11-12T16:00", "2023-11-05T16:00"]),
        ("1M", "0", ["2023-11-01T00:00", "2023-10-01T00:00"]),
        ("1M", None, ["2023-10-31T16:00", "2023-09-30T16:00"]),
    ],
)
def test_days_open_by_the_time_zone(interval: str, zone: str | None, opens: list[str]) -> None:
    """From a day on candles open at midnight of UTC+8, unless `timeZone` is 0; they end where the next begins."""
    params = {} if zone is None else {"timeZone": zone}
    rows = walking().data("list_klines", symbol=SYMBOL, interval=interval, limit=3, **params)
    assert [f"{datetime.fromtimestamp(row[0] / 1000, UTC):%Y-%m-%dT%H:%M}" for row in rows[:2]] == opens
    assert [row[6] + 1 for row in rows[1:]] == [row[0] for row in rows[:2]]


def test_rules() -> None:
    """The grids as numbers, in scientific notation where they are small; `minQty` is out of use and no bound."""
    rules = Trading().data("list_symbols", symbol=SYMBOL)["symbols"]
    assert b'"stepSize":1e-05,' in Trading().reply("list_symbols", symbol=SYMBOL).body
    assert rules == [
        {
            "symbol": SYMBOL,
            "displayName": SYMBOL,
            "minQty": Decimal("0.0000082"),
            "maxQty": Decimal("4.0816327"),
            "minNotional": 1,
            "maxNotional": 500_000,
            "maxMarketNotional": 200_000,
            "status": 1,
            "tickSize": Decimal("0.01"),
            "stepSize": Decimal("0.00001"),
            "apiStateBuy": True,
            "apiStateSell": True,
            "timeOnline": 1_600_000_000_000,
            "offTime": 0,
            "maintainTime": 0,
        }
    ]


def test_states_of_symbols() -> None:
    """Some are offline, suspended, or closed to one side; a list of symbols names all that there are."""
    states = {each["symbol"]: each for each in Trading().data("list_symbols")["symbols"]}
    assert {each["status"] for each in states.values()} == {0, 1, 5, 10, 25}
    assert (states["EXIT-USDT"]["apiStateBuy"], states["EXIT-USDT"]["apiStateSell"]) == (False, True)
    few = Trading(symbols=["ABC-XYZ", SYMBOL])
    assert [each["symbol"] for each in few.data("list_symbols")["symbols"]] == ["ABC-XYZ", SYMBOL]


def test_the_envelope_of_market_data() -> None:
    """Code, server time and data; no message."""
    answer = Trading(clock_offset_ms=70).ask("list_tickers", symbol=SYMBOL)
    assert (list(answer), answer["timestamp"]) == (["code", "timestamp", "data"], int(NOW) + 70)


def test_unknown_symbols() -> None:
    """A symbol that is no pair is 100400 everywhere."""
    trading = Trading()
    codes = {
        name: trading.refusal(name, symbol="BTC", interval="1m")[0]
        for name in ("get_depth", "list_trades", "list_klines", "list_tickers", "list_prices", "list_symbols")
    }
    assert set(codes.values()) == {100400}


def test_a_public_endpoint_needs_neither_key_nor_time() -> None:
    """Market data is served to anyone."""
    reply = Emulator(clock=lambda: NOW).handle(Request("GET", "/openApi/spot/v1/market/depth", "symbol=BTC-USDT"))
    assert (reply.status, reply.body[:10]) == (200, b'{"code":0,')
