"""Iterators through 10 000 orders and fills of the emulator, while others come in: each exactly once, within quota."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, Governor
from bingx_async.emulator import Account, Emulator, Variants
from bingx_async.emulator.limits import MODELS
from bingx_async.testing import EPOCH, simulated_clock
from tests.client.exchange import Backend, run
from tests.sizes import in_turn

UID, KEY, SECRET = "1001", "key-of-1001", "secret-of-1001"
MANY = 10_000
SPREAD = 300  # ms between two orders
VARIANTS = {
    "documented": Variants(),
    "other choices": Variants(
        history_order="oldest first", fills_limit="1000", fills_from_id="exclusive", history_span="7 days"
    ),
}


def full(variant: Variants, model: Any) -> tuple[Emulator, list[int]]:
    """An emulator in whose book 10 000 orders are done, each with a fill; three of them in the same millisecond."""
    clock = simulated_clock()
    start = EPOCH - MANY * SPREAD - 60_000
    moment = [start]
    emulator = Emulator(
        [Account(UID, KEY, SECRET)],
        clock=lambda: clock.wall() if moment[0] is None else moment[0],  # type: ignore[return-value]
        variants=variant,
        model=model,
        latency=0.02,
        jitter=0.01,
    )
    ids: list[int] = []
    for number in range(MANY):
        moment[0] = start + (number - number % 3) * SPREAD
        ids += trade(emulator)
    moment[0] = None  # type: ignore[call-overload]
    return emulator, ids


def trade(emulator: Emulator) -> list[int]:
    """An order that is filled now."""
    (number,) = emulator.rest_orders(UID, "BTC-USDT", 1, price="61250", quantity="0.001")
    with emulator._at_present() as floor:
        order = floor.books[UID].orders[number]
        floor.engine._fill(
            order, floor.engine.prices.mid(floor.listings.get("BTC-USDT"), 0), order.remaining, is_maker=True
        )
    return [number]


@in_turn("variant", VARIANTS)
@pytest.mark.parametrize("model", MODELS[:2])
def test_ten_thousand(variant: str, backend: Backend, model: str) -> None:
    """Every order and every fill that there was at the start comes once, in its order; what comes in meanwhile comes
    once or not at all; and no request is refused."""

    async def main() -> None:
        emulator, ids = full(VARIANTS[variant], model)
        governor = Governor(clock=simulated_clock())
        orders, fills, start = list[int](), list[int](), int(EPOCH - 2 * MANY * SPREAD)
        async with (
            BingXClient(KEY, SECRET, account=UID, governor=governor, transport=emulator.transport()) as client,
            anyio.create_task_group() as group,
        ):

            async def go_on_trading() -> None:
                while True:
                    await anyio.sleep(0.2)
                    trade(emulator)

            async def read_fills() -> None:
                fills.extend(
                    [it.order_id or 0 async for it in client.spot.iter_fills("BTC-USDT", start=start, max_wait=300)]
                )

            group.start_soon(go_on_trading)
            async with anyio.create_task_group() as reading:
                reading.start_soon(read_fills)
                orders.extend(
                    [it.order_id or 0 async for it in client.spot.iter_order_history(start=start, max_wait=300)]
                )
            group.cancel_scope.cancel()
        for found in (orders, fills):
            assert found[:MANY] == ids
            assert found == sorted(set(found))
        assert emulator.stats().refused == 0
        assert emulator.stats().of(UID, "iter_order_history").accepted >= MANY // 100

    run(backend, main)
