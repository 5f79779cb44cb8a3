"""The governor beside the limiters of the Python world: no waiting, much waiting, and memory.

A call of this library takes three claims in one step (account and endpoint, address and endpoint, address and group)
and settles them when the reply has come; the others acquire three limiters one after the other and settle nothing.
No call waits in the first table: the governor's clock is moved on between calls, so that its buckets are in real use;
the others have quotas that are never reached. In the second, 1000 grants per second are allowed and 100 000 tasks
want one; in the third, 1000 tasks wait for 5 per second. Each of these runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from itertools import count
from statistics import median

from attrs import evolve

from benchmarks import report
from bingx_async import PROFILES, Governor, Quota
from bingx_async.core.claims import Claims, claims_of
from bingx_async.core.quota import IpGroup
from bingx_async.core.verdict import Accepted
from bingx_async.runtime.clock import ServerClock, monotonic_ms
from bingx_async.spot.cancels import CANCEL_ORDER

ACCEPTED = Accepted(None, {})
HEADERS = {"x-ratelimit-requests-remain": "5"}
ROUNDS = 9
CALLS = 2000
CROWD = 100_000
SECONDS = 2.0
PATIENCE = 30.0  # seconds for one contender of the later tables
OURS = "bingx_async"

Acquire = Callable[[], Awaitable[object]]


class MovedClock:
    """The monotonic clock plus the skipped time (ms)."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() * 1000.0 + self.skipped


def never_waiting() -> dict[str, Acquire]:
    """For each contender, three limits passed without waiting."""
    return {OURS: ours_never_waiting(), **{name: make() for name, make in PEERS_NEVER_WAITING.items()}}


def ours_never_waiting() -> Acquire:
    """acquire and settle of a cancel, four a second by the moved clock, of the five that are allowed."""
    moved = MovedClock()
    governor = Governor(clock=ServerClock(monotonic=moved))
    claims = governor.claims(CANCEL_ORDER, "1", "default")
    assert len(claims.all) == 3

    async def acquire() -> object:
        moved.skipped += 250.0
        permit = await governor.acquire(claims)
        return governor.settle(permit, ACCEPTED, governor.clock.monotonic(), HEADERS)

    return acquire


def aiolimiter_never_waiting() -> Acquire:
    from aiolimiter import AsyncLimiter

    first, second, third = (AsyncLimiter(1_000_000, 1) for _ in range(3))

    async def acquire() -> object:
        await first.acquire()
        await second.acquire()
        return await third.acquire()

    return acquire


def pyrate_never_waiting() -> Acquire:
    from pyrate_limiter import Limiter, Rate

    first, second, third = (Limiter(Rate(1_000_000, 1000)) for _ in range(3))

    async def acquire() -> object:
        await first.try_acquire_async("1")
        await second.try_acquire_async("1")
        return await third.try_acquire_async("1")

    return acquire


