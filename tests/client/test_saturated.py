"""Saturated over real sockets: nothing refused, nearly nothing idle, however the exchange counts."""

import asyncio
import contextlib
import time

import pytest

from bingx_async import BingXClient, QuotaWait
from bingx_async.emulator import Emulator
from bingx_async.emulator.limits import MODELS, Model
from bingx_async.spot.cancels import CANCEL_ORDER

SECONDS = 10.0
QUOTA = 5 * SECONDS
LEAST = 0.93  # of the quota; rule R at 50 ms gives 0.952 on a machine that never stalls


async def saturate(model: Model) -> tuple[int, int]:
    """(accepted, refused) by an exchange that counts by `model`, for calls that always want to leave."""
    emulator = Emulator(model=model, latency=0.025, jitter=0.005)
    keys = emulator.accounts[0]
    async with (
        emulator.serve() as server,
        BingXClient(keys.api_key, keys.secret_key, account=keys.account, base_url=server.url) as client,
    ):
        ends_at = time.monotonic() + SECONDS

        async def cancel(order_id: int) -> None:
            with contextlib.suppress(QuotaWait):
                await client.spot.cancel_order("BTC-USDT", order_id, max_wait=max(0.0, ends_at - time.monotonic()))

        orders = emulator.rest_orders(keys.account, "BTC-USDT", 80)
        await asyncio.gather(*(cancel(order_id) for order_id in orders))
    counted = emulator.stats().of(keys.account, CANCEL_ORDER.path)
    return counted.accepted, counted.refused + counted.closed


@pytest.fixture(scope="module")
def results() -> dict[Model, tuple[int, int]]:
    """All four ways of counting at the same time."""

    async def all_models() -> list[tuple[int, int]]:
        return await asyncio.gather(*(saturate(model) for model in MODELS))

    return dict(zip(MODELS, asyncio.run(all_models()), strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_saturated(model: Model, results: dict[Model, tuple[int, int]]) -> None:
    """10 s at 5/s with 25 ms and jitter each way: 0 refused, at least 93 % of the quota used."""
    accepted, refused = results[model]
    assert refused == 0
    assert accepted / QUOTA >= LEAST
