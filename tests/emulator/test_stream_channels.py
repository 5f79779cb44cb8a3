"""The channels of the market on the emulator's streams."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from bingx_async import InvalidRequest
from bingx_async.emulator import Listing, Market, Variants
from tests.emulator.calls import NOW, SYMBOL
from tests.emulator.peer import Peer
from tests.emulator.trading import MARKET, Trading

INCREMENTS = f"{SYMBOL}@incrDepth"
HOUR = 3_600_000


def walking(**options: Any) -> Trading:
    """A market that moves."""
    return Trading(market=Market(seed=7, volatility=0.02), **options)


def heard(trading: Trading, channel: str, ms: int) -> list[Any]:
    """The data of a channel for so many ms."""
    peer = Peer(trading)
    assert peer.ask(f"{SYMBOL}@{channel}")[0]["code"] == 0
    return peer.data(ms, f"{SYMBOL}@{channel}")


@pytest.mark.parametrize(
    ("channel", "count"),
    [("trade", 30), ("kline_1min", 30), ("depth5", 100), ("ticker", 30), ("bookTicker", 30), ("kline_1m", 0)],
)
def test_cadence(channel: str, count: int) -> None:
    """Each channel comes as often as the exchange's pages say; a candle under its name in REST never does."""
    assert len(heard(walking(), channel, 30_000)) == count


def test_trades_are_those_of_rest() -> None:
    """Ids, prices, quantities and sides agree; nothing comes at the subscription."""
    trading = walking()
    told = heard(trading, "trade", 5999)
    listed = trading.data("list_trades", symbol=SYMBOL, limit=5)[::-1]
    assert [(int(each["t"]), Decimal(each["p"]), Decimal(each["q"]), each["m"], each["T"]) for each in told] == [
        (each["id"], each["price"], each["qty"], each["buyerMaker"], each["time"]) for each in listed
    ]
    assert {(each["e"], each["s"], each["E"] - each["T"]) for each in told} == {("trade", SYMBOL, 0)}


def test_finer_steps() -> None:
    """A market that moves ten times in a second trades as often."""
    assert len(heard(Trading(market=Market(step_ms=100)), "trade", 3000)) == 30


@pytest.mark.parametrize(("name", "interval"), [("1min", "1m"), ("60min", "1h"), ("1day", "1d"), ("1month", "1M")])
def test_candles_are_those_of_rest(name: str, interval: str) -> None:
    """The current one, under the stream's own names, as REST lists it at that moment."""
    trading = walking()
    candle = heard(trading, f"kline_{name}", 1000)[-1]["K"]
    row = trading.data("list_klines", symbol=SYMBOL, interval=interval, limit=1)[0]
    told = [candle["t"], *(Decimal(candle[each]) for each in "ohlcv"), candle["T"], Decimal(candle["q"])]
    assert (told, candle["i"]) == (row, name)


def test_depth_is_that_of_rest() -> None:
    """The levels of both sides, asks worst first; without a size it has twenty."""
    trading = walking()
    told = heard(trading, "depth", 300)[-1]
    book = trading.data("get_depth", symbol=SYMBOL, limit=20)
    assert (told["bids"], told["asks"], len(told["asks"])) == (book["bids"], book["asks"], 20)
    assert Decimal(told["asks"][0][0]) > Decimal(told["asks"][-1][0]) > Decimal(told["bids"][0][0])


def test_tickers() -> None:
    """The same letters mean prices in one and quantities in the other; the percentage is a text."""
    trading = Trading(market=Market(moves=False))
    ticker, book = heard(trading, "ticker", 1000)[-1], heard(trading, "bookTicker", 1000)[-1]
    prices = Decimal("61249.99"), Decimal("61250.01")
    assert (ticker["B"], ticker["A"], ticker["P"], ticker["c"]) == (*prices, "0.00%", 61250)
    assert (Decimal(book["b"]), Decimal(book["a"])) == prices
    assert 0 < ticker["a"] < 10 > Decimal(book["A"]) > 0
    assert heard(trading, "lastPrice", 1000)[-1]["c"] in ("61249.99", "61250.01")


def test_what_stays_is_not_told_again() -> None:
    """Last prices and book tickers come when they change."""
    listing = Listing("CALM-USDT", price="1", tick="0.1", step="100000")
    peer = Peer(Trading(market=Market(moves=False, listings=[listing])))
    for channel in ("bookTicker", "lastPrice"):
        peer.ask(f"CALM-USDT@{channel}")
    assert len(peer.data(10_000, "CALM-USDT@bookTicker")) == 1


