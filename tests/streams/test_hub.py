"""Topics are shared, spread over sockets, and there only while something listens."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, ClientClosed, Lagged, Reconnected, StreamUnavailable, Trade
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import TopicRefused
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
def test_closed_client(backend: Backend) -> None:
    """A client that is closed ends its streams with `ClientClosed`, those of the clients made from it too, and closes
    their sockets and keys. Streams that are being opened end as well, and none can be opened any more."""

    async def main() -> None:
        world, errors, heard = World(), list[str](), Heard()
        world.streams.answers = {"SLOW-USDT@trade": [None]}
        client = world.client()
        other = client.with_options(max_wait=1.0)

        async def read(owner: BingXClient, symbol: str) -> None:
            try:
                async with owner.spot.streams.trades(symbol) as trades:
                    await anext(trades)
            except ClientClosed:
                errors.append(symbol)

        async def account() -> None:
            async with client.spot._calls.streams.listen({ORDERS: ORDERS_CHANNEL}, heard):
                await anyio.sleep(10)

        async with anyio.create_task_group() as group:
            group.start_soon(read, client, "BTC-USDT")
            group.start_soon(read, other, "ETH-USDT")
            group.start_soon(read, client, "SLOW-USDT")
            group.start_soon(account)
            await anyio.sleep(5)
            await client.aclose()
            assert world.open() == 0
            assert world.deleted == world.keys
        assert sorted(errors) == ["BTC-USDT", "ETH-USDT", "SLOW-USDT"]
        assert [type(error) for error in heard.errors] == [ClientClosed]
        for each in (client, other):
            with pytest.raises(ClientClosed):
                async with each.spot.streams.trades("BTC-USDT"):
                    pass

    run(backend, main)


@backends
def test_closed_child(backend: Backend) -> None:
    """Closing a client made from another ends its own streams only."""

    async def main() -> None:
        world = World()
        async with world.client() as client:
            other = client.with_options(max_wait=1.0)
            async with client.spot.streams.trades("BTC-USDT") as stays, other.spot.streams.trades("BTC-USDT") as ends:
                await other.aclose()
                with pytest.raises(ClientClosed):
                    await anext(ends)
                world.streams.push("BTC-USDT@trade", trade(1))
                assert isinstance(await anext(stays), Trade)

    run(backend, main)


@backends
def test_own_errors(backend: Backend) -> None:
    """An error of the program comes out of the context as itself, and the socket is closed."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            with pytest.raises(ZeroDivisionError):
                async with client.spot.streams.trades("BTC-USDT"):
                    raise ZeroDivisionError
        assert world.open() == 0

    run(backend, main)


@backends
def test_cancelled_at_every_moment(backend: Backend) -> None:
    """Wherever the opening of streams is cancelled, no socket, task or key is left (but a key whose making is still
    unanswered is not known, and ends by itself)."""

    async def main() -> None:
        world = World(rtt=0.0, ack_delay=0.11)
        async with world.client() as client:
            streaming = client.spot._calls.streams
            for tenth in range(8):
                heard = Heard()
                with anyio.move_on_after(tenth * 0.04):
                    async with streaming.listen({ORDERS: ORDERS_CHANNEL, "BTC-USDT@trade": TRADES}, heard):
                        await anyio.sleep_forever()
                assert world.open() == 0
                assert world.deleted == world.keys
            attempts = len(world.streams.attempts)
            await anyio.sleep(100)
            assert len(world.streams.attempts) == attempts

    run(backend, main)
