"""Several governors over one store: they share what they learn, ask it rarely while calls wait, and are woken early."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any, Literal

import pytest
import redis.asyncio as redis_asyncio

from bingx_async import BingXClient, ErrorBudgetSpent, Governor, InsufficientBalance, Priority, QuotaWait
from bingx_async.core.claims import Permit
from bingx_async.core.verdict import Accepted, Meaning, Refused, Scope, Throttled
from bingx_async.emulator import Account, Emulator
from bingx_async.redis import RedisStore
from bingx_async.runtime.governor.store import QuotaStore
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.spot.oco import PLACE_OCO_ORDER
from tests.memory_store import MemoryStore
from tests.redis.desk import OCCUPANCY, warm
from tests.redis.server import RedisServer

OK = Accepted(None, {})
KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
TURN = 5.0  # ms between processes that wait for the same bucket
Kind = Literal["memory", "redis"]
MakeStore = Callable[[], QuotaStore]


@pytest.fixture(params=["memory", "redis"])
async def make_store(request: pytest.FixtureRequest, namespace: str) -> MakeStore:
    """A process' way to the common store."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: store
    server: RedisServer = request.getfixturevalue("redis_server")
    await warm(server.url, namespace, 0.0)
    return lambda: RedisStore(server.url, namespace)


async def acquire(
    governor: Governor, endpoint: Any = CANCEL_ORDER, max_wait: float = 30.0, priority: Priority = Priority.READ
) -> Permit:
    deadline = governor.clock.monotonic() + max_wait * 1000.0
    return await governor.acquire(governor.claims(endpoint, "1"), deadline, priority)


async def settle(governor: Governor, permit: Permit, verdict: Any = OK) -> None:
    governor.settle(permit, verdict, governor.clock.monotonic(), {})
    await governor.flush()


async def subscribed(governor: Governor) -> None:
    """Redis publishes to the governor; a store in memory calls it at once."""
    assert governor._shared is not None
    store = governor._shared.store
    if isinstance(store, RedisStore):
        async with asyncio.timeout(5):
            while not (await store._connection.client.pubsub_numsub(store.names.of("channel")))[0][1]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def test_one_quota(make_store: MakeStore) -> None:
    """Two governors together have the quota once; the one that waits second is sent one turn after the first."""
    async with Governor(store=make_store()) as one, Governor(store=make_store()) as two:
        clock = one.clock.monotonic
        began = clock()
        for governor in (one, two, one, two, one):
            await settle(governor, await acquire(governor, max_wait=0.1))
        for governor, turn in ((one, 0.0), (two, TURN)):
            with pytest.raises(QuotaWait) as caught:
                await acquire(governor, max_wait=0.1)
            # No earlier than one occupancy after the first reply, less the round trip of the next request.
            passed = clock() - began
            assert OCCUPANCY - 2 * passed <= caught.value.retry_after * 1000.0 <= OCCUPANCY + turn


async def test_one_reserve(make_store: MakeStore) -> None:
    """The reserve is one of all processes together: with five tokens and one kept, the fifth ordinary call waits
    wherever it comes from, and a kill switch leaves at once."""
    governors = [Governor(store=make_store(), reserve={"cancel": 1}) for _ in range(2)]
    async with governors[0] as one, governors[1] as two:
        for governor in (one, two, one, two):
            await acquire(governor, max_wait=0.1)
        waiting = [asyncio.create_task(acquire(governor)) for governor in (one, two)]
        await asyncio.sleep(0.05)
        for governor in (one, two):
            with pytest.raises(QuotaWait):
                await acquire(governor, max_wait=0.1)
        await acquire(two, max_wait=0.1, priority=Priority.KILL_SWITCH)
        for governor in (two, one):
            with pytest.raises(QuotaWait):
                await acquire(governor, max_wait=0.1, priority=Priority.KILL_SWITCH)
        for task in waiting:
            task.cancel()
        assert [type(ended) for ended in await asyncio.gather(*waiting, return_exceptions=True)] == [CancelledError] * 2


async def test_woken_early(make_store: MakeStore) -> None:
    """A token that one gives back unsent is taken by the other at once, long before the moment named to it."""
    async with Governor(store=make_store()) as one, Governor(store=make_store()) as two:
        unsent, *others = [await acquire(one) for _ in range(5)]
        for permit in others:
            await settle(one, permit)
        waiting = asyncio.create_task(acquire(two))
        while not two.snapshot().waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await subscribed(two)
        assert not waiting.done()
        began = one.clock.monotonic()
        one.release(unsent)
        two.release(await waiting)
        assert one.clock.monotonic() - began < 300


