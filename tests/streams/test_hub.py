"""Topics are shared, spread over sockets, and there only while something listens."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import StreamUnavailable, Trade
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from bingx_async.spot.streaming.channels import TRADES
from tests.client.exchange import Backend, backends, run
from tests.streams.world import ORDERS, Heard, World, next_trade, trade


def symbols(count: int) -> list[str]:
    """Made-up pairs."""
    return [f"C{number}-USDT" for number in range(count)]


@backends
def test_trades(backend: Backend) -> None:
    """A stream of trades gives what the exchange sends, once, and closes its socket at the end."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            async with client.spot.streams.trades("BTC-USDT") as trades:
                for number in (1, 2, 2, 1, 3):
                    world.streams.push("BTC-USDT@trade", trade(number))
                seen: list[Any] = [await anext(trades) for _ in range(3)]
                assert [item.trade_id for item in seen] == ["1", "2", "3"]
                assert world.open() == 1
            assert world.open() == 0
            assert [item async for item in trades] == []
        assert world.paths() == ["/market"]
        assert not world.keys

    run(backend, main)


@backends
def test_both_kinds(backend: Backend) -> None:
    """The account's topics travel over a socket of their own, whose key is deleted at the end."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client:
            streaming = client.spot._calls.streams
            async with streaming.listen({ORDERS: ORDERS_CHANNEL, "BTC-USDT@trade": TRADES}, heard):
                world.streams.push(ORDERS, {"i": 1})
                world.streams.push("BTC-USDT@trade", trade(1))
                await anyio.sleep(1)
            assert sorted(push.topic for push in heard.pushes) == ["BTC-USDT@trade", ORDERS]
        assert sorted(world.paths()) == ["/market", f"/market?listenKey={world.keys[0]}"]
        assert world.deleted == world.keys
        assert world.open() == 0

    run(backend, main)


@backends
def test_shared(backend: Backend) -> None:
    """A topic is subscribed once for all who listen to it, also through clients made from one, and given up when the
    last of them leaves."""

    async def main() -> None:
        world = World()
        async with world.client() as client:
            other = client.with_options(max_wait=1.0)
            third = client.for_account(api_key="another", secret_key="another", account="2")
            async with client.spot.streams.trades("BTC-USDT") as one, other.spot.streams.trades("BTC-USDT") as two:
                async with third.spot.streams.trades("BTC-USDT", "ETH-USDT"):
                    world.streams.push("BTC-USDT@trade", trade(7))
                    assert [(await next_trade(each)).trade_id for each in (one, two)] == ["7", "7"]
                await anyio.sleep(1)
        asked = [(kind, topic) for _, kind, topic in world.streams.socket.asked]
        assert len(world.streams.sockets) == 1
        assert asked == [("sub", "BTC-USDT@trade"), ("sub", "ETH-USDT@trade"), ("unsub", "ETH-USDT@trade")]

    run(backend, main)


@backends
@pytest.mark.parametrize(("topics", "sockets", "seconds"), [(200, 1, 39.8), (1000, 5, 39.8)])
def test_many_topics(backend: Backend, topics: int, sockets: int, seconds: float) -> None:
    """200 topics fit on one socket and 1000 on five; each socket is asked for 5 in a second, so all are there after 40
    seconds."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            began = anyio.current_time()
            async with client.spot.streams.trades(*symbols(topics)) as trades:
                took = anyio.current_time() - began
                for number, symbol in enumerate(symbols(topics)):
                    world.streams.push(f"{symbol}@trade", trade(number, symbol=symbol))
                seen: set[str] = {(await next_trade(trades)).symbol for _ in range(topics)}
        assert seen == set(symbols(topics))
        assert len(world.streams.sockets) == sockets
        assert seconds <= took < seconds + 0.5
        for socket in world.streams.sockets:
            times = [at for at, kind, _ in socket.asked if kind == "sub"]
            assert min(later - at for at, later in zip(times, times[5:], strict=False)) >= 999.0

    run(backend, main)


@backends
def test_no_more_sockets(backend: Backend) -> None:
    """More topics than the sockets have room for are refused at once; those that are there go on."""

    async def main() -> None:
        world = World()
        limits = StreamLimits(topics_per_socket=2, sockets=2)
        async with world.client(None, stream_limits=limits) as client:
            async with client.spot.streams.trades(*symbols(3)) as trades:
                with pytest.raises(StreamUnavailable, match="all 2 sockets are in use"):
                    async with client.spot.streams.ticker("A-USDT", "B-USDT"):
                        pass
                world.streams.push("C2-USDT@trade", trade(1))
                assert isinstance(await anext(trades), Trade)
            async with client.spot.streams.ticker(*symbols(4)):
                assert world.open() == 2

    run(backend, main)


@backends
def test_full_socket(backend: Backend) -> None:
    """A socket that the exchange calls full is left as it is, and the topic goes to another."""

    async def main() -> None:
        world = World()
        world.streams.answers = {"C1-USDT@trade": [80403, 0]}
        async with world.client(None) as client, client.spot.streams.trades(*symbols(3)) as trades:
            world.streams.push("C1-USDT@trade", trade(1, symbol="C1-USDT"))
            assert isinstance(await anext(trades), Trade)
            assert [list(socket.topics) for socket in world.streams.sockets] == [
                ["C0-USDT@trade", "C2-USDT@trade"],
                ["C1-USDT@trade"],
            ]

    run(backend, main)
