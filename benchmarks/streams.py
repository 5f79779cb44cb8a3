"""Streams: client CPU for a message, messages per second, delay to the program, memory with a program that stalls.

The contenders take turns within each round; ratios are taken within a round and the median of the rounds is shown.
"""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from statistics import median, quantiles

from benchmarks import report
from benchmarks.stream_clients import (
    AIOHTTP,
    BARE,
    CCXT,
    CONTENDERS,
    OURS,
    UNIFIED,
    bare,
    by_aiohttp,
    ccxt_at,
    ccxt_trades,
    our_trades,
)
from benchmarks.stream_server import DEPTH, INCREMENTS, MESSAGES, PACE, SYMBOL, TRADES, running
from bingx_async import BingXClient

ROUNDS, PACED_ROUNDS = 5, 3
SKIPPED = 200  # the first messages of a connection meet cold code
TIMES = 10  # as many messages again come to a program that has stalled
NAMES = {TRADES: "trades", DEPTH: "whole books of 100 levels", INCREMENTS: "increments of 2 x 20 levels"}


def cost(name: str, url: str, channel: str) -> tuple[float, float]:
    """Microseconds of CPU and of time for one message."""
    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    asyncio.run(CONTENDERS[name](url, channel))
    count = MESSAGES[channel]
    return (time.process_time() - cpu) / count * 1e6, (time.perf_counter() - began) / count * 1e6


def throughput() -> None:
    """The cost of a message, and how many a second that is."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    pairs = [(channel, name) for channel in MESSAGES for name in CONTENDERS if (channel, name) != (INCREMENTS, CCXT)]
    with running("flood") as url:
        for channel, name in pairs:
            cost(name, url, channel)
        gc.freeze()  # the modules imported so far must not cost any contender time in the collector
        for _ in range(ROUNDS):
            for channel, name in pairs:
                found.setdefault((channel, name), []).append(cost(name, url, channel))

    def ratio(ours: tuple[str, str], other: tuple[str, str]) -> float:
        return median(a[0] / b[0] for a, b in zip(found[ours], found[other], strict=True))

    report.heading("Streams: client CPU for a message: ratios (below 1: less than the other)")
    for channel in (TRADES, INCREMENTS):  # ccxt keeps its book from whole ones of 100 levels
        own, rival = (channel, OURS), (DEPTH if channel == INCREMENTS else channel, CCXT)
        print(report.target(f"{NAMES[channel]}, / {CCXT}", ratio(own, rival), 0.5))
        print(report.target(f"{NAMES[channel]}, / {BARE}", ratio(own, (channel, BARE)), 3.0))
        print(f"{NAMES[channel]}, / {AIOHTTP}: {ratio(own, (channel, AIOHTTP)):.2f}")
    for name in (CCXT, BARE, AIOHTTP):
        print(f"{NAMES[DEPTH]}, / {name}: {ratio((DEPTH, OURS), (DEPTH, name)):.2f}")
    report.heading("Streams: µs of client CPU for a message, and messages per second")
    rows = []
    for channel in MESSAGES:
        cells = [found.get((channel, name)) for name in CONTENDERS]
        costs = [f"{median(each[0] for each in cell):.1f}" if cell else "-" for cell in cells]
        paces = [f"{1e6 / median(each[1] for each in cell):.0f}" if cell else "-" for cell in cells]
        rows += [[NAMES[channel], *costs], ["  per second", *paces]]
    report.table(["", *CONTENDERS], rows)


def delays() -> None:
    """From the server's writing to the program's having the trade, at a steady pace."""
    report.heading(f"Streams: µs from the server to the program, {PACE:.0f} trades per second")
    found: dict[str, list[list[float]]] = {name: [] for name in CONTENDERS}
    with running("pace") as url:
        for _ in range(PACED_ROUNDS):
            for name, centiles in found.items():
                centiles.append(quantiles(asyncio.run(paced(name, url))[SKIPPED:], n=100))
    rows = [
        [name, *(f"{median(each[place - 1] for each in centiles) / 1000:.0f}" for place in (50, 99))]
        for name, centiles in found.items()
    ]
    report.table(["", "p50", "p99"], rows)


async def paced(name: str, url: str) -> list[int]:
    """Nanoseconds for each trade."""
    taken, most = list[int](), 4 * int(PACE)

    def seen(sent_at: str) -> bool:
        if len(sent_at) > 5:
            taken.append(time.monotonic_ns() - int(sent_at))
        return len(taken) >= most

    if name in (OURS, CCXT):
        await {OURS: our_trades, CCXT: ccxt_trades}[name](url, seen)
    else:
        await {AIOHTTP: by_aiohttp, BARE: bare}[name](url, TRADES, seen)
    return taken


def resident() -> float:
    """MB of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


async def grown(settle: float = 0.5) -> list[float]:
    """MB of memory while messages come, until the process is idle."""
    sizes, cpu = [resident()], time.process_time()
    while True:
        await asyncio.sleep(settle)
        sizes.append(resident())
        before, cpu = cpu, time.process_time()
        if cpu - before < settle / 50:
            return sizes


async def stalled(name: str, url: str) -> list[float]:
    """Memory while the program takes one trade and then none."""
    if name == CCXT:
        async with ccxt_at(url) as exchange:
            await exchange.watch_trades(UNIFIED)
            return await grown()
    async with BingXClient(stream_url=url) as client, client.spot.streams.trades(SYMBOL) as trades:
        await anext(trades)
        return await grown()


def memory() -> None:
    """With a program that takes one trade and then none."""
    report.heading(f"Streams: MB of memory while {TIMES * MESSAGES[TRADES]} trades come to a program that has stalled")
    rows = []
    with running("flood", TIMES) as url:
        for name in (OURS, CCXT):
            sizes = asyncio.run(stalled(name, url))
            early = sizes[len(sizes) // 3]
            rows.append([name, *(f"{size:.1f}" for size in (sizes[0], early, sizes[-1])), f"{sizes[-1] - early:+.1f}"])
    report.table(["", "at first", "after a third", "at the end", "since then"], rows)


def main() -> None:
    """Measure and print."""
    throughput()
    delays()
    memory()


if __name__ == "__main__":
    main()
