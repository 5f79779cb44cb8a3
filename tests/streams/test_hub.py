"""Topics are shared, spread over sockets, and there only while something listens."""

from __future__ import annotations

import anyio
import pytest

from bingx_async import ClientClosed, InvalidRequest, TopicRefused
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from bingx_async.spot.streaming.channels import TRADES
from tests.client.exchange import Backend, backends, run
from tests.streams.world import BALANCES, KEYS, ORDERS, Heard, World, trade


@backends
def test_trades(backend: Backend) -> None:
    """A stream of trades gives what the exchange sends, once, and closes its socket at the end."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            async with client.spot.streams.trades("BTC-USDT") as trades:
                for number in (1, 2, 2, 1, 3):
                    world.streams.push("BTC-USDT@trade", trade(number))
                seen = [await anext(trades) for _ in range(3)]
                assert [item.trade_id for item in seen] == ["1", "2", "3"]
                assert world.open() == 1
            assert world.open() == 0
            assert [item async for item in trades] == []
        assert world.paths() == ["/market"]
        assert not world.keys

    run(backend, main)


@backends
def test_account(backend: Backend) -> None:
    """The account's topics travel over a socket of their own, whose key is deleted at the end."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client:
            streaming = client.spot._calls.streams
            async with streaming.listen({ORDERS: ORDERS_CHANNEL, "BTC-USDT@trade": TRADES}, heard):
                world.streams.push(ORDERS, {"i": 1})
                world.streams.push("BTC-USDT@trade", trade(1))
                await anyio.sleep(1)
            assert [push.topic for push in heard.pushes] == [ORDERS, "BTC-USDT@trade"]
        assert sorted(world.paths()) == ["/market", f"/market?listenKey={world.keys[0]}"]
        assert world.deleted == world.keys
        assert world.open() == 0

    run(backend, main)
