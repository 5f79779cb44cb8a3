"""Crowds at one Redis: how much of a quota they use, how often they ask for it, and whether it is ever exceeded.

`python -m tests.redis.crowd` prints the figures. Each call is counted at a random moment between its grant and its
reply, by a strict sliding window; the processes' monotonic clocks are one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from random import random
from typing import Any
from uuid import uuid4

from attrs import asdict, evolve, frozen

from bingx_async import Governor, IpGroup, Quota
from bingx_async.core.claims import Claims, claims_of
from bingx_async.core.quota import UNLIMITED
from bingx_async.core.verdict import Accepted
from bingx_async.redis import RedisStore
from bingx_async.runtime.governor.store import Ask
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.redis.desk import warm
from tests.redis.server import RedisServer

OK = Accepted(None, {})
STARTING = 3.0  # seconds until all processes run
ROUND_TRIP = 0.005  # seconds to the exchange and back


@frozen
class Crowd:
    """Processes with governors of their own, each with a task for each account that calls without end."""

    processes: int
    governors: int
    accounts: int
    uid: tuple[int, float]
    interface: tuple[int, float] | None = None
    group: tuple[int, float] | None = None
    releases: float = 0.0  # a second in each process, of a bucket that no other call needs
    settling: float = 2.0  # seconds before measuring begins
    seconds: float = 10.0


@frozen
class Figures:
    """Part of the quota used, asks for each grant, grants and asks a second, and calls beyond the quota."""

    used: float
    asks_per_grant: float
    grants: float
    asks: float
    refused: int


PACED = Crowd(4, 1, 100, (5, 1.0), (300, 10.0), (2000, 10.0), settling=12.0)
RELEASING = evolve(PACED, releases=40.0)
LINE = Crowd(2, 300, 1, (5, 1.0), settling=8.0)


def claims_for(governor: Governor, crowd: Crowd, account: str, egress: str = "here") -> Claims:
    def quota(given: tuple[int, float] | None) -> Quota:
        return Quota(*given) if given else UNLIMITED

    trade = IpGroup.TRADE
    profile = evolve(
        governor.profile,
        uid={CANCEL_ORDER.route: quota(crowd.uid)},
        interface={trade: quota(crowd.interface)},
        groups={trade: (quota(crowd.group),)},
    )
    return claims_of(CANCEL_ORDER, profile, account, egress)


class CountingStore(RedisStore):
    """Notes when it is asked."""

    asked: list[float]

    async def reserve(self, ask: Ask) -> Any:
        if ask.claims.egress == "here":
            self.asked.append(time.monotonic())
        return await super().reserve(ask)


async def call(governor: Governor, claims: Claims, found: dict[str, list[Any]]) -> None:
    while True:
        permit = await governor.acquire(claims)
        granted = time.monotonic()
        counted = granted + random() * ROUND_TRIP
        await asyncio.sleep(ROUND_TRIP)
        governor.settle(permit, OK, governor.clock.monotonic(), {})
        found["granted"].append((claims.account, granted, counted))


async def give_back(governor: Governor, claims: Claims, pause: float) -> None:
    while True:
        governor.release(await governor.acquire(claims))
        await asyncio.sleep(pause)


async def work(url: str, namespace: str, settings: str, begin: str) -> None:
    """One process, until the measuring is over."""
    crowd = Crowd(**json.loads(settings))
    found: dict[str, list[Any]] = {"granted": [], "asked": []}
    await asyncio.sleep(float(begin) - time.monotonic())
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        running: list[asyncio.Task[None]] = []
        for _ in range(crowd.governors):
            store = CountingStore(url, namespace)
            store.asked = found["asked"]
            governor = Governor(store=store)
            stack.push_async_callback(store.aclose)
            for number in range(crowd.accounts):
                claims = claims_for(governor, crowd, str(number))
                running.append(tasks.create_task(call(governor, claims, found)))
            if crowd.releases:
                claims = claims_for(governor, crowd, "unsent", str(uuid4()))
                running.append(tasks.create_task(give_back(governor, claims, 1.0 / crowd.releases)))
        await asyncio.sleep(float(begin) + crowd.settling + crowd.seconds + 0.5 - time.monotonic())
        for task in running:
            task.cancel()
    print(json.dumps(found))


async def run(server: RedisServer, crowd: Crowd) -> Figures:
    """The figures of a crowd."""
    namespace, begin = uuid4().hex, time.monotonic() + STARTING
    await warm(server.url, namespace, 0.0)
    arguments = [server.url, namespace, json.dumps(asdict(crowd)), str(begin)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.redis.crowd", *arguments,
            stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
        )
        for _ in range(crowd.processes)
    ]  # fmt: skip
    replies = [json.loads((await process.communicate())[0]) for process in processes]
    granted = sorted((each for reply in replies for each in reply["granted"]), key=lambda each: each[2])
    since = begin + crowd.settling
    until = since + crowd.seconds
    asks = sum(since <= at < until for reply in replies for at in reply["asked"])
    grants = sum(since <= at < until for _, at, _ in granted)
    by_account: dict[str, list[float]] = defaultdict(list)
    for account, _, at in granted:
        by_account[account].append(at)
    refused = sum(beyond(moments, crowd.uid) for moments in by_account.values())
    everything = [at for *_, at in granted]
    refused += sum(beyond(everything, quota) for quota in (crowd.interface, crowd.group) if quota)
    limits = [crowd.uid[0] / crowd.uid[1] * crowd.accounts]
    limits += [quota[0] / quota[1] for quota in (crowd.interface, crowd.group) if quota]
    seconds = crowd.seconds
    return Figures(grants / seconds / min(limits), asks / max(1, grants), grants / seconds, asks / seconds, refused)


def beyond(moments: list[float], quota: tuple[int, float]) -> int:
    """Calls that a strict sliding window would refuse."""
    limit, window = quota
    return sum(at - bisect_right(moments, moments[at] - window) >= limit for at in range(len(moments)))


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        for name, crowd in (("paced", PACED), ("releasing", RELEASING), ("line", LINE)):
            print(name, await run(server, crowd), flush=True)
        server.stop()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]) if sys.argv[1:] else main())
