"""Other rules in the same weather: saturated demand on one quota, counted in the same four ways.

A *rule* says when a call may leave; none but the governor's is told when the reply comes. The classic two are
written out here. The libraries are the real ones, at the exchange's own quota, their clocks replaced by the simulated
one: aiolimiter, ccxt and pyrate-limiter wait by themselves, for limits and throttled-py the caller sleeps for as
long as the library says and tries again. `limits` sheds its old entries in a thread, which is left out here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from math import inf
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from tests.simulation.conditions import Condition
from tests.simulation.driving import build_governor, claims_of_lines
from tests.simulation.outcome import Outcome, measure
from tests.simulation.timeline import LoopTimeline
from tests.simulation.world import World

Acquire = Callable[[], Awaitable[Any]]
LIMIT, WINDOW = 5, 1.0  # trade/cancel
CALLERS = 4


def now() -> float:
    """Simulated seconds."""
    return asyncio.get_running_loop().time()


def library(name: str) -> Any:
    """A library that only the session `simulate` installs."""
    return import_module(name)


def token_bucket() -> Acquire:
    """The classic: `limit` tokens, refilled continuously."""
    tokens, filled_at = float(LIMIT), 0.0

    async def acquire() -> None:
        nonlocal tokens, filled_at
        tokens = min(float(LIMIT), tokens + (now() - filled_at) * LIMIT / WINDOW) - 1.0
        filled_at = now()
        if tokens < 0:
            await asyncio.sleep(-tokens * WINDOW / LIMIT)

    return acquire


def sliding_log(guard: float = 0.0) -> Acquire:
    """At most `limit` sends in any window of our own clock, plus a guard in seconds."""
    log: deque[float] = deque()

    async def acquire() -> None:
        due = log.popleft() + WINDOW + guard if len(log) == LIMIT else 0.0
        log.append(max(now(), due))
        await asyncio.sleep(log[-1] - now())

    return acquire


def aiolimiter() -> Acquire:
    """aiolimiter's leaky bucket; it reads the event loop's clock by itself."""
    return library("aiolimiter").AsyncLimiter(LIMIT, WINDOW).acquire


def pyrate_limiter() -> Acquire:
    """pyrate-limiter's default, a sliding log."""
    pyrate = library("pyrate_limiter")
    bucket = pyrate.InMemoryBucket([pyrate.Rate(LIMIT, int(WINDOW * 1000))])
    bucket.leak = lambda *_: 0  # a thread calls it; the log is cut below
    limiter = pyrate.Limiter(bucket)

    async def acquire() -> None:
        await limiter.try_acquire_async()
        del bucket.items[: -2 * LIMIT]

    return acquire


def limits() -> Acquire:
    """limits' moving window."""
    storage = library("limits.aio.storage").MemoryStorage()
    window = library("limits.aio.strategies").MovingWindowRateLimiter(storage)
    item = library("limits").RateLimitItemPerSecond(LIMIT)

    async def shed() -> None:
        for events in storage.events.values():
            del events[2 * LIMIT :]

    storage._MemoryStorage__schedule_expiry = shed

    async def acquire() -> None:
        while not await window.hit(item):
            stats = await window.get_window_stats(item)
            await asyncio.sleep(max(1e-3, stats.reset_time - now()))

    return acquire


def throttled(using: str) -> Acquire:
    """One of throttled-py's rules; its default is the token bucket."""
    throttled_py = library("throttled.asyncio")
    quota = throttled_py.rate_limiter.per_sec(LIMIT, burst=LIMIT)
    throttle = throttled_py.Throttled("key", using=using, quota=quota, store=throttled_py.MemoryStore())

    async def acquire() -> None:
        result = await throttle.limit()
        while result.limited:
            await asyncio.sleep(max(1e-3, result.state.retry_after))
            result = await throttle.limit()

    return acquire


def ccxt(**config: Any) -> Acquire:
    """ccxt's throttler: its leaky bucket polls every millisecond."""
    throttler = library("ccxt.async_support.base.throttler")
    return throttler.Throttler({"refillRate": LIMIT / WINDOW / 1000.0, **config}, asyncio.get_running_loop())


RULES: Mapping[str, Callable[[], Acquire]] = {
    "token bucket": token_bucket,
    "sliding log": sliding_log,
    "sliding log, guard of 140 ms": partial(sliding_log, 0.140),
    "aiolimiter": aiolimiter,
    "pyrate-limiter": pyrate_limiter,
    "limits, moving window": limits,
    "throttled-py, token bucket": partial(throttled, "token_bucket"),
    "throttled-py, GCRA": partial(throttled, "gcra"),
    "ccxt, leaky bucket": ccxt,
    "ccxt, rolling window": partial(ccxt, algorithm="rollingWindow", windowSize=1000.0 * WINDOW, rateLimit=200.0),
}
OURS: Mapping[str, dict[str, Any]] = {"bingx_async": {}, "bingx_async, credit=0.5": {"credit": 0.5}}


@contextmanager
def simulated_clocks() -> Iterator[None]:
    """Every clock that the libraries read shows simulated time."""
    clock = SimpleNamespace(time=now, monotonic=now, perf_counter=now)
    targets = {
        "ccxt.async_support.base.throttler.time": now,
        "limits.aio.storage.memory.time": clock,
        "limits.aio.strategies.time": clock,
        "pyrate_limiter.clocks.monotonic_ns": lambda: int(now() * 1e9),
        "throttled.utils.time": clock,
    }
    patches = [patch(target, value) for target, value in targets.items()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


async def drive_rule(condition: Condition, rng: Random, span: float, name: str) -> Outcome:
    """Callers who wait for nothing but the rule `name`."""
    timeline = LoopTimeline()
    world = World(condition, rng, timeline)
    world.start()
    leave = _ours(world) if name in OURS else _other(world, RULES[name]())
    await asyncio.gather(*[_call_on(leave, world, span) for _ in range(CALLERS)])
    timeline.check()
    return measure(name, 0, condition, world, span)


async def _call_on(leave: Acquire, world: World, span: float) -> None:
    while world.timeline.now < span:
        await leave()


def _ours(world: World) -> Acquire:
    governor = build_governor(world)
    (claims,) = claims_of_lines(governor, world.condition)

    async def leave() -> None:
        world.launch(governor, await governor.acquire(claims))

    return leave


def _other(world: World, acquire: Acquire) -> Acquire:
    (claims,) = claims_of_lines(build_governor(world), world.condition)

    async def leave() -> None:
        await acquire()
        journey = world.journey()
        if journey.arrives_at < inf:
            world.timeline.at(journey.arrives_at, world.exchange.arrive, claims, journey.arrives_at)

    return leave