async def test_closed_for_all_and_one_probe(make_store: MakeStore) -> None:
    """A scope closed for one is closed for all; when the time has come one call goes first, then all others."""
    async with AsyncExitStack() as stack:
        governors = [await stack.enter_async_context(Governor(store=make_store())) for _ in range(3)]
        first = await acquire(governors[0])
        closed = Throttled(Meaning.CLOSED, Scope.ENDPOINT, 100410, "closed", 200, {}, None, 1_000.0)
        began = governors[0].clock.monotonic()
        await settle(governors[0], first, closed)
        for governor in governors:
            with pytest.raises(QuotaWait):
                await acquire(governor, max_wait=0.1)
        in_flight: list[float] = []
        at_once: list[int] = []

        async def call(governor: Governor) -> None:
            permit = await acquire(governor)
            in_flight.append(governor.clock.monotonic())
            at_once.append(len(in_flight))
            await asyncio.sleep(0.1)
            in_flight.pop()
            await settle(governor, permit)

        await asyncio.gather(*(call(governor) for governor in governors))
        assert at_once[:2] == [1, 1]  # the probe, and the first after it
        assert governors[0].clock.monotonic() - began >= 1_000 + 200


async def test_a_closed_period_survives_every_process(redis_server: RedisServer, namespace: str) -> None:
    """All processes end and a new one begins: a closed scope is still closed."""
    await warm(redis_server.url, namespace, 0.0)
    async with Governor(store=RedisStore(redis_server.url, namespace)) as governor:
        closed = Throttled(Meaning.CLOSED, Scope.ENDPOINT, 100410, "closed", 200, {}, None, 60_000.0)
        await settle(governor, await acquire(governor), closed)
    async with Governor(store=RedisStore(redis_server.url, namespace)) as governor:
        with pytest.raises(QuotaWait) as caught:
            await acquire(governor, max_wait=1.0)
        assert 59 < caught.value.retry_after < 61


async def test_one_error_budget(make_store: MakeStore) -> None:
    """Errors of one governor count for all: together they stop before the endpoint would be closed."""
    async with Governor(store=make_store()) as one, Governor(store=make_store()) as two:
        for governor in (one, two):
            governor._ledger.budget.learn(4, 60_000.0)
        refusal = Refused(Meaning.BALANCE, 100202, "no balance", 200, {})
        for governor in (one, two, one):
            await settle(governor, await acquire(governor, PLACE_OCO_ORDER), refusal)
        for governor in (one, two):
            with pytest.raises(ErrorBudgetSpent) as caught:
                await acquire(governor, PLACE_OCO_ORDER)
            assert caught.value.code == 100202
        await settle(two, await acquire(two))


async def test_one_clock(make_store: MakeStore) -> None:
    """A client takes over another's measurement of the exchange's clock, and sends no request for it."""
    emulator = Emulator()
    transport = emulator.transport()

    def asked() -> int:
        return sum(emulator.stats().codes.values())

    async with Governor(store=make_store()) as one, BingXClient(**KEYS, governor=one, transport=transport) as first:
        assert (once := asked()) > 0
        await one.flush()
        async with Governor(store=make_store()) as two:
            two.clock.offset += 90_000.0
            async with BingXClient(**KEYS, governor=two, transport=emulator.transport()) as second:
                assert asked() == once
                assert second.clock.now() == pytest.approx(first.clock.now(), abs=20)


async def test_only_the_head_asks(redis_server: RedisServer, namespace: str) -> None:
    """Twenty calls that wait in one process ask Redis about twice for each token, not twenty times."""
    await warm(redis_server.url, namespace, 0.0)
    async with (
        redis_asyncio.Redis.from_url(redis_server.url) as client,
        Governor(store=RedisStore(redis_server.url, namespace)) as governor,
    ):
        await settle(governor, await acquire(governor))

        async def call() -> None:
            permit = await acquire(governor)
            governor.settle(permit, OK, governor.clock.monotonic(), {})

        async def asked() -> int:
            return (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]

        before = await asked()
        await asyncio.gather(*(call() for _ in range(20)))
        await governor.flush()
        assert await asked() - before <= 20 * (1 + 2) + 5  # each a settlement, a grant and a refusal before it
        assert governor._shared is not None


async def test_clients_and_errors_end_to_end(make_store: MakeStore) -> None:
    """Two clients with a common store against the emulator: errors of one are not repeated by the other."""
    account = Account(KEYS["account"], KEYS["api_key"], KEYS["secret_key"], balance=Decimal(1))
    emulator = Emulator([account], error_limit=4)
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            governor = await stack.enter_async_context(Governor(store=make_store()))
            governor._ledger.budget.learn(4, 480_000.0)
            clients.append(
                await stack.enter_async_context(BingXClient(**KEYS, governor=governor, transport=emulator.transport()))
            )
        order: dict[str, Any] = {"quantity": 1, "limit_price": 50000, "trigger_price": 61000, "order_price": 61100}
        outcomes: list[str] = []
        for turn in range(5):
            try:
                await clients[turn % 2].spot.place_oco_order("BTC-USDT", "BUY", **order)
            except (InsufficientBalance, ErrorBudgetSpent) as error:
                outcomes.append(type(error).__name__)
            await clients[turn % 2].governor.flush()
        assert outcomes == ["InsufficientBalance"] * 3 + ["ErrorBudgetSpent"] * 2
