"""Readings that events ask for: at once, and also where another one is under way."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import InvalidRequest, OrderStatus
from bingx_async.core.channel import Push
from bingx_async.emulator.streams.faults import Drop, StreamFault
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, backends, run
from tests.tracker.world import World, within

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}
LISTED = "list_open_orders"


def hear_nonsense(tracker: Tracker) -> None:
    """Let an event come that cannot be read."""
    tracker._engine._follower.feed.take(Push("spot.executionReport", "nonsense", None, 0.0))


@backends
def test_an_event_that_cannot_be_read(backend: Backend) -> None:
    """It may have told of the end of an order: that is known after one reading, at once."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            world.emulator.inject(StreamFault(Drop()))
            world.emulator.set_price("BTC-USDT", 19000)
            await anyio.sleep(1)
            assert tracker.orders[order.order_id or 0].is_open
            hear_nonsense(tracker)
            assert (await tracker.until_done(order, timeout=3)).status is OrderStatus.FILLED

    run(backend, main)


@backends
def test_while_a_reading_is_under_way(backend: Backend) -> None:
    """What an event asks for while everything is being read is read afterwards: that reading may be too early."""

    async def main() -> None:
        world = World(latency=0.5)
        async with world.client() as client, client.spot.tracker() as tracker:
            order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            world.emulator.inject(StreamFault(Drop()))

            def lists() -> int:
                return world.emulator.stats().of("1", LISTED).accepted

            before = lists()
            await within(70, lambda: lists() > before)
            world.emulator.set_price("BTC-USDT", 19000)
            hear_nonsense(tracker)
            assert (await tracker.until_done(order, timeout=15)).status is OrderStatus.FILLED

    run(backend, main)


@backends
def test_an_order_that_is_forgotten(backend: Backend) -> None:
    """Waiting for an order that ended so long ago that it is not kept any more raises at once."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            tracker._portfolio._orders._index.done_kept = 1
            orders = [await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT) for _ in range(3)]
            await client.spot.cancel_open_orders("BTC-USDT")
            await anyio.sleep(5)
            assert len(tracker.orders) == 1
            with anyio.fail_after(1), pytest.raises(InvalidRequest):
                await tracker.until_done(orders[0])

    run(backend, main)
