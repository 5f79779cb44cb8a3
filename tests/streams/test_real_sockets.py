"""Streams over real sockets, against the emulator on a port of this machine."""

from __future__ import annotations

import anyio
import pytest

from bingx_async import BingXClient, Trade
from bingx_async.emulator import Emulator
from bingx_async.spot.streaming.channels import ORDERS
from tests.streams.world import Heard


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_market_and_account(backend: str) -> None:
    """A client that is given the emulator's address as `base_url` finds its streams there, too: trades, and the events
    of its own order."""

    async def main() -> None:
        heard = Heard()
        async with Emulator().serve() as server:
            keys = "emulator-key-1001", "emulator-secret-1001"
            async with BingXClient(*keys, base_url=server.url) as client:
                listening = client.spot._calls.streams.listen({ORDERS.topic: ORDERS}, heard)
                async with client.spot.streams.trades("BTC-USDT") as trades, listening:
                    assert isinstance(await anext(trades), Trade)
                    order = await client.spot.place_order("BTC-USDT", "BUY", "MARKET", quote_quantity="50")
                    await anyio.sleep(1)
                    assert {(data["i"], data["X"]) for data in heard.data} >= {(order.order_id, "FILLED")}
                    await client.spot.streams.rotate()

    async def bounded() -> None:
        with anyio.fail_after(60):
            await main()

    anyio.run(bounded, backend=backend)
