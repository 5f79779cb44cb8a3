"""The same cases over both stores: in memory and in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from bingx_async.runtime.governor.store import Freed, Granted, Later, Spent
from tests.memory_store import MemoryStore
from tests.redis.desk import CANCEL, EGRESS, GROUP, OCCUPANCY, PLACE, Desk, StoreKind, open_desk
from tests.redis.server import RedisServer


@pytest.fixture(params=["memory", "redis"])
async def desk(request: pytest.FixtureRequest, namespace: str) -> AsyncIterator[Desk]:
    """A desk at each store."""
    kind = cast(StoreKind, request.param)
    url = cast(RedisServer, request.getfixturevalue("redis_server")).url if kind == "redis" else ""
    desk = await open_desk(kind, url, namespace)
    yield desk
    await desk.store.aclose()


def wait_of(answer: object) -> float:
    assert isinstance(answer, Later), answer
    return answer.wait


async def test_a_token_comes_back_one_occupancy_after_the_reply(desk: Desk) -> None:
    """Five leave at once; the sixth leaves one occupancy after the first reply, and not a moment earlier."""
    granted = [await desk.grant() for _ in range(5)]
    assert [each.live for _, each in granted] == [(1,), (2,), (3,), (4,), (5,)]
    assert await desk.ask() == Later(OCCUPANCY, CANCEL.key)  # no reply yet: one occupancy at least
    desk.now += 50
    await desk.settle(granted[0])
    assert wait_of(await desk.ask()) == pytest.approx(OCCUPANCY, abs=0.002)
    desk.now += OCCUPANCY - 1
    assert wait_of(await desk.ask()) == pytest.approx(1, abs=0.002)
    desk.now += 1
    assert isinstance(await desk.ask(), Granted)


async def test_all_or_none(desk: Desk) -> None:
    """A call that is refused by one bucket has taken nothing from the others."""
    placed = [await desk.grant(PLACE, GROUP) for _ in range(2)]
    refused = await desk.ask(PLACE, GROUP)
    assert isinstance(refused, Later)
    assert refused.key == PLACE.key
    _, granted = await desk.grant(CANCEL, GROUP)
    assert granted.live == (1, 3)
    for each in placed:
        await desk.release(each)


async def test_release(desk: Desk) -> None:
    """The tokens of a call that was never sent are free at once; repeating the release changes nothing."""
    granted = [await desk.grant() for _ in range(5)]
    await desk.release(granted[2])
    await desk.release(granted[2])
    assert isinstance(await desk.ask(), Granted)
    assert isinstance(await desk.ask(), Later)


async def test_linger_and_credit(desk: Desk) -> None:
    """A call given up keeps its token longer, a credit gives it back earlier."""
    first, second, *_ = [await desk.grant() for _ in range(5)]
    await desk.settle(first, extra=10_000)
    assert wait_of(await desk.ask()) == pytest.approx(OCCUPANCY + 10_000, abs=0.002)
    await desk.settle(second, extra=-20)
    assert wait_of(await desk.ask()) == pytest.approx(OCCUPANCY - 20, abs=0.002)


async def test_settled_twice(desk: Desk) -> None:
    """A settlement that is repeated after a lost connection changes nothing."""
    granted = await desk.grant()
    await desk.settle(granted)
    await desk.settle(granted)
    assert (await desk.grant())[1].live == (2,)
    desk.now += OCCUPANCY
    assert (await desk.grant())[1].live == (2,)


async def test_pacing(desk: Desk) -> None:
    """An address bucket is paced once less than half is free: 90 % of its even pace apart."""
    for _ in range(6):
        await desk.grant(GROUP)
    assert wait_of(await desk.ask(GROUP)) == pytest.approx(90, abs=0.002)
    desk.now += 90
    assert isinstance(await desk.ask(GROUP), Granted)


async def test_penalty_and_probe(desk: Desk) -> None:
    """Nothing leaves before the moment; then one goes first, for all; its success opens the scope."""
    await desk.penalise(CANCEL.key, 5_000)
    await desk.penalise(CANCEL.key, 1_000)
    assert await desk.ask() == Later(5_000, CANCEL.key)
    assert isinstance(await desk.ask(PLACE), Granted)
    desk.now += 5_000
    probe = await desk.grant()
    assert isinstance(await desk.ask(), Later)
    await desk.settle(probe, opens=False)  # no answer: the next is the probe
    probe = await desk.grant()
    await desk.settle(probe)
    assert [type(await desk.ask()) for _ in range(4)] == [Granted, Granted, Granted, Later]


async def test_a_closed_address_stops_everything_there(desk: Desk) -> None:
    """A ban of the address blocks every call from it."""
    await desk.penalise(EGRESS, 2_000)
    assert [await desk.ask(), await desk.ask(PLACE)] == [Later(2_000, EGRESS)] * 2


async def test_a_later_closure_is_not_the_probe_s_to_open(desk: Desk) -> None:
    """A scope that was closed again while its probe was on the way stays closed."""
    await desk.penalise(CANCEL.key, 0)
    probe = await desk.grant()
    desk.now += 10
    await desk.penalise(CANCEL.key, 3_000)
    await desk.settle(probe)
    assert await desk.ask() == Later(3_000, CANCEL.key)


async def test_foreign_use(desk: Desk) -> None:
    """Calls that the exchange counts and no process here made take tokens for one occupancy; nonsense is ignored."""
    first = await desk.grant()
    second = await desk.grant()
    await desk.settle(first, remaining=9)
    await desk.settle(second, remaining=1)
    assert desk.foreign == [2]
    assert [type(await desk.ask()) for _ in range(2)] == [Granted, Later]
    desk.now += OCCUPANCY
    assert isinstance(await desk.ask(), Granted)


async def test_error_budget(desk: Desk) -> None:
    """With one error left calls that create are blocked until the oldest has left the window; cancels still go."""
    for _ in range(2):
        await desk.settle(await desk.grant(PLACE, is_creating=True), code=100202)
        desk.now += OCCUPANCY
    spent = await desk.ask(PLACE, is_creating=True)
    assert isinstance(spent, Spent)
    assert (spent.code, spent.used) == (100202, 2)
    assert spent.wait == pytest.approx(10_000 * 1.0005 + 2 - 2 * OCCUPANCY, abs=0.002)
    assert isinstance(await desk.ask(), Granted)
    desk.now += spent.wait + 0.01
    assert isinstance(await desk.ask(PLACE, is_creating=True), Granted)


async def test_errors_that_may_still_come_count(desk: Desk) -> None:
    """Calls in flight may fail as well: together with them the budget must not be overdrawn."""
    await desk.settle(await desk.grant(PLACE, is_creating=True), code=1)
    desk.now += OCCUPANCY
    await desk.grant(PLACE, is_creating=True)
    await desk.grant(PLACE, is_creating=True)
    assert await desk.ask(PLACE, is_creating=True) == Spent(1, 1, 0.0)


async def test_clock(desk: Desk) -> None:
    """Processes share a measurement of the exchange's clock for five minutes."""
    assert await desk.store.read_clock() is None
    desk.store.tell_clock(123_456.0, desk.now - 1_000)
    await desk.store.flush()
    desk.now += 30_000
    assert await desk.store.read_clock() == (pytest.approx(123_456.0, abs=0.01), pytest.approx(31_000, abs=0.01))


async def test_watch(desk: Desk) -> None:
    """A watcher is told the buckets of a token that comes back unspent, until it stops watching."""
    heard: list[Sequence[Freed] | None] = []
    granted, other = await desk.grant(), await desk.grant(PLACE)
    desk.store.watch(heard.append)
    for _ in range(500):
        if heard or isinstance(desk.store, MemoryStore):
            break
        await asyncio.sleep(0.01)
    heard.clear()
    await desk.release(granted)
    for _ in range(500):
        if heard:
            break
        await asyncio.sleep(0.01)
    assert [[each for each in freed or () if each.key != EGRESS] for freed in heard] == [[Freed(CANCEL.key)]]
    desk.store.unwatch(heard.append)
    await desk.release(other)
    await asyncio.sleep(0.02)
    assert len(heard) == 1
