"""The requests that the store sends to Redis, and the keys that it leaves there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import redis.asyncio as redis_asyncio

from bingx_async import Governor, StoreUnavailable
from bingx_async.core.claims import Key
from bingx_async.core.gates import LONGEST_PENALTY
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.verdict import Accepted
from bingx_async.redis import RedisStore
from bingx_async.redis.scripts import Names
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.governor.store import Freed, Granted, Later, Spent
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.redis.desk import CANCEL, GROUP, OCCUPANCY, PLACE, Desk, open_desk, warm
from tests.redis.server import RedisServer

OK = Accepted(None, {})


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[redis_asyncio.Redis]:
    async with redis_asyncio.Redis.from_url(redis_server.url, decode_responses=True) as client:
        yield client


async def commands(client: redis_asyncio.Redis) -> dict[str, int]:
    """How often each command came from outside of a script; INFO is the counting itself."""
    stats = await client.info("commandstats")
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}


async def test_one_round_trip(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """An acquire that need not wait is one EVALSHA; settling is another, off the caller's path."""
    await warm(redis_server.url, namespace, 0.0)
    async with Governor(store=RedisStore(redis_server.url, namespace)) as governor:
        claims = governor.claims(CANCEL_ORDER, "1")
        governor.settle(await governor.acquire(claims), OK, governor.clock.monotonic(), {})  # connects, loads scripts
        await governor.flush()
        before = await commands(client)
        permits = [await governor.acquire(claims) for _ in range(3)]
        asked = await commands(client)
        for permit in permits:
            governor.settle(permit, OK, governor.clock.monotonic(), {})
        await governor.flush()
        told = await commands(client)
    assert asked["evalsha"] - before["evalsha"] == 3
    assert told["evalsha"] - asked["evalsha"] == 3
    own = {"evalsha", "info", "time", "get", "set", "zadd", "zcard", "zrem", "zscore", "zremrangebyscore"}
    own |= {"hget", "hset", "hmget", "hincrby", "pexpire", "pttl", "exists"}  # what the scripts call, and this counting
    assert {name: told[name] - before.get(name, 0) for name in told if name not in own} == {
        name: 0 for name in told if name not in own
    }


