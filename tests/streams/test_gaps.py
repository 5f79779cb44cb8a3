"""Interruptions, refusals and slow programs, as the program sees them."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import Lagged, Reconnected, StreamUnavailable, Trade
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import TopicRefused
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from bingx_async.spot.streaming.channels import TRADES
from tests.client.exchange import Backend, backends, run
from tests.streams.world import ORDERS, Heard, World, trade


@backends
def test_refused(backend: Backend) -> None:
    """A topic that the exchange does not serve is told by `async with`; other streams go on."""

    async def main() -> None:
        world = World()
        world.streams.answers = {"NO-USDT@trade": [80015]}
        async with world.client(None) as client, client.spot.streams.trades("BTC-USDT") as trades:
            for _ in range(2):
                with pytest.raises(TopicRefused) as caught:
                    async with client.spot.streams.trades("BTC-USDT", "NO-USDT"):
                        pass
                assert (caught.value.topic, caught.value.code) == ("NO-USDT@trade", 80015)
            world.streams.push("BTC-USDT@trade", trade(1))
            assert isinstance(await anext(trades), Trade)
            assert list(world.streams.socket.topics) == ["BTC-USDT@trade"]

    run(backend, main)


@backends
def test_refused_later(backend: Backend) -> None:
    """A topic that is refused after a reconnect ends the streams that have it, and no other."""

    async def main() -> None:
        world = World()
        world.streams.answers = {"OLD-USDT@trade": [{"code": 0}, 80015]}
        async with world.client(None) as client:
            streams = client.spot.streams
            async with streams.trades("OLD-USDT") as old, streams.trades("BTC-USDT") as trades:
                world.streams.socket.reset()
                with pytest.raises(TopicRefused):
                    await anext(old)
                assert isinstance(await anext(trades), Reconnected)
                world.streams.push("BTC-USDT@trade", trade(1))
                assert isinstance(await anext(trades), Trade)

    run(backend, main)


@backends
def test_unreachable(backend: Backend) -> None:
    """A stream that cannot be opened says why, within a bounded time, and leaves nothing behind."""

    async def main() -> None:
        world = World()
        world.streams.handshakes = [OSError("no route")] * 1000
        async with world.client(None) as client:
            with pytest.raises(StreamUnavailable, match=r"within 30.2 s: no connection to .*OSError"):
                async with client.spot.streams.trades("BTC-USDT"):
                    pass
            assert round(anyio.current_time()) == 30
            attempts = len(world.streams.attempts)
            await anyio.sleep(600)
            assert len(world.streams.attempts) == attempts

    run(backend, main)


@backends
def test_no_answer(backend: Backend) -> None:
    """A subscription that is never answered is asked for twice, then given up."""

    async def main() -> None:
        world = World()
        world.streams.answers = {"BTC-USDT@trade": [None]}
        async with world.client(None) as client:
            with pytest.raises(StreamUnavailable, match="did not answer the subscription"):
                async with client.spot.streams.trades("BTC-USDT"):
                    pass
            assert [kind for _, kind, _ in world.streams.socket.asked].count("sub") == 2
        assert world.open() == 0

    run(backend, main)


@backends
@pytest.mark.parametrize("end", ["reset", "end", "close"])
def test_reconnects(backend: Backend, end: str) -> None:
    """50 lost connections: each gap is told once, with its beginning and its end, and what is sent while there is a
    connection arrives once."""

    async def main() -> None:
        world, seen = World(), list[Any]()
        async with world.client(None) as client, client.spot.streams.trades("BTC-USDT") as trades:
            for number in range(50):
                world.streams.push("BTC-USDT@trade", trade(number))
                seen.append(await anext(trades))
                lost_at = client.clock.moment(client.clock.monotonic())
                getattr(world.streams.socket, end)()
                gap: Any = await anext(trades)
                assert isinstance(gap, Reconnected)
                assert (gap.channel, gap.symbols) == ("trades", ("BTC-USDT",))
                assert gap.since <= lost_at <= gap.at <= client.clock.moment(client.clock.monotonic())
        assert [item.trade_id for item in seen] == [str(number) for number in range(50)]
        assert len(world.streams.sockets) == 51

    run(backend, main)


@backends
def test_stalled(backend: Backend) -> None:
    """A program that takes nothing keeps as many trades as the limit says for each symbol; the rest are counted, each
    once."""

    async def main() -> None:
        world, items = World(), list[Any]()
        client = world.client(None, stream_limits=StreamLimits(queue=10))
        async with client, client.spot.streams.trades("A-USDT", "B-USDT") as trades:
            for number in range(500):
                world.streams.push("A-USDT@trade", trade(number))
                if number % 100 == 0:
                    world.streams.push("B-USDT@trade", trade(number))
                await anyio.sleep(0.01)
            items = [await anext(trades) for _ in range(16)]
        assert [item for item in items if isinstance(item, Lagged)] == [Lagged("trades", "A-USDT", 490)]
        assert [item.trade_id for item in items if isinstance(item, Trade) and item.symbol == "B-USDT"] == [
            "0",
            "100",
            "200",
            "300",
            "400",
        ]
        assert [item.trade_id for item in items if isinstance(item, Trade) and item.symbol == "A-USDT"] == [
            str(number) for number in range(490, 500)
        ]

    run(backend, main)


@backends
def test_restart(backend: Backend) -> None:
    """A topic that is asked for again is given up and subscribed on the same socket, which is told to all who listen to
    it."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client, client.spot.streams.trades("BTC-USDT") as trades:
            topics: Any = {ORDERS: ORDERS_CHANNEL, "BTC-USDT@trade": TRADES}
            async with client.spot._calls.streams.listen(topics, heard) as listening:
                for topic in topics:
                    listening.restart(topic)
                assert isinstance(await anext(trades), Reconnected)
                await anyio.sleep(1)
                world.streams.push("BTC-USDT@trade", trade(1))
                assert isinstance(await anext(trades), Trade)
        assert sorted(sign[:2] for sign in heard.signs) == [
            ("back", ("BTC-USDT@trade",)),
            ("back", (ORDERS,)),
            ("lost", ("BTC-USDT@trade",)),
            ("lost", (ORDERS,)),
        ]
        assert (
            sorted([kind for _, kind, _ in peer.asked][:3] for peer in world.streams.sockets)
            == [["sub", "unsub", "sub"]] * 2
        )

    run(backend, main)


@backends
def test_silent_topic(backend: Backend) -> None:
    """A ticker that falls silent while its socket pings is subscribed again, and the gap is told."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client, client.spot.streams.ticker("BTC-USDT") as ticker:
            world.streams.push("BTC-USDT@ticker", {"c": 1})
            await anext(ticker)
            gap: Any = await anext(ticker)
            assert (gap.channel, gap.symbols) == ("ticker", ("BTC-USDT",))
            assert (gap.at - gap.since).total_seconds() == pytest.approx(30, abs=1)
            assert len(world.streams.sockets) == 1

    run(backend, main)
