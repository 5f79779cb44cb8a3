"""Streams where things go wrong in ways that are easily forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import anyio
import pytest

from bingx_async import BingXError, StreamLimits
from bingx_async.core.channel import Push
from bingx_async.spot.streaming.channels import BALANCES, ORDERS, TRADES
from tests.client.exchange import Backend, backends, run
from tests.streams.world import Heard, World, trade


class Broken(Heard):
    """A sink whose every method raises."""

    def take(self, push: Push) -> None:
        """See `Sink`."""
        raise RuntimeError("a defect of the program")

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """See `Sink`."""
        raise RuntimeError("a defect of the program")

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """See `Sink`."""
        raise RuntimeError("a defect of the program")

    def fail(self, error: BingXError) -> None:
        """See `Sink`."""
        raise RuntimeError("a defect of the program")


@backends
def test_a_sink_that_raises(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps nothing from the other sinks of its topics, and no socket from being closed."""

    async def main() -> None:
        world, good = World(), Heard()
        async with world.client() as client:
            listen = client.spot.streams.listen
            topics: Any = {"BTC-USDT@trade": TRADES}
            async with listen(topics, Broken()), listen(topics, good), listen({ORDERS.topic: ORDERS}, Broken()):
                world.streams.push("BTC-USDT@trade", trade(1))
                await anyio.sleep(1)
                world.streams.sockets[0].close()
                await anyio.sleep(5)
                world.streams.push("BTC-USDT@trade", trade(2))
                await anyio.sleep(1)
                assert [data["t"] for data in good.data] == ["1", "2"]
                assert [sign[0] for sign in good.signs] == ["lost", "back"]
                await client.aclose()
                assert (world.open(), len(good.errors)) == (0, 1)
                assert world.deleted == world.keys

    run(backend, main)
    assert caplog.messages.count("a sink of a stream raised an error") == 6


def test_cut_off_while_closing() -> None:
    """asyncio can cancel a task natively in the middle of what is shielded. Whenever that happens while streams are
    left, every socket is closed and no key is extended any more."""

    async def main() -> None:
        world = World(rtt=0.0)
        limits = StreamLimits(topics_per_socket=1)
        async with world.client(stream_limits=limits) as client:
            streaming = client.spot._calls.streams
            topics: Any = {ORDERS.topic: ORDERS, BALANCES.topic: BALANCES}
            topics |= {f"{each}-USDT@trade": TRADES for each in "ABC"}

            async def listen() -> None:
                async with streaming.listen(topics, Heard()):
                    await client.spot.streams.rotate()

            for cuts in range(1, 40):
                task = asyncio.create_task(listen())
                await asyncio.sleep(1.5)  # during the rotation, so that the account has two lines
                for _ in range(cuts):
                    task.cancel()
                    await asyncio.sleep(0)
                await asyncio.wait([task])
                await asyncio.sleep(20)
                assert world.open() == 0, cuts
            assert client.spot._calls.streams.family.hub()._parts.sockets.open == 0  # type: ignore[attr-defined]
            extended = len(world.extended)
            await asyncio.sleep(4000)
            assert len(world.extended) == extended

    run("asyncio", main)


@backends
def test_a_key_that_dies_while_its_socket_is_opened(backend: Backend) -> None:
    """The socket is not used: another one is opened with another key, which is extended."""

    async def main() -> None:
        world, heard = World(rtt=0.02), Heard()
        connect = world.streams.connect_stream

        async def slowly(host: str, port: int) -> Any:
            await anyio.sleep(1.0)
            return await connect(host, port)

        world.exchange.connect_stream = slowly  # type: ignore[attr-defined]
        async with world.client() as client, client.spot.streams.listen({ORDERS.topic: ORDERS}, heard):
            world.gives, world.extends = [world.keys[-1]], [404]  # the same key again, and it is dead at once
            world.streams.sockets[-1].close()
            await anyio.sleep(30)
            assert world.paths()[-1].endswith(world.keys[-1])
            assert (len(world.keys), len(set(world.keys)), world.open()) == (3, 2, 1)
            await anyio.sleep(1800)
            assert world.extended[-1][1] == world.keys[-1]

    run(backend, main)
