"""Connections that drop again and again, and rotations: nothing is lost or told twice, and reads stay few."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from random import Random
from statistics import quantiles
from typing import Any

import anyio

from bingx_async import FillAdded, Gap, OrderNotFound, Resynced
from bingx_async.emulator import Variants
from bingx_async.emulator.streams.faults import Cut, Duplicate, Reorder, StreamFault
from tests.client.exchange import Backend, run
from tests.sizes import in_turn, mostly_asyncio
from tests.tracker.world import World, gather, kinds, refused

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}


@mostly_asyncio
def test_a_storm(backend: Backend) -> None:
    """The connection drops every 20 s for an hour: reads stay far below the quota, nothing is refused, and orders,
    fills and balances are right in the end."""

    async def main() -> tuple[int, int]:
        world, chance, items = World(seed=7), Random(7), list[Any]()
        world.emulator.inject(StreamFault(Cut("reset", after=20)))
        world.emulator.inject(StreamFault(Duplicate(), probability=0.05))
        world.emulator.inject(StreamFault(Reorder(), probability=0.05))
        async with world.client() as client, client.spot.tracker() as tracker, anyio.create_task_group() as tasks:
            tasks.start_soon(gather, tracker, items)
            for _ in range(360):
                symbol, price = chance.choice([("BTC-USDT", 60000), ("ETH-USDT", 3000)])
                factor = Decimal(chance.randint(950, 1050)) / 1000
                side = chance.choice(["BUY", "SELL"])
                await tracker.place(symbol, side, "LIMIT", quantity="0.1", price=int(price * factor))
                still = [order for order in tracker.orders.values() if order.is_open]
                if len(still) > 10:
                    order = chance.choice(still)
                    with suppress(OrderNotFound):  # it was filled while the connection was down
                        await tracker.cancel(order)
                world.emulator.set_price(symbol, int(price * Decimal(chance.randint(950, 1050)) / 1000))
                await anyio.sleep(10)
            world.emulator.clear_faults()
            await anyio.sleep(90)
            world.check(tracker)
            assert tracker.is_synced
            booked = {order.order_id for order in world.booked().values()}
            assert booked == set(tracker.orders)
            fills = Counter(each.fill.trade_id for each in kinds(items, FillAdded))
            assert set(fills.values()) == {1}
            assert len(fills) == len(world.book.fills)
            tasks.cancel_scope.cancel()
        stats = world.emulator.stats()
        reads = sum(each.accepted for key, each in stats.endpoints.items() if "GET" in str(key))
        assert refused(world) == 0
        return reads, len(kinds(items, Gap))

    reads, gaps = run(backend, main)
    print(f"{gaps} gaps in an hour, {reads} reads")
    assert gaps > 100
    assert reads < 3600  # of at least 18 000 that the smallest quota allows


@in_turn("way", ["drop", "rotate", "rotate, same key"])
def test_fifty(way: str, backend: Backend) -> None:
    """50 connections that drop, or 50 rotations at chosen moments, while orders are filled: no fill is lost or told
    twice. A rotation leaves no gap, unless the exchange gives the same key again: then it is told."""

    async def main() -> list[float]:
        key = "new" if way == "rotate" else "same"
        world, items = World(seed=3, variants=Variants(repeated_listen_key=key)), list[Any]()
        async with world.client() as client, client.spot.tracker() as tracker, anyio.create_task_group() as tasks:
            tasks.start_soon(gather, tracker, items)
            for number in range(50):
                order = await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="100")
                if way == "drop":
                    world.emulator.drop_streams(("clean", "reset", "silent")[number % 3])  # type: ignore[arg-type]
                else:
                    tasks.start_soon(client.spot.streams.rotate)
                more = await tracker.place("BTC-USDT", "SELL", "MARKET", quantity="0.001")
                await tracker.until_done(order, timeout=120)
                await tracker.until_done(more, timeout=120)
                await anyio.sleep(3 if way == "rotate" else 62)  # a connection that lasted a minute is replaced at once
            await anyio.sleep(120)
            world.check(tracker)
            fills = Counter(each.fill.trade_id for each in kinds(items, FillAdded))
            assert fills == Counter({str(fill.fill_id): 1 for fill in world.book.fills})
            tasks.cancel_scope.cancel()
        signs = [(at, item) for at, item in items if isinstance(item, Gap | Resynced)]
        assert [type(item) for _, item in signs] == [Gap, Resynced] * (len(signs) // 2)
        if way == "rotate":
            assert signs == []
        starts, ends = signs[::2], signs[1::2]
        return [end[0] - start[0] for start, end in zip(starts, ends, strict=True)]

    took = run(backend, main)
    if took:
        cuts = quantiles(took, n=100, method="inclusive")
        print(f"{way}: {len(took)} gaps, told to resynced: p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s")
        assert cuts[98] < 5