def limits_never_waiting() -> Acquire:
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import MemoryStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    limiter = MovingWindowRateLimiter(MemoryStorage())
    item = RateLimitItemPerSecond(5)
    numbers = count()

    async def acquire() -> object:
        owner = str(next(numbers) // 4)  # its log is slow when long, so every owner makes four calls
        await limiter.hit(item, "account", owner)
        await limiter.hit(item, "endpoint", owner)
        return await limiter.hit(item, "group", owner)

    return acquire


def throttled_never_waiting() -> Acquire:
    from throttled.asyncio import MemoryStore, Throttled, rate_limiter

    quota = rate_limiter.per_sec(1_000_000, burst=1_000_000)
    first, second, third = (Throttled(key=str(i), quota=quota, store=MemoryStore()) for i in range(3))

    async def acquire() -> object:
        await first.limit()
        await second.limit()
        return await third.limit()

    return acquire


def ccxt_never_waiting() -> Acquire:
    from ccxt.async_support.base.throttler import Throttler

    first, second, third = (Throttler({"refillRate": 1e6, "capacity": 1e9, "tokens": 1e9}) for _ in range(3))

    async def acquire() -> object:
        await first()
        await second()
        return await third()

    return acquire


PEERS_NEVER_WAITING: dict[str, Callable[[], Acquire]] = {
    "aiolimiter": aiolimiter_never_waiting,
    "pyrate-limiter": pyrate_never_waiting,
    "limits": limits_never_waiting,
    "throttled-py": throttled_never_waiting,
    "ccxt": ccxt_never_waiting,
}


async def uncontended() -> dict[str, float]:
    """Median microseconds of CPU for three claims."""
    found: dict[str, list[float]] = {}
    contenders = never_waiting()
    for _ in range(ROUNDS):
        for name, acquire in contenders.items():
            gc.collect()
            began = time.process_time()
            for _ in range(CALLS):
                await acquire()
            found.setdefault(name, []).append((time.process_time() - began) / CALLS * 1e6)
    return {name: median(each) for name, each in found.items()}


def scarce(name: str, limit: int, window: float) -> Acquire:
    """One grant of the named contender, `limit` per `window` seconds."""
    if name == OURS:
        return ours_scarce(limit, window)
    if name == "aiolimiter":
        from aiolimiter import AsyncLimiter

        return AsyncLimiter(limit, window).acquire
    if name == "pyrate-limiter":
        from pyrate_limiter import Limiter, Rate

        limiter = Limiter(Rate(limit, round(window * 1000)))
        return lambda: limiter.try_acquire_async("1")
    if name == "throttled-py":
        from throttled.asyncio import MemoryStore, Throttled, rate_limiter

        quota = rate_limiter.per_sec(round(limit / window), burst=limit)
        return Throttled(key="1", quota=quota, timeout=3600, store=MemoryStore()).limit
    from ccxt.async_support.base.throttler import Throttler

    return Throttler({"refillRate": limit / window / 1000.0})


def ours_scarce(limit: int, window: float) -> Acquire:
    """acquire and settle of three claims, the account's of the given quota."""
    wide = Quota(1_000_000, 1.0)
    profile = evolve(
        PROFILES["documented"],
        uid={CANCEL_ORDER.route: Quota(limit, window)},
        interface=dict.fromkeys(IpGroup, wide),
        groups=dict.fromkeys(IpGroup, (wide,)),
    )
    governor = Governor()
    claims: Claims = claims_of(CANCEL_ORDER, profile, "1", "default")

    async def acquire() -> object:
        permit = await governor.acquire(claims, monotonic_ms() + 3_600_000.0)
        return governor.settle(permit, ACCEPTED, monotonic_ms(), {})

    return acquire


async def crowded(name: str, waiters: int, limit: int, window: float) -> dict[str, float]:
    """CPU while `waiters` tasks wait: microseconds per grant, and milliseconds per second."""
    acquire = scarce(name, limit, window)
    begun = granted = 0

    async def want() -> None:
        nonlocal begun, granted
        begun += 1
        await acquire()
        granted += 1

    tasks = [asyncio.create_task(want()) for _ in range(waiters)]
    await asyncio.sleep(0)  # each of them begins
    assert begun == waiters
    await asyncio.sleep(0.5)
    gc.collect()
    gc.freeze()
    before, started, cpu = granted, time.monotonic(), time.process_time()
    await asyncio.sleep(SECONDS)
    cpu, elapsed, grants = time.process_time() - cpu, time.monotonic() - started, granted - before
    assert tasks
    return {"grants": grants, "per_grant": cpu / grants * 1e6 if grants else -1.0, "per_second": cpu / elapsed * 1e3}


def memory() -> dict[str, float]:
    """Bytes per account with one answered cancel, for 100 000 accounts; and how many buckets stay when idle."""
    moved = MovedClock()
    governor = Governor(clock=ServerClock(monotonic=lambda: moved.skipped))

    async def use(numbers: range) -> None:
        for number in numbers:
            claims = governor.claims(CANCEL_ORDER, str(10_000_000 + number), f"egress {number // 100}")
            permit = await governor.acquire(claims)
            governor.settle(permit, ACCEPTED, moved.skipped, {})

    asyncio.run(use(range(10)))
    gc.collect()
    tracemalloc.start()
    asyncio.run(use(range(10, CROWD + 10)))
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = len(governor.snapshot().buckets)
    moved.skipped += 3_600_000.0
    asyncio.run(use(range(2 * CROWD, 3 * CROWD + 100)))  # fresh ones, until the idle ones are swept
    left = sum(bucket.available == bucket.quota.limit for bucket in governor.snapshot())
    return {"bytes": size / CROWD, "buckets": kept, "left": left}


def apart(*arguments: object) -> dict[str, float] | None:
    """The output of this module for the arguments in a process of its own; None if it takes too long or fails."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.limiters", *map(str, arguments)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.SubprocessError:
        return None
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ratio(found: dict[str, float] | None, ours: dict[str, float] | None, key: str) -> str:
    """How many times as much as ours."""
    return f"{found[key] / ours[key]:.1f}" if found and ours and found[key] >= 0 else "-"


def number(found: dict[str, float] | None, key: str) -> str:
    """A figure, or that there is none."""
    if not found:
        return f"over {PATIENCE:.0f} s"
    return f"{found[key]:.0f}" if found[key] >= 0 else "no grant"


def main() -> None:
    """Measure and print."""
    micros = asyncio.run(uncontended())
    report.heading("Three claims without waiting: CPU beside ours, and µs (only ours settles)")
    report.table(
        ["", "/ ours", "µs"], [[name, f"{each / micros[OURS]:.2f}", f"{each:.1f}"] for name, each in micros.items()]
    )
    print(f"\n{report.target('acquire + settle of three claims', micros[OURS], 15, ' µs')}")

    names = (OURS, "aiolimiter", "pyrate-limiter", "throttled-py", "ccxt")  # `limits` has no way to wait
    crowd = {name: apart(name, CROWD, 100, 0.1) for name in names}
    report.heading(f"{CROWD} waiters, 1000 grants per second allowed: CPU per grant beside ours, µs, grants per second")
    rows = [
        [
            name,
            ratio(each, crowd[OURS], "per_grant"),
            number(each, "per_grant"),
            f"{each['grants'] / SECONDS:.0f}" if each else "-",
        ]
        for name, each in crowd.items()
    ]
    report.table(["", "/ ours", "µs", "grants/s"], rows)
    if ours := crowd[OURS]:
        print(f"\n{report.target('per grant', ours['per_grant'], 40, ' µs')}")

    waiting = {name: apart(name, 1000, 5, 1.0) for name in names}
    report.heading("1000 waiters for 5 grants per second: CPU beside ours, ms per second")
    rows = [
        [name, ratio(each, waiting[OURS], "per_second"), number(each, "per_second")] for name, each in waiting.items()
    ]
    report.table(["", "/ ours", "ms/s"], rows)

    report.heading(f"Memory of {CROWD} accounts with one cancel each")
    if found := apart("memory"):
        print(report.target("per account", found["bytes"], 2000, " bytes"))
        print(
            f"{found['buckets']:.0f} buckets; {found['left']:.0f} idle ones were left an hour and as many calls later"
        )


def one(arguments: list[str]) -> None:
    """One figure, for `apart`; leaves without waiting for the tasks that wait."""
    if arguments == ["memory"]:
        found = memory()
    else:
        name, waiters, limit, window = arguments
        found = {}

        async def run() -> None:
            found.update(await crowded(name, int(waiters), int(limit), float(window)))
            print(json.dumps(found), flush=True)
            os._exit(0)

        asyncio.run(run())
    print(json.dumps(found))


if __name__ == "__main__":
    one(sys.argv[1:]) if sys.argv[1:] else main()