async def test_everything_expires(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """No key stays for good, and all of a namespace live on one node of a cluster."""
    desk = Desk(RedisStore(redis_server.url, namespace))
    desk.now = desk.store._monotonic()  # type: ignore[attr-defined]
    await warm(redis_server.url, namespace, 0.0)
    granted = await desk.grant(CANCEL, GROUP, is_creating=True)
    await desk.grant(CANCEL, GROUP, is_creating=True)
    await desk.settle(granted, code=1, remaining=1)
    await desk.penalise(CANCEL.key, 1_000)
    desk.store.tell_clock(1.0, desk.now)
    await desk.store.aclose()
    keys = [key async for key in client.scan_iter(f"*{namespace}*")]
    kinds = {key.split(":")[2] for key in keys}
    assert kinds == {"history", "expiries", "in_flight", "state", "gate", "errors", "clock"}
    assert [key for key in keys if f"{{{namespace}}}" not in key] == []
    ages = {key: await client.pttl(key) for key in keys}
    week = 7 * 86_400_000
    assert [key for key, age in ages.items() if not 0 < age <= week] == []
    assert max(age for key, age in ages.items() if ":gate:" in key) <= LONGEST_PENALTY + 1_000
    assert max(age for key, age in ages.items() if ":in_flight:" in key) <= 60_000 + OCCUPANCY + 60_001


async def test_keys_of_refused_calls_expire(
    redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str
) -> None:
    """A process that waits through a cold start and dies leaves no key for good either."""
    store = RedisStore(redis_server.url, namespace)
    assert isinstance(await Desk(store).ask(process="waiting"), Later)
    await store.aclose()
    ages = {key.split(":")[2]: await client.pttl(key) async for key in client.scan_iter(f"*{namespace}*")}
    assert set(ages) == {"history", "line"}
    assert [kind for kind, age in ages.items() if age <= 0] == []


async def test_one_subscription(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """Confirmed, it wakes whatever it may have missed. A watcher that comes after the last one left finds it still
    there; without watchers it ends after a while, and at closing at once."""
    store, heard = RedisStore(redis_server.url, namespace), asyncio.Queue[Sequence[Freed] | None]()
    channel = Names(namespace).of("channel")

    async def listening(wanted: int) -> None:
        async with asyncio.timeout(5):
            while (await client.pubsub_numsub(channel))[0][1] != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def publish(message: str) -> Sequence[Freed] | None:
        await client.publish(channel, message)
        async with asyncio.timeout(5):
            return await heard.get()

    store.watch(heard.put_nowait)
    async with asyncio.timeout(5):
        assert await heard.get() is None
    store.unwatch(heard.put_nowait)
    store.watch(heard.put_nowait)
    assert await publish('p1 ["account", "1", "POST /a"]\n ["egress", "::1", ""]') == [
        Freed(Key("account", "1", "POST /a"), "p1"),
        Freed(Key("egress", "::1", "")),
    ]
    assert await publish("free") is None  # of an older version: it may be about anything
    store.unwatch(heard.put_nowait)
    store._listener._end_idle()
    await listening(0)
    store.watch(heard.put_nowait)
    await listening(1)
    await store.aclose()
    await listening(0)


async def test_a_release_names_whose_turn_it_is(
    redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str
) -> None:
    """The first process in line for each bucket, or every one where none is in line; the token is kept for it."""
    desk = await open_desk("redis", redis_server.url, namespace)
    heard: list[Sequence[Freed] | None] = []
    granted = [await desk.grant(CANCEL, GROUP) for _ in range(5)]
    for process in ("one", "two"):
        assert isinstance(await desk.ask(CANCEL, GROUP, process=process), Later)
    desk.store.watch(heard.append)
    async with asyncio.timeout(5):
        while not heard:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await desk.release(granted[0])
        while len(heard) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert heard == [None, [Freed(CANCEL.key, "one"), Freed(GROUP.key)]]
    assert isinstance(await desk.ask(CANCEL, GROUP, process="two"), Later)
    assert isinstance(await desk.ask(CANCEL, GROUP, process="one"), Granted)
    await desk.store.aclose()


async def test_cost_of_a_long_line(start_redis: Callable[..., RedisServer], namespace: str) -> None:
    """A refused request costs Redis with 1000 processes in line less than three times as much as with one."""
    server = start_redis()
    desk = await open_desk("redis", server.url, namespace)
    for _ in range(5):
        await desk.grant()

    async def cost(processes: int) -> float:
        """Microseconds, the least of several rounds."""
        found: list[float] = []
        for _ in range(5):
            await client.config_resetstat()
            for number in range(100):
                assert isinstance(await desk.ask(process=f"p{number * 7 % processes}"), Later)
            found.append((await client.info("commandstats"))["cmdstat_evalsha"]["usec_per_call"])
        return min(found)

    async with redis_asyncio.Redis.from_url(server.url) as client:
        await desk.ask(process="p0")
        alone = await cost(1)
        for number in range(1000):
            await desk.ask(process=f"p{number}")
        assert await cost(1000) < 3 * alone
    await desk.store.aclose()


async def test_a_dead_process_s_tokens_come_back(namespace: str, redis_server: RedisServer) -> None:
    """A call that is never settled keeps its token for its longest lifetime and one occupancy, and no longer."""
    desk = Desk.__new__(Desk)
    desk.__init__(RedisStore(redis_server.url, namespace, monotonic=lambda: desk.now, moment=lambda: repr(desk.now)))
    await warm(redis_server.url, namespace, 0.0)
    for _ in range(5):
        await desk.grant(max_lifetime_ms=4_000.0)
    desk.now += 4_000 + OCCUPANCY - 1
    assert await desk.ask() == Later(pytest.approx(1, abs=0.002), CANCEL.key)  # type: ignore[arg-type]
    desk.now += 1
    assert isinstance(await desk.ask(), Granted)
    await desk.store.aclose()


async def test_cold_start(redis_server: RedisServer, namespace: str) -> None:
    """A new namespace grants no account quota for one occupancy and 0.25 s, and half of an address quota."""
    desk = await open_desk("redis", redis_server.url, namespace)
    await warm(redis_server.url, namespace, desk.now)
    for _ in range(3):
        await desk.grant(GROUP)  # at once up to a quarter of ten, the rest of five spaced
        desk.now += 200
    assert await desk.ask() == Later(pytest.approx(OCCUPANCY + COLD_MARGIN - 600, abs=0.002), CANCEL.key)  # type: ignore[arg-type]
    await desk.grant(GROUP)
    desk.now += 200
    await desk.grant(GROUP)
    assert isinstance(await desk.ask(GROUP), Later)
    desk.now += OCCUPANCY + COLD_MARGIN - 800
    await desk.grant()
    await desk.store.aclose()


async def test_claims_without_an_account(redis_server: RedisServer, namespace: str) -> None:
    """A call that draws on no account is granted, repeated and settled; a remaining count says nothing about it."""
    desk = await open_desk("redis", redis_server.url, namespace)
    granted = await desk.grant(GROUP, is_creating=True)
    assert granted[1] == Granted(0, (1,), (0.0,)) == await desk.store.reserve(granted[0])
    await desk.settle(granted, code=1, remaining=1)
    assert desk.foreign == []
    assert (await desk.grant(GROUP, is_creating=True, error_limit=1))[1] == Granted(0, (2,), (0.0,))
    await desk.store.aclose()


async def test_an_account_s_claim_in_any_place(redis_server: RedisServer, namespace: str) -> None:
    """Errors that may still come and foreign use are counted on the account's claim, wherever it stands."""
    desk = await open_desk("redis", redis_server.url, namespace)
    await desk.settle(await desk.grant(GROUP, PLACE, is_creating=True), code=1)
    desk.now += OCCUPANCY
    for _ in range(2):
        await desk.grant(GROUP, is_creating=True)
    first = await desk.grant(GROUP, PLACE, is_creating=True)
    second = await desk.grant(GROUP, PLACE, is_creating=True)
    assert await desk.ask(GROUP, PLACE, is_creating=True) == Spent(1, 1, 0.0)
    await desk.release(second)
    await desk.settle(first, remaining=0)
    assert desk.foreign == []
    desk.now += OCCUPANCY
    await desk.settle(await desk.grant(GROUP, PLACE), remaining=0)
    assert desk.foreign == [1]
    await desk.store.aclose()


async def test_repeated_by_the_client(redis_server: RedisServer, namespace: str) -> None:
    """A client that repeats a request by itself takes no second token: the same answer comes again."""
    await warm(redis_server.url, namespace, 0.0)
    desk = Desk(RedisStore(redis_server.url, namespace))
    first = await desk.grant()
    for _ in range(6):
        assert await desk.store.reserve(first[0]) == Granted(0, (1,), (0.0,))
    assert (await desk.grant())[1].live == (2,)
    await desk.store.aclose()


async def test_too_late(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """A request that reaches Redis after its caller has given up takes nothing."""
    await warm(redis_server.url, namespace, 0.0)
    store = RedisStore(redis_server.url, namespace, timeout=0.2)
    desk = Desk(store)
    for _ in range(5):  # the shortest round trip tells how far apart the clocks are
        await desk.release(await desk.grant())
    redis_server.pause()
    try:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await desk.ask()
        await asyncio.sleep(0.1)
    finally:
        redis_server.resume()
    await desk.grant()  # the server has read what came before
    assert await client.zcard(Names(namespace).of("in_flight", CANCEL.key)) == 1
    await store.aclose()


async def test_a_client_that_is_passed_in(redis_server: RedisServer, namespace: str) -> None:
    """A client that returns bytes works as well, and is not closed."""
    await warm(redis_server.url, namespace, 0.0)
    async with redis_asyncio.Redis.from_url(redis_server.url) as own:
        desk = Desk(RedisStore(own, namespace))
        granted = await desk.grant()
        await desk.settle(granted, remaining=1)
        assert desk.foreign == [3]
        assert await desk.store.read_clock() is None
        await desk.store.aclose()
        assert await own.ping() is True


async def test_cluster(start_redis: Callable[..., RedisServer], namespace: str) -> None:
    """All keys of a script are in one slot: it runs on a cluster, with its client or a plain one."""
    server = start_redis("--cluster-enabled", "yes")
    async with redis_asyncio.Redis.from_url(server.url) as plain:
        await plain.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        async with asyncio.timeout(10):
            while "ok" not in str(await plain.execute_command("CLUSTER INFO"))[:32]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    await warm(server.url, namespace, 0.0)
    async with redis_asyncio.RedisCluster.from_url(server.url) as cluster:
        for own in (cluster, server.url):
            desk = Desk(RedisStore(own, namespace))
            desk.now = monotonic_ms()
            granted = await desk.grant(CANCEL, GROUP, is_creating=True)
            await desk.settle(granted, code=1)
            assert (await desk.grant(CANCEL, GROUP))[1].live == (2, 2)
            await desk.penalise(GROUP.key, 60_000)
            assert isinstance(await desk.ask(GROUP), Later)
            await desk.store.invalidate_history(0.0)
            await desk.store.aclose()
            async with redis_asyncio.Redis.from_url(server.url) as plain:
                await plain.flushall()
            await warm(server.url, namespace, 0.0)
