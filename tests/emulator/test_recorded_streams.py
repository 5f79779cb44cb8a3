"""The streams of an emulator whose market is a recording: they tell the recorded prices, at their moments."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from bingx_async import BingXClient, Governor
from bingx_async.emulator import Emulator, Recording
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run
from tests.emulator.recorded import SYMBOL, made_up, write

KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
SECONDS = 60


async def listen(path: Path) -> dict[str, list[Any]]:
    """What five streams of a client give in a minute, while it has an order in the book, and the fills of that."""
    emulator = Emulator(market=Recording(path), clock=simulated_clock().wall)
    found: dict[str, list[Any]] = {}

    async def follow(name: str, stream: Any) -> None:
        async for item in stream:
            found.setdefault(name, []).append(item)

    governor = Governor(clock=simulated_clock())
    async with (
        BingXClient(**KEYS, governor=governor, transport=emulator.transport()) as client,
        client.spot.streams.trades(SYMBOL) as trades,
        client.spot.streams.book_ticker(SYMBOL) as best,
        client.spot.streams.depth(SYMBOL) as depth,
        client.spot.streams.klines(SYMBOL, "1m") as klines,
        client.spot.streams.ticker(SYMBOL) as ticker,
        anyio.create_task_group() as group,
    ):
        streams = {"trades": trades, "book_ticker": best, "depth": depth, "klines": klines, "ticker": ticker}
        for name, stream in streams.items():
            group.start_soon(follow, name, stream)
        await client.spot.place_order(SYMBOL, "BUY", "LIMIT", quantity="3", price="59999")
        await anyio.sleep(SECONDS)
        group.cancel_scope.cancel()
    return {**found, "fills": emulator.fills("1001")}


@backends
def test_streams_tell_the_recorded_prices(backend: Backend, tmp_path: Path) -> None:
    """Every recorded trade once and in order, books and best prices as they were told, and the same in a second run."""
    frames = made_up(4, SECONDS + 30)
    path = write(tmp_path / "prices.jsonl", frames)
    found = run(backend, lambda: listen(path))
    again = run(backend, lambda: listen(path))
    assert {name: list(map(repr, items)) for name, items in again.items()} == {
        name: list(map(repr, items)) for name, items in found.items()
    }
    assert len(found["fills"]) > 1

    told = [json.loads(frame.text)["data"] for frame in frames if "@trade" in frame.text]
    recorded = [(Decimal(each["p"]), Decimal(each["q"]), each["m"]) for each in told]
    heard = [(each.price, each.quantity, each.is_buyer_maker) for each in found["trades"]]
    first = recorded.index(heard[0])
    assert heard == recorded[first : first + len(heard)]
    assert (first < 20, len(heard) > 250) == (True, True)
    books = [json.loads(frame.text)["data"] for frame in frames if "@depth" in frame.text]
    bids = {tuple(Decimal(price) for price, _ in each["bids"]) for each in books}
    assert {tuple(level.price for level in each.bids) for each in found["depth"] if len(each.bids) == 5} <= bids
    assert len(found["depth"]) > 150
    assert all(each.bid_price < each.ask_price for each in found["book_ticker"])
    assert len(found["book_ticker"]) > 100
    assert found["klines"][-1].close in {price for price, _, _ in recorded}
    assert found["ticker"][-1].last_price in {price for price, _, _ in recorded}
