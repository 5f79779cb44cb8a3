"""Client CPU and time to place one order, from the method call to the model: beside ccxt and bingx-py in one run.

Each contender does what it does for its users: this library makes a client order id, checks the order against the
symbol's trading rules and reads the reply as `Decimal`; ccxt rounds to its market's precision. Rules and markets are
known beforehand. See `benchmarks.cpu` for the way of measuring.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median

from bingx_py.asyncio import BingXAsyncClient
from bingx_py.models.spot.trades import SpotPlaceOrderResponse

from benchmarks import report
from benchmarks.ccxt_market import exchange_at
from benchmarks.cpu import LEVELS, Cancel, cost, wall
from benchmarks.server import KEY, SECRET, running
from bingx_async import BingXClient, Governor
from bingx_async.spot.placing import PLACE_ORDER

ROUNDS = 9
OURS, CCXT, BINGX_PY = "bingx_async, place_order", "ccxt, create_order", "bingx-py, async_post"
WALL = 0  # in the place of a level: the time of one call


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Cancel]:
    """This library, everything on, with quotas that never make a call wait."""
    async with BingXClient(
        KEY, SECRET, base_url=url, governor=Governor(profile="unlimited"), carrier="query"
    ) as client:

        async def place() -> object:
            return await client.spot.place_order("BTC-USDT", "BUY", "LIMIT", quantity="0.0015", price="68412.5")

        yield place


@asynccontextmanager
async def ccxt_client(url: str) -> AsyncIterator[Cancel]:
    """The unified create_order of the published ccxt."""
    async with exchange_at(url) as exchange:

        async def place() -> object:
            return await exchange.create_order("BTC/USDT", "limit", "buy", 0.0015, 68412.5)

        yield place


@asynccontextmanager
async def bingx_py_client(url: str) -> AsyncIterator[Cancel]:
    """The published bingx-py by its `async_post`: its `place_order` blocks the event loop."""
    client = BingXAsyncClient(KEY, SECRET)
    client.base_url = url
    wanted = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.0015, "price": 68412.5}
    async with client:

        async def place() -> object:
            return client.save_convert(await client.async_post(PLACE_ORDER.path, wanted), SpotPlaceOrderResponse)

        yield place


async def measure(url: str) -> dict[str, dict[int, list[float]]]:
    """Microseconds by contender and level, one figure per round."""
    found: dict[str, dict[int, list[float]]] = {}
    async with AsyncExitStack() as stack:
        contenders = {OURS: ours(url), CCXT: ccxt_client(url), BINGX_PY: bingx_py_client(url)}
        calls = {name: await stack.enter_async_context(each) for name, each in contenders.items()}
        for call in calls.values():
            await cost(call, max(LEVELS))
        gc.collect()
        gc.freeze()
        for _ in range(ROUNDS):
            for level in LEVELS:
                for name, call in calls.items():
                    found.setdefault(name, {}).setdefault(level, []).append(await cost(call, level))
            for name, call in calls.items():
                found[name].setdefault(WALL, []).append(await wall(call, 100))
    return found


def main() -> None:
    """Measure and print."""
    with running() as url:
        micros = asyncio.run(measure(url))

    def ratio(base: str, level: int) -> float:
        return median(a / b for a, b in zip(micros[OURS][level], micros[base][level], strict=True))

    report.heading("Placing an order, from the call to the model: CPU, and the time of one call")
    for level in LEVELS:
        print(report.target(f"CPU, {level} in flight, / {CCXT}", ratio(CCXT, level), 1.0))
    print(report.target(f"time of one call, / {CCXT}", ratio(CCXT, WALL), 1.0))
    for level in LEVELS:
        print(f"CPU, {level} in flight, / {BINGX_PY}: {ratio(BINGX_PY, level):.2f}")
    print(f"time of one call, / {BINGX_PY}: {ratio(BINGX_PY, WALL):.2f}")
    rows = [[name, *(f"{median(levels[each]):.0f}" for each in (*LEVELS, WALL))] for name, levels in micros.items()]
    report.table(["µs", *(f"{level} in flight" for level in LEVELS), "one call"], rows)


if __name__ == "__main__":
    main()
