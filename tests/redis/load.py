"""Several processes on one account against the emulator, in every way of counting at once.

`python -m tests.redis.load` prints what the tests assert on: 30 s calm, with a process killed every 3 s and started
again, and with Redis paused for 2 s; 14 s with worse troubles.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis.asyncio as redis_asyncio
from attrs import frozen

from bingx_async.core.claims import Key
from bingx_async.emulator import MODELS, Emulator
from bingx_async.redis.scripts import Names
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.redis.fleet import KEYS, PROCESSES, Fleet
from tests.redis.server import RedisServer

LIMIT = 5  # cancels per second, by the documented profile
LATENCY = 0.0025  # seconds each way


@frozen
class Figures:
    """One way of counting: refused calls, calls accepted, part of the quota used, calls of each process by 10 s.

    Tokens that are kept for the calls of killed processes, as promised, are no quota that could be used.
    """

    refused: int
    accepted: int
    used: float
    calls: tuple[tuple[int, ...], ...]
    failed: tuple[str, ...]

    @property
    def fairness(self) -> tuple[float, float]:
        """The least and the most of a process, in fair shares."""
        return _in_fair_shares([sum(each) for each in zip(*self.calls, strict=True)])

    @property
    def least_in_10_s(self) -> float:
        """The least that a process had of 10 s, in fair shares."""
        return min(_in_fair_shares(each)[0] for each in self.calls)


def _in_fair_shares(calls: Sequence[int]) -> tuple[float, float]:
    fair = sum(calls) / len(calls)
    return min(calls) / fair, max(calls) / fair


Trouble = Callable[[Fleet, RedisServer], Coroutine[Any, Any, None]]


async def calm(fleet: Fleet, server: RedisServer) -> None:
    """Nothing happens."""


async def killing(fleet: Fleet, server: RedisServer) -> None:
    """One process dies in flight every 3 s; another takes its place."""
    for turn in range(10_000):
        await asyncio.sleep(3.0)
        number = turn % PROCESSES
        await fleet.kill(number)
        await fleet.start(number)
        fleet.go(number)


async def pausing(fleet: Fleet, server: RedisServer) -> None:
    """Redis does not answer for 2 s."""
    await asyncio.sleep(4.0)
    server.pause()
    await asyncio.sleep(2.0)
    server.resume()


async def stalling(fleet: Fleet, server: RedisServer) -> None:
    """One process stands still for 10 s in the middle of its work, then goes on."""
    await asyncio.sleep(2.0)
    fleet.running[0].send_signal(signal.SIGSTOP)
    await asyncio.sleep(10.0)
    fleet.running[0].send_signal(signal.SIGCONT)


async def restarting(fleet: Fleet, server: RedisServer) -> None:
    """Redis dies, and comes back after half a second with an empty memory."""
    await asyncio.sleep(4.0)
    server.stop()
    await asyncio.sleep(0.5)
    await asyncio.to_thread(server.start)


async def leaving(fleet: Fleet, server: RedisServer) -> None:
    """Redis is away for 6 s: long enough to go on alone, and to come back."""
    await asyncio.sleep(2.0)
    server.pause()
    await asyncio.sleep(6.0)
    server.resume()


async def flushing(fleet: Fleet, server: RedisServer) -> None:
    """Everything is forgotten, data and scripts."""
    for command in (b"FLUSHALL\r\n", b"SCRIPT FLUSH\r\n"):
        await asyncio.sleep(2.0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(command)
        assert await reader.readline() == b"+OK\r\n"
        writer.close()


LONG = 30.0 if os.environ.get("CI") == "true" else 16.0
TROUBLES: dict[Trouble, float] = {
    calm: LONG,
    killing: LONG,
    pausing: LONG,
    stalling: 14.0,
    restarting: 14.0,
    leaving: 14.0,
    flushing: 14.0,
}  # and for how many seconds each is looked at
# Seconds that a call may take: longer than a process stands still. A process without Redis waits for the others' calls
# as long as they may take, so where Redis is away for long the timeout is shorter than that.
TIMEOUT, TIMEOUT_ALONE = 30.0, 1.0


async def run_all(start_redis: Callable[[], RedisServer]) -> dict[Trouble, dict[str, Figures]]:
    """The figures of every trouble, each with a server and processes of its own.

    Those that are looked at for as long run at the same time; all at once would be more than two cores can run.
    """
    found: dict[Trouble, dict[str, Figures]] = {}
    for seconds in sorted(set(TROUBLES.values()), reverse=True):
        troubles = [trouble for trouble in TROUBLES if TROUBLES[trouble] == seconds]
        all_started = asyncio.Barrier(len(troubles))
        runs = (run(start_redis(), trouble, seconds, all_started) for trouble in troubles)
        found |= zip(troubles, await asyncio.gather(*runs), strict=True)
    return found


async def run(
    server: RedisServer, trouble: Trouble, seconds: float, all_started: asyncio.Barrier
) -> dict[str, Figures]:
    """The figures by way of counting. Measuring begins when the new namespace has granted its first calls."""
    emulators = {way: Emulator(model=way, latency=LATENCY, error_limit=None) for way in MODELS}
    async with AsyncExitStack() as stack:
        urls = [f"{way}={(await stack.enter_async_context(each.serve())).url}" for way, each in emulators.items()]
        timeout = TIMEOUT_ALONE if trouble is leaving else TIMEOUT
        namespace = uuid4().hex
        fleet = Fleet([server.url, namespace, str(timeout), *urls])
        for number in range(PROCESSES):
            await fleet.start(number)
        await asyncio.gather(*(each.wait() for each in fleet.ready.values()))
        await all_started.wait()  # starting the other processes takes both cores
        for number in range(PROCESSES):
            fleet.go(number)
        await asyncio.sleep(1.5)  # a new namespace waits for one window
        began = time.monotonic()
        disturbing = asyncio.create_task(trouble(fleet, server))
        await asyncio.sleep(seconds)
        stats = {way: each.stats().of(KEYS["account"], CANCEL_ORDER.path) for way, each in emulators.items()}
        disturbing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await disturbing
        kept = {way: await kept_for_the_dead(server, namespace + way, fleet) for way in MODELS}
        await fleet.end()
    found: dict[str, Figures] = {}
    for way, each in stats.items():
        span = (each.arrivals[-1] - each.arrivals[0]) / 1000.0 if each.arrivals else 0.0
        calls = tuple(fleet.count(way, began + start) for start in range(0, int(seconds) - 9, 10))
        errors = tuple(error for where, error in fleet.failed if where == way)
        used = each.accepted / (LIMIT * (int(max(span, seconds)) + 1) - kept[way])
        found[way] = Figures(each.refused + each.closed, each.accepted, used, calls, errors)
    return found


async def kept_for_the_dead(server: RedisServer, namespace: str, fleet: Fleet) -> float:
    """Calls that the tokens of killed processes could have paid for: one a second each since they died."""
    key = Names(namespace).of("in_flight", Key("account", KEYS["account"], CANCEL_ORDER.route))
    async with redis_asyncio.Redis.from_url(server.url, decode_responses=True) as client:
        owners = [str(permit).split(":")[0] for permit in await client.zrange(key, 0, -1)]
    return sum(time.monotonic() - fleet.died_at[owner] for owner in owners if owner in fleet.died_at)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:

        def start_redis() -> RedisServer:
            server = RedisServer(Path(folder))
            stack.callback(server.stop)
            return server

        for trouble, found in (await run_all(start_redis)).items():
            print(f"\n{trouble.__name__}: {trouble.__doc__}")
            for way, each in found.items():
                least, most = each.fairness
                shares = f"{least:.2f} to {most:.2f} fair shares ({each.least_in_10_s:.2f} in 10 s)"
                print(f"  {way:12} {each.refused} refused, {each.accepted} accepted, {each.used:.1%} used, {shares}")
                for error in set(each.failed):
                    print(f"    failed: {error}")


if __name__ == "__main__":
    asyncio.run(main())
