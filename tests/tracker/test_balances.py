"""Balances, where the events of the exchange tell less than all."""

from __future__ import annotations

import anyio
import pytest

from bingx_async.emulator import Variants
from tests.client.exchange import Backend, backends, run
from tests.tracker.world import World


@backends
@pytest.mark.parametrize("meaning", ["free", "total"])
def test_events_without_what_is_locked(meaning: str, backend: Backend) -> None:
    """Where events do not tell what is locked, it is read within seconds after each, and right long before the reading
    of each minute."""

    async def main() -> None:
        world = World(variants=Variants(locked_in_events="absent", wallet_balance=meaning))
        async with world.client() as client, client.spot.tracker() as tracker:
            for amount in (200, 400, 0):
                if amount:
                    await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="0.01", price="20000")
                else:
                    await client.spot.cancel_open_orders("BTC-USDT")
                await anyio.sleep(12)
                usdt = tracker.balances["USDT"]
                assert (usdt.free, usdt.locked) == (1_000_000 - amount, amount)

    run(backend, main)
