"""How often governors ask their store, in simulated time: calls that wait do not ask before they may be granted."""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import evolve

from bingx_async import Governor, IpGroup, Quota
from bingx_async.core.claims import Claims, claims_of
from bingx_async.core.verdict import Accepted
from bingx_async.runtime.governor.store import Ask
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.testing import run_simulated, simulated_clock
from tests.memory_store import MemoryStore

OK = Accepted(None, {})
PROCESSES, ACCOUNTS = 2, 50
PACED = Quota(30, 1)


class Counting(MemoryStore):
    """A store that is a millisecond away and counts the requests to it."""

    asked = granted = 0

    async def reserve(self, ask: Ask) -> Any:
        self.asked += ask.claims.egress == "here"
        await asyncio.sleep(0.001)
        return await super().reserve(ask)


def claims_at(governor: Governor, account: str, egress: str = "here") -> Claims:
    profile = evolve(governor.profile, interface={IpGroup.TRADE: PACED})
    return claims_of(CANCEL_ORDER, profile, account, egress)


async def call(governor: Governor, claims: Claims, store: Counting) -> None:
    while True:
        permit = await governor.acquire(claims)
        store.granted += 1
        await asyncio.sleep(0.005)
        governor.settle(permit, OK, governor.clock.monotonic(), {})


async def give_back(governor: Governor, claims: Claims) -> None:
    while True:
        governor.release(await governor.acquire(claims))
        await asyncio.sleep(0.05)


def asks(egress_of_releases: str | None) -> tuple[int, int]:
    """Asks and grants in five seconds in which 100 accounts call without end; with releases, 20 a second."""

    async def scene() -> tuple[int, int]:
        clock = simulated_clock()
        store = Counting(monotonic=clock.monotonic)
        governors = [Governor(store=store, clock=clock) for _ in range(PROCESSES)]
        tasks = [
            asyncio.create_task(call(governor, claims_at(governor, str(number)), store))
            for governor in governors
            for number in range(ACCOUNTS)
        ]
        await asyncio.sleep(3.0)
        asked, granted = store.asked, store.granted
        if egress_of_releases is not None:
            tasks.append(asyncio.create_task(give_back(governors[0], claims_at(governors[0], "1", egress_of_releases))))
        await asyncio.sleep(5.0)
        found = store.asked - asked, store.granted - granted
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    return run_simulated(scene)


def test_one_call_asks_for_each_grant() -> None:
    """On a paced quota only one of the calls that wait in a process asks, and not before the next moment."""
    asked, granted = asks(None)
    assert granted >= 0.95 * 5 * PACED.limit
    assert asked <= 2 * granted


def test_a_release_wakes_those_who_wait_for_it() -> None:
    """A call that is given back unsent makes no call ask that waits for other quotas."""
    asked, granted = asks(None)
    with_releases, still_granted = asks("there")
    assert (with_releases, still_granted) == (asked, granted)
