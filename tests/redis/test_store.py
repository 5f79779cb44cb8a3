"""What the store asks of Redis, and what it leaves there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import redis.asyncio as redis_asyncio

from bingx_async import Governor, StoreUnavailable
from bingx_async.core.ledger import LONGEST_PENALTY
from bingx_async.core.verdict import Accepted
from bingx_async.redis import RedisStore
from bingx_async.redis.names import Names
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.governor.store import Granted, Later
from bingx_async.spot.orders import CANCEL_ORDER
from tests.redis.desk import CANCEL, GROUP, OCCUPANCY, Desk, open_desk, warm
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
    """An acquire that need not wait is one EVALSHA; settling is another, off its path."""
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
    held = await desk.grant(CANCEL, GROUP, is_creating=True)
    await desk.grant(CANCEL, GROUP, is_creating=True)
    await desk.settle(held, code=1, remaining=1)
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


async def test_what_was_only_refused_expires(
    redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str
) -> None:
    """A process that waits through a cold start and dies leaves no key for good either."""
    store = RedisStore(redis_server.url, namespace)
    assert isinstance(await Desk(store).ask(process="waiting"), Later)
    await store.aclose()
    ages = {key.split(":")[2]: await client.pttl(key) async for key in client.scan_iter(f"*{namespace}*")}
    assert set(ages) == {"history", "state"}
    assert [kind for kind, age in ages.items() if age <= 0] == []


async def test_watched_again_at_once(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """Who begins to wait in the moment in which the last one left hears what comes free; closing leaves no
    subscription."""
    store, woken = RedisStore(redis_server.url, namespace), asyncio.Event()
    channel = Names(namespace).of("channel")

    async def listening(wanted: int) -> None:
        async with asyncio.timeout(5):
            while (await client.pubsub_numsub(channel))[0][1] != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    store.watch(woken.set)
    await listening(1)
    store.unwatch(woken.set)
    store.watch(woken.set)
    await asyncio.sleep(0.05)
    await listening(1)
    woken.clear()
    await client.publish(channel, "free")
    async with asyncio.timeout(5):
        await woken.wait()
    await store.aclose()
    await listening(0)


async def test_a_dead_process_s_tokens_come_back(namespace: str, redis_server: RedisServer) -> None:
    """A call nobody settles holds its token for the longest life of its request and one occupancy, and no longer."""
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


async def test_turn_by_turn(namespace: str, redis_server: RedisServer) -> None:
    """Processes that wait are sent 5 ms after each other, in the order in which they came; from the moment of a token
    on it is kept for them for 30 ms. One that does not come has lost its place after 0.1 s."""
    desk = await open_desk("redis", redis_server.url, namespace)

    async def turn(process: str) -> float:
        answer = await desk.ask(process=process)
        assert isinstance(answer, Later)
        return round(answer.wait - max(0.0, back - desk.now), 1)

    for held in [await desk.grant() for _ in range(5)]:
        await desk.settle(held)
    back = desk.now + OCCUPANCY
    desk.now += 10
    assert [await turn(each) for each in "abacb"] == [0, 5, 0, 10, 5]  # asking again keeps the place
    desk.now = back
    for each in "axa":  # five are free, and two or three of them kept for those who were told to come
        await desk.grant(process=each)
    assert [await turn(each) for each in "xa"] == [10, 15]
    await desk.grant(process="b")
    await desk.grant(process="c")
    back = desk.now + OCCUPANCY  # the soonest that a reply can give a token back
    assert [await turn(each) for each in "ac"] == [5, 10]
    desk.now += 111  # x was to come long ago
    back = desk.now + OCCUPANCY
    assert [await turn(each) for each in "ac"] == [0, 5]
    await desk.store.aclose()


async def test_asked_again_by_the_client(redis_server: RedisServer, namespace: str) -> None:
    """A client that repeats a question by itself holds no second token: the same answer comes again."""
    await warm(redis_server.url, namespace, 0.0)
    desk = Desk(RedisStore(redis_server.url, namespace))
    first = await desk.grant()
    for _ in range(6):
        assert await desk.store.reserve(first[0]) == Granted(0, (1,))
    assert (await desk.grant())[1].live == (2,)
    await desk.store.aclose()


async def test_too_late(redis_server: RedisServer, client: redis_asyncio.Redis, namespace: str) -> None:
    """A question that Redis hears only when nobody waits for the answer any more takes nothing."""
    await warm(redis_server.url, namespace, 0.0)
    store = RedisStore(redis_server.url, namespace, timeout=0.2)
    desk = Desk(store)
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


async def test_a_client_of_one_s_own(redis_server: RedisServer, namespace: str) -> None:
    """A client that returns bytes works as well, and stays open."""
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


def test_names_and_settings() -> None:
    """A namespace that would break the hash tag, and a timeout longer than a grant is valid, are refused."""
    for wrong in ("", "a{b", "}"):
        with pytest.raises(ValueError, match="namespace"):
            RedisStore("redis://localhost", wrong)
    for timeout in (0.0, 1.6):
        with pytest.raises(ValueError, match="timeout"):
            RedisStore("redis://localhost", timeout=timeout)
