"""Streams that are closed leave nothing behind: sockets, keys, tasks."""

from __future__ import annotations

import anyio
import pytest

from bingx_async import BingXClient, ClientClosed, Trade
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from bingx_async.spot.streaming.channels import TRADES
from tests.client.exchange import Backend, backends, run
from tests.streams.world import ORDERS, Heard, World, trade


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
