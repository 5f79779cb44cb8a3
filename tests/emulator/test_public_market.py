"""A market that follows recorded prices: what fills an order, what does not, and that nothing is made up."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bingx_async import InvalidRequest
from bingx_async.core.recording import Frame
from bingx_async.emulator import Market, Recording
from tests.emulator.calls import NOW, SYMBOL, UID
from tests.emulator.explained import Judge
from tests.emulator.recorded import best, depth, made_up, message, trade, write
from tests.emulator.trading import LIMIT, MARKET, STOP, Trading
from tests.sizes import IN_CI

START = int(NOW)
BOOK = depth([("60000", "0.3"), ("59990", "0.5")], [("60010", "0.2"), ("60020", "0.4")], 7)
SELL = {**LIMIT, "side": "SELL"}


def playing(path: Path, *frames: tuple[float, str], **market: Any) -> Trading:
    """An emulator at the first moment of a recording with these messages."""
    write(path / "prices.jsonl", [Frame(at, 1, text) for at, text in frames])
    trading = Trading(market=Market(follows=Recording(path / "prices.jsonl", **market), maker_fee=0, taker_fee=0))
    trading.data("server_time")
    return trading


def test_market_data_is_what_was_recorded(tmp_path: Path) -> None:
    """Order book, best prices, trades, candles and tickers are those of the messages, at their moments."""
    later = (250, best("60001", "0.1", "60009", "0.7")), (300, trade(81, "60009", "0.05", sold=False))
    trading = playing(tmp_path, (0, BOOK), *later)
    book = trading.data("get_depth", symbol=SYMBOL)
    assert book["bids"] == [["60000", "0.3"], ["59990", "0.5"]]
    assert book["asks"] == [["60020", "0.4"], ["60010", "0.2"]]
    assert trading.data("list_trades", symbol=SYMBOL) == []
    trading.now += 300
    (now,) = trading.data("list_book_tickers", symbol=SYMBOL)
    assert (now["bidPrice"], now["bidVolume"], now["askPrice"], now["askVolume"]) == ("60001", "0.1", "60009", "0.7")
    assert trading.data("get_depth", symbol=SYMBOL)["bids"][1:] == [["60000", "0.3"], ["59990", "0.5"]]
    (deal,) = trading.data("list_trades", symbol=SYMBOL)
    assert (deal["price"], deal["qty"], deal["time"]) == (60009, Decimal("0.05"), START + 300)
    (row,) = trading.data("list_klines", symbol=SYMBOL, interval="1m")
    assert row[1:6] == [60009, 60009, 60009, 60009, Decimal("0.05")]
    (ticker,) = trading.data("list_tickers")
    assert (ticker["symbol"], ticker["lastPrice"]) == (SYMBOL, 60009)
    assert trading.emulator.price(SYMBOL) == 60005


def test_a_market_order_takes_the_recorded_levels(tmp_path: Path) -> None:
    """It walks the book at its prices; what it took is not there again until the price has left the book."""
    gone = depth([("59990", "0.5")], [("60010", "0.2")])
    again = [BOOK.replace(": 7", f": {number}") for number in (8, 9)]
    trading = playing(tmp_path, (0, BOOK), (100, again[0]), (200, gone), (300, again[1]))
    trading.place(**{**MARKET, "side": "SELL", "quantity": "0.4"})
    assert trading.fills() == [("60000", "0.3", False), ("59990", "0.1", False)]
    trading.now += 100
    assert trading.data("get_depth", symbol=SYMBOL)["bids"] == [["59990", "0.4"]]
    trading.now += 200
    assert trading.data("get_depth", symbol=SYMBOL)["bids"] == [["60000", "0.3"], ["59990", "0.4"]]


@pytest.mark.parametrize(
    ("price", "deal", "filled"),
    [
        ("60000", trade(1, "59999", "0.2", sold=True), "0.2"),  # beyond its price: as much as was traded
        ("60000", trade(1, "59999", "9", sold=True), "0.5"),
        ("60000", trade(1, "60000", "0.2", sold=True), "0"),  # 0.3 of others stand before it
        ("60000", trade(1, "60000", "0.4", sold=True), "0.1"),
        ("60000", trade(1, "60000", "9", sold=False), "0"),  # bought there by others: no seller came to it
        ("60005", trade(1, "60005", "0.2", sold=True), "0.2"),  # nothing stands before a better price
        ("59000", trade(1, "59000", "9", sold=True), "0"),  # beyond the book it is not known what stands before it
        ("60000", best("59000", "1", "59500", "0.1"), "0.1"),  # offered below its price
        ("60000", best("59999", "1", "60000", "9"), "0.5"),
        ("60000", best("59000", "1", "60001", "9"), "0"),
    ],
)
def test_what_fills_an_order_that_rests(tmp_path: Path, price: str, deal: str, filled: str) -> None:
    """Trades beyond its price, trades at its price once those before it are through, and offers that reach it."""
    trading = playing(tmp_path, (0, BOOK), (500, deal))
    order = trading.place(**{**LIMIT, "price": price})
    trading.now += 499
    assert trading.state(order) == ("PENDING", "0")
    trading.now += 1
    assert Decimal(trading.state(order)[1]) == Decimal(filled)
    assert all(fill == (price, filled, True) for fill in trading.fills())
    assert [fill.time for fill in trading.emulator.fills(UID)] == [START + 500] * (filled != "0")


def test_a_trade_fills_no_more_than_was_traded(tmp_path: Path) -> None:
    """Own orders share it, the better price first; the same trade told twice counts once."""
    deal = trade(1, "60015", "0.6", sold=False)
    trading = playing(tmp_path, (0, BOOK), (500, deal), (501, deal))
    worse, better = (trading.place(**{**SELL, "price": price}) for price in ("60014", "60012"))
    trading.now += 600
    assert trading.state(better) == ("FILLED", "0.5")
    assert trading.state(worse) == ("PARTIALLY_FILLED", "0.1")


def test_the_queue_goes_forward_with_trades_alone(tmp_path: Path) -> None:
    """Of 0.3 before it a trade takes 0.2; a book that shows less changes nothing; the next trade fills it."""
    shown = depth([("60000", "0.01")], [("60010", "0.2")])
    deals = [trade(number, "60000", "0.2", sold=True) for number in (1, 2)]
    trading = playing(tmp_path, (0, BOOK), (100, deals[0]), (200, shown), (300, deals[1]))
    order = trading.place(**{**LIMIT, "price": "60000"})
    trading.now += 299
    assert trading.state(order) == ("PENDING", "0")
    trading.now += 1
    assert trading.state(order) == ("PARTIALLY_FILLED", "0.1")


def test_the_place_in_the_queue_is_that_of_the_moment_of_placing(tmp_path: Path) -> None:
    """Others who leave before the first trade do not move it forward either."""
    shown = depth([("60000", "0.01")], [("60010", "0.2")])
    deals = [trade(number, "60000", "0.2", sold=True) for number in (1, 2)]
    trading = playing(tmp_path, (0, BOOK), (100, shown), (200, deals[0]), (300, deals[1]))
    order = trading.place(**{**LIMIT, "price": "60000"})
    trading.now += 299
    assert trading.state(order) == ("PENDING", "0")
    trading.now += 1
    assert trading.state(order) == ("PARTIALLY_FILLED", "0.1")


@pytest.mark.parametrize(
    "message",
    [
        trade(1, "1e999999", "1", sold=True),
        trade(1, "59999", "1e999999", sold=True),
        trade(1, "59999", "1e-999999", sold=True),
        best("1e-99", "1", "59990", "1"),
        depth([("59980", "1")], [("59990", "1e99")], 8),
        depth([("59980", "1")], [("59990", "1")], 8).replace('": 8', '": 1e999999'),
        trade(1, "60000", "9", sold=True).replace("true", '"false"', 1),
    ],
)
def test_messages_that_fill_nothing(tmp_path: Path, message: str) -> None:
    """Numbers of no ordinary size are not read; the side of a trade may be a text."""
    trading = playing(tmp_path, (0, BOOK), (100, message))
    order = trading.place(**{**LIMIT, "price": "60000"})
    trading.now += 200
    assert trading.state(order) == ("PENDING", "0")


def test_conditional_orders_wait_for_a_recorded_trade(tmp_path: Path) -> None:
    """The latest trade triggers, and what follows is matched like any other order."""
    trading = playing(
        tmp_path, (0, BOOK), (100, trade(1, "59001", "1", sold=True)), (200, trade(2, "59000", "1", sold=True))
    )
    order = trading.place(**{**STOP, "price": "60000"})
    trading.now += 199
    assert trading.order(order)["status"] == "NEW"
    trading.now += 1
    assert trading.state(order) == ("PARTIALLY_FILLED", "0.3")
    assert trading.fills() == [("60000", "0.3", False)]


class TestStale:
    """Prices that are too old."""

    def test_nothing_is_filled_and_the_refusal_says_so(self, tmp_path: Path) -> None:
        """Orders that would take are refused with the age of the prices, others rest until new ones come."""
        trading = playing(tmp_path, (0, BOOK), (30_000, BOOK))
        trading.now += 10_000
        trading.place(**MARKET)
        trading.now += 1
        text = "no current prices of BTC-USDT: the last prices are 10.0 s old; nothing is filled from stale prices"
        assert trading.refusal("place_order", **MARKET) == (100490, text)
        ioc = {**LIMIT, "price": "60020", "timeInForce": "IOC"}
        assert trading.refusal("place_order", **ioc) == (100490, text)
        order = trading.place(**{**LIMIT, "price": "60020"})
        trading.now += 19_998
        assert trading.state(order) == ("PENDING", "0")
        trading.now += 1
        assert (trading.state(order)[0], Decimal(trading.state(order)[1])) == ("FILLED", Decimal("0.5"))
        assert trading.emulator.fills(UID)[-1].time == START + 30_000

    def test_a_lost_connection_ends_it_at_once(self, tmp_path: Path) -> None:
        """From that moment nothing is filled, until the book comes again; the state tells both."""
        write(
            tmp_path / "prices.jsonl",
            [Frame(0, 1, BOOK), Frame(100, 1, lost="reset by the peer"), Frame(900, 2, BOOK.replace(": 7", ": 1"))],
        )
        trading = Trading(market=Recording(tmp_path / "prices.jsonl"))
        trading.place(**MARKET)
        trading.now += 100
        code, text = trading.refusal("place_order", **MARKET)
        assert (code, "s old; reset by the peer; nothing is filled" in text) == (100490, True)
        assert "reset by the peer" in trading.emulator.why_stale(SYMBOL)
        trading.now += 800
        assert trading.emulator.why_stale(SYMBOL) == ""
        trading.place(**MARKET)

    def test_a_symbol_without_prices_has_none(self, tmp_path: Path) -> None:
        """Nothing is made up: it has no order book, no ticker and no price, and cannot be set."""
        trading = playing(tmp_path, (0, BOOK))
        text = "no current prices of ETH-USDT: no price has come yet"
        assert trading.refusal("list_book_tickers", symbol="ETH-USDT") == (100490, text)
        assert trading.data("get_depth", symbol="ETH-USDT")["bids"] == []
        assert trading.data("list_klines", symbol="ETH-USDT", interval="1h") == []
        assert trading.emulator.why_stale("ETH-USDT") == "no price has come yet"
        with pytest.raises(InvalidRequest, match="no current prices of ETH-USDT: no price has come yet"):
            trading.emulator.price("ETH-USDT")
        with pytest.raises(InvalidRequest, match="follows the public market"):
            trading.emulator.set_price(SYMBOL, "60000")


@pytest.mark.parametrize(
    "broken",
    [
        "Ping",
        '{"ping":"abc"}',
        '{"id":"1","code":0}',
        "[1,2]",
        "[" * 5000,
        message("trade", {"t": "9", "p": "x", "q": "1"}),
        message("trade", {"t": "9", "p": "NaN", "q": "1"}),
        message("trade", {"t": "9", "p": "-1", "q": "1"}),
        message("trade", None),
        message("bookTicker", {"b": "61000", "B": "1", "a": "60500", "A": "1"}),
        message("depth20", {"bids": [["61000", "1"]], "asks": [["60500", "1"]]}),
        message("depth20", {"bids": [["61000"]], "asks": 5}),
        message("depth20", {"bids": [["60400", "1"]], "asks": [["60500", "1"]], "lastUpdateId": 3}),
        message("ticker", {"p": "1"}),
    ],
)
def test_a_message_that_is_broken_crossed_or_old_changes_nothing(tmp_path: Path, broken: str) -> None:
    """The book stays as it was told before."""
    trading = playing(tmp_path, (0, BOOK), (100, broken))
    before = trading.data("get_depth", symbol=SYMBOL)
    trading.now += 100
    after = trading.data("get_depth", symbol=SYMBOL)
    assert (after["bids"], after["asks"]) == (before["bids"], before["asks"])
    assert trading.data("list_trades", symbol=SYMBOL) == []


def run_at_random(path: Path, seed: int) -> Trading:
    """Ten minutes of a recording with orders at random moments and prices, each of them for 0.05 to 0.6."""
    random, trading = Random(seed), Trading(market=Market(follows=Recording(path), maker_fee=0, taker_fee=0))
    for _ in range(600):
        mid = int(trading.emulator.price(SYMBOL)) if trading.now > NOW else 60_000
        side, kind = random.choice(("BUY", "SELL")), random.choice(("LIMIT", "LIMIT", "MARKET"))
        size = f"{random.randint(5, 60) / 100}"
        amount = (
            {"quoteOrderQty": f"{float(size) * mid:.0f}"} if (kind, side) == ("MARKET", "BUY") else {"quantity": size}
        )
        price = {"price": str(mid + random.randint(-4, 4))} if kind == "LIMIT" else {}
        trading.place(symbol=SYMBOL, side=side, type=kind, **amount, **price)
        trading.now += random.randint(0, 2000)
    return trading


@pytest.mark.parametrize("seed", range(6 if IN_CI else 3))
def test_every_fill_is_explained_by_recorded_prices(tmp_path: Path, seed: int) -> None:
    """An independent judge finds for each fill the frame that made it, and all fills of a frame within what it told."""
    frames = made_up(seed, 700)
    trading = run_at_random(write(tmp_path / "prices.jsonl", frames), seed)
    fills = trading.emulator.fills(UID)
    kinds = Judge(frames, START).explain(fills)
    assert sum(kinds.values()) == len(fills)
    assert {kind for kind, count in kinds.items() if count >= 10} == {"taken", "beyond", "queue", "crossed"}


def test_a_recording_played_twice_gives_the_same_to_the_byte(tmp_path: Path) -> None:
    """Every fill, order and balance of ten minutes is the same, however often the emulator is asked in between."""
    path = write(tmp_path / "prices.jsonl", made_up(3, 700))

    def told(trading: Trading) -> bytes:
        fills = [(fill.fill_id, fill.order.order_id, fill.time) for fill in trading.emulator.fills(UID)]
        return json.dumps([fills, trading.fills(), str(trading.balances())]).encode()

    assert told(run_at_random(path, 3)) == told(run_at_random(path, 3))
    slow, quick = (Trading(market=Recording(path)) for _ in range(2))
    for trading, steps in ((slow, 1), (quick, 6000)):
        trading.place(**{**LIMIT, "price": "59998"})
        trading.place(**{**SELL, "price": "60002"})
        for _ in range(steps):
            trading.now += 600_000 // steps
            trading.emulator.open_orders(UID)
    assert told(slow) == told(quick)
    assert len(slow.fills()) >= 2


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    """Where it is given, not at the first request."""
    (tmp_path / "other.jsonl").write_text('{"price": 5}\n')
    with pytest.raises(InvalidRequest, match=r"other\.jsonl is no recording of streams"):
        Recording(tmp_path / "other.jsonl")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        Recording(tmp_path / "missing.jsonl")
    with pytest.raises(InvalidRequest, match="stale_after"):
        Recording(tmp_path / "missing.jsonl", stale_after=0)
    with pytest.raises(InvalidRequest, match=r"follows must be Recording\('prices\.jsonl'\), Live\(\) or None"):
        Market(follows="live")  # pyright: ignore[reportArgumentType]
