"""Going on without the store, in simulated time: how long to wait for calls of other processes, and the return."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bingx_async import Governor, StoreUnavailable
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.verdict import Accepted
from bingx_async.runtime.governor.shared import LEAST_PAUSE
from bingx_async.runtime.governor.store import Ask, Granted, Later, Spent
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.spot.market import TIME_ENDPOINTS
from bingx_async.testing import run_simulated, simulated_clock
from tests.memory_store import MemoryStore
from tests.redis.desk import OCCUPANCY

OK = Accepted(None, {})
LIMIT = 5  # cancels per second
MAX_LIFETIME = 10_000.0  # ms that a call may live
REPLY = 0.02  # seconds from the exchange to us


class Absent(MemoryStore):
    """A store that goes away and comes back as the test says."""

    is_away = False
    invalidated = 0

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        if self.is_away:
            raise StoreUnavailable("cut off")
        return await super().reserve(ask)

    async def invalidate_history(self, notice: float) -> None:
        if self.is_away:
            raise StoreUnavailable("cut off")
        self.invalidated += 1


async def call(
    governor: Governor,
    latency: float,
    counted: list[float],
    endpoint: Endpoint[Any] = CANCEL_ORDER,
    max_lifetime_ms: float = MAX_LIFETIME,
) -> None:
    """A call that the exchange counts after `latency` seconds."""
    permit = await governor.acquire(governor.claims(endpoint, "1"), max_lifetime_ms=max_lifetime_ms)
    await asyncio.sleep(latency)
    counted.append(governor.clock.monotonic())
    await asyncio.sleep(REPLY)
    governor.settle(permit, OK, governor.clock.monotonic(), {})


def most_in_a_second(moments: list[float]) -> int:
    return max(sum(first <= other < first + 1000.0 for other in moments) for first in moments)


@pytest.mark.parametrize("latency", [0.05, 2.0, 4.0, 9.5])
def test_others_calls_under_way(latency: float) -> None:
    """The store goes away while calls of another process are slow to arrive: no call is added before they are over."""

    async def scene() -> list[float]:
        clock, counted = simulated_clock(), list[float]()
        store = Absent(monotonic=clock.monotonic)
        one, two = (Governor(store=store, clock=clock, fallback_share=0.5) for _ in range(2))
        slow = [asyncio.create_task(call(two, latency, counted)) for _ in range(LIMIT)]
        await asyncio.sleep(0.01)
        store.is_away = True
        await asyncio.gather(*slow, *(call(one, REPLY, counted) for _ in range(12)))
        return counted

    assert most_in_a_second(run_simulated(scene)) == LIMIT


@pytest.mark.parametrize(
    ("lifetimes", "pause"),
    [([], LEAST_PAUSE), ([4_000.0], 4_000 + COLD_MARGIN), ([4_000.0, 500.0], 4_000 + COLD_MARGIN)],
)
def test_how_long_the_pause_is(lifetimes: list[float], pause: float) -> None:
    """It is as long as the longest-lived call on an account's quota, 2.25 s at least; reading the exchange's clock
    does not count."""

    async def scene() -> float:
        clock, counted = simulated_clock(), list[float]()
        store = Absent(monotonic=clock.monotonic)
        governor = Governor(store=store, clock=clock)
        await call(governor, REPLY, [], TIME_ENDPOINTS[0], max_lifetime_ms=20_000.0)
        for max_lifetime_ms in lifetimes:
            await call(governor, REPLY, [], max_lifetime_ms=max_lifetime_ms)
        store.is_away, began = True, clock.monotonic()
        await call(governor, 0.0, counted, max_lifetime_ms=500.0)
        return counted[0] - began

    assert run_simulated(scene) == pytest.approx(OCCUPANCY + pause, abs=5)


@pytest.mark.parametrize(("away", "invalidated"), [(LEAST_PAUSE, 0), (OCCUPANCY + LEAST_PAUSE + 1, 1), (30_000.0, 1)])
@pytest.mark.parametrize("before", [CANCEL_ORDER, TIME_ENDPOINTS[0]], ids=["signed", "unsigned"])
def test_history_is_invalidated_after_a_time_alone(before: Endpoint[Any], away: float, invalidated: int) -> None:
    """After an absence in which another process may have called alone, the store's history is invalidated once; also by
    a process that had made no call on an account's quota before."""

    async def scene() -> int:
        clock = simulated_clock()
        store = Absent(monotonic=clock.monotonic)
        governor = Governor(store=store, clock=clock)
        await call(governor, REPLY, [], before)
        store.is_away = True
        calls = [asyncio.create_task(call(governor, REPLY, [])) for _ in range(60)]
        await asyncio.sleep(away / 1000.0)
        store.is_away = False
        await asyncio.gather(*calls)
        return store.invalidated

    assert run_simulated(scene) == invalidated
