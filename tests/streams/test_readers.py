"""Messages become models: every letter where it belongs, whatever the shape, and nothing that comes raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async import Balance, BalanceUpdate, Fill, Level, OrderStatus, OrderType, OrderUpdate, Side
from bingx_async.core.channel import Channel, Push
from bingx_async.core.wire import parse
from bingx_async.spot.streaming import channels

AT = 1_790_000_000_000
TIME = datetime.fromtimestamp(AT / 1000, UTC)
CHANNELS: list[Channel[Any]] = [each for each in vars(channels).values() if isinstance(each, Channel)]

TRADE = {
    "e": "trade",
    "E": AT + 9,
    "T": AT,
    "s": "BTC-USDT",
    "t": "123456789012345678901",
    "p": "1.10",
    "q": "2",
    "m": True,
}
KLINE = {
    "e": "kline",
    "E": AT + 9,
    "s": "BTC-USDT",
    "K": {"t": AT, "T": AT + 59_999, "s": "BTC-USDT", "i": "1min", "o": "1", "h": "4", "l": "0.5", "c": "2"}
    | {"v": "7", "q": "14", "n": 3},
}
TICKER = {"e": "24hTicker", "E": AT, "s": "BTC-USDT", "p": 1, "o": 10, "h": 12, "l": 9, "c": 11, "v": 100, "q": 1000}
TICKER |= {"P": "10%", "O": AT - 86_400_000, "C": AT, "n": 5, "A": 11.5, "a": 3, "B": 10.5, "b": 4}
BOOK_TICKER = {"e": "bookTicker", "E": AT, "s": "BTC-USDT", "a": "11.5", "A": "3", "b": "10.5", "B": "4"}
LAST_PRICE = {"e": "lastPriceUpdate", "s": "BTC-USDT", "c": "11"}
DEPTH: dict[str, Any] = {
    "asks": [["13", "1"], ["12", "2"], ["11", "0"]],
    "bids": [["9", "1"], ["10", "2"]],
    "lastUpdateId": 4,
    "T": AT,
}
ORDER = {
    "e": "executionReport",
    "E": AT + 5,
    "s": "BTC-USDT",
    "S": "BUY",
    "o": "LIMIT",
    "i": 77,
    "C": "mine",
    "c": "no",
}
ORDER |= {
    "q": 2,
    "p": 10,
    "Q": 0,
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "l": 0.5,
    "L": 9.5,
    "Y": 4.75,
    "z": 0.5,
    "Z": 4.75,
}
ORDER |= {"n": -0.01, "N": "BTC", "m": True, "T": AT, "t": 99, "O": AT - 1, "u": 1, "mu": "", "U": "1", "A": 0, "ws": 1}
BALANCE = {"e": "ACCOUNT_UPDATE", "E": AT, "T": AT, "a": {"m": "ORDER", "B": []}}
BALANCE["a"] = {
    "m": "ORDER",
    "B": [{"a": "USDT", "bc": "-1.5", "cw": "8", "wb": "8.5", "lk": "1.5"}, {"a": "BTC", "wb": "1"}],
}


def read(channel: Channel[Any], data: object, topic: str = "BTC-USDT@any") -> list[Any]:
    """The items of a message as it comes from the wire."""
    message = parse(json.dumps({"data": data}))
    assert message is not None
    return list(channel.read(Push(topic, message["data"], None, 0.0)))


def as_text(value: Any) -> Any:
    """The same with every number as a text."""
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


SAMPLES: list[tuple[Channel[Any], dict[str, Any]]] = [
    (channels.TRADES, TRADE),
    (channels.KLINES, KLINE),
    (channels.TICKER, TICKER),
    (channels.BOOK_TICKER, BOOK_TICKER),
    (channels.LAST_PRICE, LAST_PRICE),
    (channels.DEPTH, DEPTH),
    (channels.ORDERS, ORDER),
    (channels.BALANCES, BALANCE),
]


def test_trade() -> None:
    """A trade; its id is a text of any length."""
    (trade,) = read(channels.TRADES, TRADE)
    assert (trade.trade_id, trade.symbol, trade.price, trade.quantity) == (
        "123456789012345678901",
        "BTC-USDT",
        Decimal("1.1"),
        Decimal(2),
    )
    assert (trade.time, trade.is_buyer_maker) == (TIME, True)


def test_kline() -> None:
    """A candle, which does not say whether it is closed."""
    (kline,) = read(channels.KLINES, KLINE)
    prices = kline.open, kline.high, kline.low, kline.close, kline.volume, kline.quote_volume
    assert prices == tuple(map(Decimal, ("1", "4", "0.5", "2", "7", "14")))
    assert kline.open_time == TIME
    assert (kline.close_time - kline.open_time).total_seconds() == 59.999
    assert kline.is_closed is False


def test_letters() -> None:
    """The letters of the best prices mean the opposite in the two tickers."""
    (ticker,), (book,) = read(channels.TICKER, TICKER), read(channels.BOOK_TICKER, BOOK_TICKER)
    for each in (ticker, book):
        best = each.bid_price, each.bid_quantity, each.ask_price, each.ask_quantity
        assert best == tuple(map(Decimal, ("10.5", "4", "11.5", "3")))
    day = ticker.last_price, ticker.open_price, ticker.high_price, ticker.low_price, ticker.volume, ticker.quote_volume
    assert day == tuple(map(Decimal, (11, 10, 12, 9, 100, 1000)))
    assert (ticker.change, ticker.change_percent, ticker.count, ticker.close_time) == (1, 10, 5, TIME)
    assert book.time == TIME


def test_last_price() -> None:
    """A price without a time."""
    (last,) = read(channels.LAST_PRICE, LAST_PRICE)
    assert (last.symbol, last.price, last.time) == ("BTC-USDT", 11, None)


@pytest.mark.parametrize("as_mapping", [False, True])
def test_depth(as_mapping: bool) -> None:
    """A book, best price first on both sides, from lists of pairs and from mappings; a quantity of 0 is no level."""
    sides: dict[str, Any] = {side: dict(DEPTH[side]) if as_mapping else DEPTH[side] for side in ("asks", "bids")}
    (depth,) = read(channels.DEPTH, DEPTH | sides)
    assert depth.asks == (Level(Decimal(12), Decimal(2)), Level(Decimal(13), Decimal(1)))
    assert depth.bids == (Level(Decimal(10), Decimal(2)), Level(Decimal(9), Decimal(1)))
    assert depth.time == TIME


def test_order_update() -> None:
    """An event of an order, with its fill: the fee is positive where it was paid."""
    (update,) = read(channels.ORDERS, ORDER)
    assert isinstance(update, OrderUpdate)
    order = update.order
    assert (order.order_id, order.client_order_id, order.status, order.side, order.type) == (
        77,
        "mine",
        OrderStatus.PARTIALLY_FILLED,
        Side.BUY,
        OrderType.LIMIT,
    )
    sums = order.original_quantity, order.executed_quantity, order.cumulative_quote_quantity, order.price
    assert sums == (2, Decimal("0.5"), Decimal("4.75"), 10)
    assert update.execution == "TRADE"
    sums = Decimal("9.5"), Decimal("0.5"), Decimal("4.75"), Decimal("-0.01")
    assert update.fill == Fill("99", 77, "mine", "BTC-USDT", *sums, "BTC", True, True, TIME)
    assert update.fill is not None
    assert update.fill.fee == Decimal("0.01")


@pytest.mark.parametrize(("changes", "fill_id"), [({"l": 0, "t": 0}, None), ({"l": 0, "t": -1}, None), ({"t": -1}, "")])
def test_no_fill(changes: dict[str, Any], fill_id: str | None) -> None:
    """An event without a traded quantity reports no fill; a fill without an id has none."""
    (update,) = read(channels.ORDERS, ORDER | changes)
    assert (update.fill.trade_id if update.fill else None) == fill_id


def test_balance_update() -> None:
    """The balances that changed; what is locked is not known where the event does not tell."""
    (update,) = read(channels.BALANCES, BALANCE)
    assert isinstance(update, BalanceUpdate)
    assert update.balances == (Balance("USDT", Decimal("8.5"), Decimal("1.5")), Balance("BTC", Decimal(1), None))
    assert (update.reason, update.changes, update.time) == ("ORDER", {"USDT": Decimal("-1.5")}, TIME)


@pytest.mark.parametrize(("channel", "data"), SAMPLES, ids=lambda each: getattr(each, "name", ""))
def test_shapes(channel: Channel[Any], data: dict[str, Any]) -> None:
    """Numbers as texts, a list of one and a list of two are read as the plain message; without symbol and event time
    the symbol is that of the topic."""
    plain = read(channel, data)
    assert len(plain) == 1
    assert read(channel, as_text(data)) == plain
    assert read(channel, [data]) == plain
    assert read(channel, [data, data]) == plain * 2
    if not channel.is_user:
        (bare,) = read(channel, {name: value for name, value in data.items() if name not in ("s", "E", "e")})
        assert getattr(bare, "symbol", "") == getattr(plain[0], "symbol", "")


ODD = st.sampled_from(["1e999", "0x", "-1", "NaN"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | ODD,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abceitTEsSpPqQKBACX"), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(SAMPLES), st.dictionaries(st.text(max_size=1), JUNK, max_size=3), JUNK, st.data())
def test_anything(sample: Any, more: dict[str, Any], junk: Any, data: st.DataObject) -> None:
    """Whatever a message holds, reading it gives items or none, and never raises."""
    channel, good = sample
    name = data.draw(st.sampled_from(sorted(good)))
    for found in (junk, good | more, good | {name: junk}, [good, junk]):
        assert isinstance(channel.read(Push("X@y", found, None, 0.0)), tuple | list)


def test_declarations() -> None:
    """Every channel names a method, a topic and the page that describes it; a topic is made of a symbol."""
    assert len({channel.name for channel in CHANNELS}) == len(CHANNELS) == 9
    assert all(channel.source.startswith("https://") for channel in CHANNELS)
    assert channels.TRADES.topic_of("BTC-USDT") == "BTC-USDT@trade"
    assert channels.KLINES.topic_of("BTC-USDT", interval="1min") == "BTC-USDT@kline_1min"
    assert channels.DEPTH.topic_of("BTC-USDT", levels=20) == "BTC-USDT@depth20"
    assert [channel.topic_of() for channel in CHANNELS if channel.is_user] == ["spot.executionReport", "ACCOUNT_UPDATE"]