def replayed(messages: list[Any]) -> tuple[dict[str, str], dict[str, str], int]:
    """The bids, the asks and the last id that messages of incremental depth lead to."""
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    last = 0
    for message in messages:
        if message["action"] == "all":
            sides, last = {"bids": dict(message["bids"]), "asks": dict(message["asks"])}, message["lastUpdateId"]
        elif last and message["lastUpdateId"] > last:
            for name, side in sides.items():
                side.update(message[name])
                for price in [price for price, quantity in side.items() if quantity == "0"]:
                    del side[price]
            last = message["lastUpdateId"]
    return sides["bids"], sides["asks"], last


@pytest.mark.parametrize("ids", ["consecutive", "gaps"])
@pytest.mark.parametrize("form", ["objects", "arrays"])
def test_increments_lead_to_the_book(ids: str, form: str) -> None:
    """The whole book comes 200 ms after the subscription; all that follows keeps it equal to the published one, whose
    prices never cross, while the market moves and orders take from it."""
    trading = walking(variants=Variants(depth_ids=ids, depth_levels=form))
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    assert peer.take(199) == []
    messages = peer.data(1, INCREMENTS)
    assert ([each["action"] for each in messages], len(messages[0]["bids"])) == (["all"], 200)
    for _ in range(60):
        trading.place(**MARKET)
        messages += peer.data(1500, INCREMENTS)
        book = trading.emulator.order_book(SYMBOL)
        bids, asks = ({f"{price:f}": f"{quantity:f}" for price, quantity in side} for side in (book.bids, book.asks))
        assert replayed(messages) == (bids, asks, book.last_update_id)
        assert max(map(Decimal, bids)) < min(map(Decimal, asks))


def test_most_of_the_book_stays() -> None:
    """From step to step fewer than half of the 400 levels change, and the ids grow by one."""
    trading = walking()
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    updates = [each for each in peer.data(120_000, INCREMENTS) if each["action"] == "update"]
    sizes = [len(each["bids"]) + len(each["asks"]) for each in updates]
    assert 110 < len(updates) <= 240
    assert sum(sizes) / 120 < 200
    assert {after["lastUpdateId"] - before["lastUpdateId"] for before, after in pairwise(updates)} == {1}


def test_a_book_of_a_thousand_levels() -> None:
    """No side has more."""
    trading = Trading(market=Market(levels=1500))
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    (book,) = peer.data(200, INCREMENTS)
    assert (len(book["bids"]), len(book["asks"])) == (1000, 1000)


def test_increments_begin_anew() -> None:
    """A second subscription, later or on another socket, has a whole book under an id that goes on."""
    trading = walking()
    peers = [Peer(trading), Peer(trading)]
    peers[0].ask(INCREMENTS)
    first = peers[0].data(1000, INCREMENTS)
    peers[1].ask(INCREMENTS)
    second = peers[1].data(400, INCREMENTS)[0]
    peers[0].ask(INCREMENTS, "unsub")
    peers[1].ask(INCREMENTS, "unsub")
    trading.now += HOUR
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    third = peer.data(400, INCREMENTS)[0]
    assert [each["action"] for each in (first[0], second, third)] == ["all"] * 3
    assert first[-1]["lastUpdateId"] == second["lastUpdateId"] == third["lastUpdateId"] - 1


def test_the_book_that_nothing_told() -> None:
    """It is the book as it is; a symbol that does not exist is refused."""
    trading = walking()
    book = trading.emulator.order_book(SYMBOL)
    assert [f"{price:f}" for price, _ in book.bids[:20]] == [
        price for price, _ in trading.data("get_depth", symbol=SYMBOL, limit=20)["bids"]
    ]
    assert (book.symbol, book.time) == (SYMBOL, NOW)
    with pytest.raises(InvalidRequest, match="no symbol 'NONE'"):
        trading.emulator.order_book("NONE")


def test_one_feed_for_many() -> None:
    """Sockets that have the same topic get the same messages; one that leaves it gets no more."""
    trading = walking()
    peers = [Peer(trading) for _ in range(3)]
    for peer in peers:
        peer.ask(f"{SYMBOL}@trade")
    peers[2].ask(f"{SYMBOL}@trade", "unsub")
    first, second, third = [peer.take(0) or peer.take(3000) for peer in peers]
    assert (first, third) == (second, []) if len(second) == 3 else len(first) == 3
