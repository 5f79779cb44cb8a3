"""How long it takes from a drop until everything is known again, over real sockets; nothing may be lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

import anyio

from bingx_async import BingXClient, FillAdded, Gap, Resynced, StreamLimits
from bingx_async.emulator import Emulator, Variants
from bingx_async.spot.tracker.tracker import Tracker

KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
LIMITS = StreamLimits(settled_after=0.5)  # each drop is the first one after a good connection
APART = 1.2  # seconds between two drops at least


class Watcher:
    """Counts what a tracker tells."""

    def __init__(self) -> None:
        self.fills, self.gaps = Counter[str](), 0
        self.resynced = anyio.Event()

    async def listen(self, tracker: Tracker) -> None:
        """Take every change."""
        async for item in tracker:
            if isinstance(item, FillAdded):
                self.fills[item.fill.trade_id] += 1
            elif isinstance(item, Gap):
                self.gaps += 1
            elif isinstance(item, Resynced):
                self.resynced.set()


async def trade(tracker: Tracker) -> None:
    """Buy and sell at once."""
    await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="100")
    await tracker.place("BTC-USDT", "SELL", "MARKET", quantity="0.001")


async def reconnect(drops: int, rotations: int) -> tuple[list[float], list[float]]:
    """Seconds from each drop to `Resynced`, and that each rotation took, while orders are filled all the time."""
    emulator, watcher = Emulator(latency=0.005, variants=Variants(repeated_listen_key="new")), Watcher()
    dropped, rotated = list[float](), list[float]()
    async with (
        emulator.serve() as server,
        BingXClient(**KEYS, base_url=server.url, stream_limits=LIMITS) as client,
        client.spot.tracker() as tracker,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(watcher.listen, tracker)
        dropped += [await _drop(emulator, tracker, watcher, number) for number in range(drops)]
        assert watcher.gaps == drops
        rotated += [await _rotate(client, tracker) for _ in range(rotations)]
        assert watcher.gaps == drops
        for order in tracker.orders.values():
            await tracker.until_done(order, timeout=10)
        await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()
    assert watcher.fills == Counter({str(fill.fill_id): 1 for fill in emulator.fills("1001")})
    return dropped, rotated


async def _drop(emulator: Emulator, tracker: Tracker, watcher: Watcher, number: int) -> float:
    await anyio.sleep(APART)
    watcher.resynced = anyio.Event()
    began = anyio.current_time()
    emulator.drop_streams("reset" if number % 2 else "clean")
    await trade(tracker)
    with anyio.fail_after(30):
        await watcher.resynced.wait()
    return anyio.current_time() - began


async def _rotate(client: BingXClient, tracker: Tracker) -> float:
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.spot.streams.rotate)
        await trade(tracker)
    return anyio.current_time() - began


def told(name: str, seconds: Sequence[float]) -> str:
    """Count, p50 and p99 as a row of a table."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"| {name} | {len(seconds)} | {cuts[49]:.2f} s | {cuts[98]:.2f} s |"


def main(count: int = 50) -> None:
    """Print the table."""
    dropped, rotated = anyio.run(reconnect, count, count)
    print("| | Times | p50 | p99 |\n|---|---|---|---|")
    print(told("From a drop to resynced", dropped))
    print(told("A rotation, of which 2 s are overlap", rotated))
