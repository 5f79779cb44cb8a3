"""What waits for a slow program: bounded, in order, and what is left out is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from bingx_async import Lagged, Reconnected, StreamUnavailable
from bingx_async.core.channel import Channel, Keep, Push
from bingx_async.spot.streaming.channels import BOOK_TICKER, DEPTH, KLINES, TRADES
from bingx_async.spot.streaming.outlet import Outlet
from bingx_async.spot.streaming.refining import REMEMBERED, Closing, Once, Rising
from tests.client.exchange import Backend, backends, run
from tests.streams.test_readers import AT
from tests.streams.test_readers import BOOK_TICKER as BEST
from tests.streams.world import trade

START = datetime(2026, 1, 1, tzinfo=UTC)
A, B = "A-USDT@x", "B-USDT@x"
SYMBOLS = {A: "A-USDT", B: "B-USDT"}


def outlet(channel: Channel[Any], most: int = 3, refiner: Any = None) -> Outlet[Any]:
    """An outlet of two topics."""
    return Outlet(channel, SYMBOLS, most, refiner)


def push(data: Any, topic: str = A) -> Push:
    """A message."""
    return Push(topic, data, None, 0.0)


def taken(outlet: Outlet[Any]) -> list[Any]:
    """All that waits."""

    async def main() -> list[Any]:
        return [await outlet.next() for _ in iter(lambda: bool(outlet._waiting), False)]

    return run("asyncio", main)


def ids(items: list[Any]) -> list[Any]:
    """Trades by their ids, anything else as it is."""
    return [getattr(item, "trade_id", item) for item in items]


def test_counted() -> None:
    """Trades: the oldest are dropped, each symbol for itself, and counted where they are missing."""
    stream = outlet(TRADES)
    for number in range(5):
        stream.take(push(trade(number)))
    stream.take(push(trade(9), B))
    assert ids(taken(stream)) == [Lagged("trades", "A-USDT", 2), "2", "3", "4", "9"]
    stream.take(push(trade(10)))
    assert ids(taken(stream)) == ["10"]


def test_newest() -> None:
    """States: the newest of each symbol takes the place of the one that waits."""
    stream = outlet(BOOK_TICKER)
    for price in range(1, 6):
        stream.take(push(BEST | {"b": price}))
        stream.take(push(BEST | {"b": price * 10}, B))
    assert [(item.bid_price, item.ask_price) for item in taken(stream)] == [(5, 11.5), (50, 11.5)]


def test_whole() -> None:
    """Where none may be missing, all that wait are dropped together."""
    stream = outlet(Channel("orders", "x", lambda push: (push.data,), Keep.WHOLE))
    for number in range(9):
        stream.take(push(number))
        stream.take(push(-number, B)) if number < 2 else None
    assert taken(stream) == [0, -1, Lagged("orders", "A-USDT", 6), 6, 7, 8]


def test_reconnected() -> None:
    """An interruption is told in its place among the items, with the topics that are there again."""
    stream = outlet(TRADES)
    stream.take(push(trade(1)))
    stream.lost([A, B], START, "reset")
    stream.lost([A], START + timedelta(seconds=1), "again")
    stream.back([A], START + timedelta(seconds=2))
    stream.take(push(trade(2)))
    stream.back([B, A], START + timedelta(seconds=3))
    assert ids(taken(stream)) == [
        "1",
        Reconnected("trades", ("A-USDT",), START, START + timedelta(seconds=2), "reset"),
        "2",
        Reconnected("trades", ("B-USDT",), START, START + timedelta(seconds=3), "reset"),
    ]


def test_many_interruptions() -> None:
    """Interruptions that nothing takes do not pile up: from 100 on the last one is widened."""
    stream = outlet(TRADES)
    for number in range(1000):
        stream.lost([A], START + timedelta(seconds=number), "reset")
        stream.back([A], START + timedelta(seconds=number + 0.5))
    signs = taken(stream)
    assert len(signs) == 100
    assert (signs[-1].since, signs[-1].at) == (START + timedelta(seconds=99), START + timedelta(seconds=999.5))


def test_unreadable() -> None:
    """A message that cannot be read is counted and ends nothing, not even one at which the reader fails."""

    def fail(_push: Push) -> list[int]:
        raise ZeroDivisionError

    for channel in (TRADES, Channel("orders", "x", fail)):
        stream = outlet(channel)
        stream.take(push({"p": "nonsense"}))
        assert (stream.unreadable, taken(stream)) == (1, [])


def test_once() -> None:
    """A trade that comes again is left out, up to a thousand trades later; trades without an id are all handed on."""
    stream = outlet(TRADES, 10_000, Once)
    for number in (*range(REMEMBERED), *range(REMEMBERED)):
        stream.take(push(trade(number)))
    assert len(taken(stream)) == REMEMBERED
    once = Once()
    for number in range(5 * REMEMBERED):
        stream.take(push(trade(number)))
        once.refined(list(TRADES.read(push(trade(number)))))
    assert len(once._new) + len(once._old) <= 2 * REMEMBERED
    stream.take(push(trade(1) | {"t": None}, B))
    stream.take(push(trade(1) | {"t": None}, B))
    assert ids(taken(stream))[-2:] == ["", ""]


def candle(minute: int, close: int = 1) -> dict[str, Any]:
    """A message with a candle."""
    return {"K": {"t": AT + minute * 60_000, "T": AT + minute * 60_000 + 59_999, "c": close}}


def closes(stream: Outlet[Any]) -> list[tuple[int, int, bool]]:
    """The candles that wait."""
    return [
        (round(item.open_time.timestamp() * 1000 - AT) // 60_000, int(item.close), item.is_closed)
        for item in taken(stream)
        if not isinstance(item, Reconnected)
    ]


def test_closed_candles() -> None:
    """A candle comes once more as closed when a later one has begun; a late change of it gives it closed again, and
    older ones are left out."""
    stream = outlet(KLINES, 10, Closing)
    for minute, close in ((0, 1), (0, 2), (1, 3), (0, 5), (0, 5), (2, 4), (0, 9)):
        stream.take(push(candle(minute, close)))
    assert closes(stream) == [(0, 5, True), (1, 3, True), (2, 4, False)]


def test_candles_taken_at_once() -> None:
    """The same for a program that takes each candle as it comes."""
    stream, seen = outlet(KLINES, 10, Closing), list[Any]()
    for minute, close in ((0, 1), (0, 2), (1, 3), (0, 5), (2, 4)):
        stream.take(push(candle(minute, close)))
        seen += closes(stream)
    assert seen == [
        (0, 1, False),
        (0, 2, False),
        (0, 2, True),
        (1, 3, False),
        (0, 5, True),
        (1, 3, True),
        (2, 4, False),
    ]


def test_candle_with_a_gap() -> None:
    """A candle whose end was missed is not called closed."""
    stream = outlet(KLINES, 10, Closing)
    stream.take(push(candle(0)))
    stream.lost([A], START, "reset")
    stream.back([A], START)
    stream.take(push(candle(1)))
    assert closes(stream) == [(0, 1, False), (1, 1, False)]


def test_candle_with_a_message_that_cannot_be_read() -> None:
    """It may have been the last one of the candle, which is not called closed."""
    stream = outlet(KLINES, 10, Closing)
    for data in (candle(0), {"K": {"t": "nonsense"}}, candle(1), candle(2)):
        stream.take(push(data))
    assert closes(stream) == [(0, 1, False), (1, 1, True), (2, 1, False)]


def test_depth_whose_ids_begin_anew() -> None:
    """Where all books are older, from the fifth on they are handed on."""
    stream = outlet(DEPTH, 10, Rising)
    seen = []
    for number in (100, 1, 2, 101, 1, 2, 3, 4, 5, 4, 6):
        stream.take(push({"asks": [], "bids": [], "lastUpdateId": number}))
        seen += [item.raw["lastUpdateId"] for item in taken(stream)]
    assert seen == [100, 101, 5, 6]


def test_older_depth() -> None:
    """A book that is older than the one before is left out; after an interruption the counting begins anew."""
    stream = outlet(DEPTH, 10, Rising)
    seen = []
    for number in (5, 4, 5, None, 6):
        stream.take(push({"asks": [], "bids": [], "lastUpdateId": number}))
        seen += [item.raw["lastUpdateId"] for item in taken(stream)]
    stream.lost([A], START, "reset")
    stream.take(push({"asks": [], "bids": [], "lastUpdateId": 1}))
    assert seen == [5, 5, None, 6]
    assert [item.raw["lastUpdateId"] for item in taken(stream)] == [1]


@backends
def test_ends(backend: Backend) -> None:
    """What waits is given before the error; after the end iterating ends, also in tasks that wait."""

    async def main() -> None:
        stream, ended = outlet(TRADES), list[str]()

        async def wait() -> None:
            try:
                await stream.next()
            except StopAsyncIteration:
                ended.append("ended")

        failing = outlet(TRADES)
        failing.take(push(trade(1)))
        failing.fail(StreamUnavailable("gone"))
        assert ids([await failing.next()]) == ["1"]
        for _ in range(2):
            with pytest.raises(StreamUnavailable, match="gone"):
                await failing.next()
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            group.start_soon(wait)
            await anyio.sleep(1)
            stream.end()
        assert ended == ["ended", "ended"]

    run(backend, main)


@backends
def test_two_readers(backend: Backend) -> None:
    """Two tasks may take from one stream; each item goes to one of them."""

    async def main() -> None:
        stream, seen = outlet(TRADES, 100), list[str]()

        async def read() -> None:
            while len(seen) < 20:
                seen.extend(ids([await stream.next()]))
                await anyio.sleep(0.001)

        with anyio.move_on_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(read)
                group.start_soon(read)
                for number in range(20):
                    stream.take(push(trade(number)))
                    await anyio.sleep(0.01 * (number % 3))
        assert sorted(map(int, seen)) == list(range(20))

    run(backend, main)
