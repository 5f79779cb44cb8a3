"""The shared store beside other limiters on the same Redis: the wait of a call, and the calls that fit into a second.

A server of its own is started on a free port. No call waits for quota: the limits are never reached. A call of this
library takes three claims in one step (in another row one) and is settled when its reply has come; the others take
one limit each and settle nothing. Latency is one call after the other, throughput 50 at a time in two processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from statistics import median, quantiles

from attrs import evolve

from benchmarks import report
from bingx_async import PROFILES, Governor, IpGroup, Quota
from bingx_async.core.claims import claims_of
from bingx_async.core.quota import UNLIMITED
from bingx_async.core.verdict import Accepted
from bingx_async.runtime.governor.store import Ask, Later
from bingx_async.spot.cancels import CANCEL_ORDER

CALLS = 1000
AT_ONCE = 50
SECONDS = 3.0
PROCESSES = 2
WAITING, REFUSALS = (1, 100, 1000), 200
PLENTY, TRADE = Quota(1_000_000, 1), IpGroup.TRADE
ACCEPTED = Accepted(None, {})
OURS = "bingx_async, RedisStore"
OURS_WITH_ONE = "bingx_async, RedisStore, one claim"
ALONE = "bingx_async, in memory"
PING = "redis-py, PING"

Call = Callable[[], Awaitable[object]]


@contextmanager
def running() -> Iterator[int]:
    """The port of a Redis server of our own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", folder, "--bind", "127.0.0.1"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                while True:
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
                        connection.sendall(b"PING\r\n")
                        if connection.recv(16).startswith(b"+PONG"):
                            break
                    time.sleep(0.02)
                yield port
            finally:
                server.kill()


def calls_of(governor: Governor, claimed: int = 3) -> Call:
    """acquire, and settle at once: a caller waits for the first only."""
    others = PLENTY if claimed == 3 else UNLIMITED
    profile = evolve(
        governor.profile, uid={CANCEL_ORDER.route: PLENTY}, interface={TRADE: others}, groups={TRADE: (others,)}
    )
    claims = claims_of(CANCEL_ORDER, profile, "1", "default")
    assert len(claims.all) == claimed

    async def call() -> object:
        permit = await governor.acquire(claims)
        return governor.settle(permit, ACCEPTED, governor.clock.monotonic(), {})

    return call


@asynccontextmanager
async def ours(port: int, claimed: int = 3) -> AsyncIterator[Call]:
    """This library with the shared store; the cold birth of its namespace is over."""
    from bingx_async.redis import RedisStore

    async with Governor(store=RedisStore(f"redis://127.0.0.1:{port}", f"benchmark{claimed}")) as governor:
        call = calls_of(governor, claimed)
        await call()
        yield call


def ours_with_one(port: int) -> AbstractAsyncContextManager[Call]:
    """The same for one claim, as the others take one limit."""
    return ours(port, 1)


@asynccontextmanager
async def alone(port: int) -> AsyncIterator[Call]:  # noqa: ARG001
    """This library without a store."""
    yield calls_of(Governor())


@asynccontextmanager
async def ping(port: int) -> AsyncIterator[Call]:
    """The least a round trip can cost."""
    import redis.asyncio

    async with redis.asyncio.Redis(port=port, protocol=2) as client:
        yield client.ping


@asynccontextmanager
async def limits_window(port: int) -> AsyncIterator[Call]:
    """The moving window of limits, on redis-py."""
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    limiter = MovingWindowRateLimiter(RedisStorage(f"async+redis://127.0.0.1:{port}", implementation="redispy"))
    item = RateLimitItemPerSecond(1_000_000)

    async def call() -> object:
        assert await limiter.hit(item, "1")
        return None

    yield call


@asynccontextmanager
async def pyrate(port: int) -> AsyncIterator[Call]:
    """The Redis bucket of pyrate-limiter, on redis-py."""
    import redis.asyncio
    from pyrate_limiter import Limiter, Rate, RedisBucket

    async with redis.asyncio.Redis(port=port, protocol=2) as client:
        bucket = RedisBucket.init([Rate(1_000_000, 1000)], client, "benchmark")
        limiter = Limiter(await bucket)  # type: ignore[misc]

        async def call() -> object:
            assert await limiter.try_acquire_async("1")
            return None

        yield call
        limiter.close()


CONTENDERS: dict[str, Callable[[int], AbstractAsyncContextManager[Call]]] = {
    PING: ping,
    ALONE: alone,
    OURS: ours,
    OURS_WITH_ONE: ours_with_one,
    "limits, moving window": limits_window,
    "pyrate-limiter": pyrate,
}


async def latency(name: str, port: int) -> list[float]:
    """Milliseconds of each of `CALLS` calls, one after the other."""
    async with CONTENDERS[name](port) as call:
        for _ in range(100):
            await call()
        found: list[float] = []
        for _ in range(CALLS):
            began = time.perf_counter()
            await call()
            found.append((time.perf_counter() - began) * 1000.0)
            await asyncio.sleep(0)
        return found


async def throughput(name: str, port: int) -> float:
    """Calls per second of this process, `AT_ONCE` at a time."""
    async with CONTENDERS[name](port) as call:
        await asyncio.gather(*(call() for _ in range(AT_ONCE)))
        done = 0
        end = time.perf_counter() + SECONDS

        async def worker() -> None:
            nonlocal done
            while time.perf_counter() < end:
                await call()
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return done / (time.perf_counter() - began)


def together(name: str, port: int) -> float:
    """Calls per second of `PROCESSES` processes together."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.redis", name, str(port)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    return sum(json.loads(process.communicate()[0]) for process in processes)


async def refusals(port: int, waiting: int) -> float:
    """Microseconds of Redis for a request that is refused, while so many processes wait for the bucket."""
    import redis.asyncio

    from bingx_async.redis import RedisStore

    # A new namespace grants nothing for one window.
    profile = PROFILES["documented"].override({CANCEL_ORDER.path: Quota(1, 3600)})
    claims = claims_of(CANCEL_ORDER, profile, "1", "default")
    store = RedisStore(f"redis://127.0.0.1:{port}", f"waiting{waiting}")

    async def ask(number: int) -> None:
        answer = await store.reserve(Ask(f"p{number}:1", claims, 60_000.0, 1.0, 0, 0.0))
        assert isinstance(answer, Later)

    async with redis.asyncio.Redis(port=port, protocol=2) as client:
        for number in range(waiting):
            await ask(number)
        await client.config_resetstat()
        for number in range(REFUSALS):
            await ask(number % waiting)
        stats: dict[str, dict[str, float]] = await client.info("commandstats")
    await store.aclose()
    return stats["cmdstat_evalsha"]["usec_per_call"]


def main() -> None:
    """Measure and print."""
    if shutil.which("redis-server") is None:
        print("\nredis: skipped, there is no redis-server on the PATH (apt-get install redis-server)")
        return
    with running() as port:
        millis = {name: asyncio.run(latency(name, port)) for name in CONTENDERS}
        costs = {waiting: asyncio.run(refusals(port, waiting)) for waiting in WAITING}
        rates = {name: together(name, port) for name in CONTENDERS if name != ALONE}
    p50 = {name: median(each) for name, each in millis.items()}
    report.heading(
        f"Shared quota on one Redis: one call after the other, and {AT_ONCE} in each of {PROCESSES} processes"
    )
    rows = [
        [
            name,
            f"{p50[name]:.3f}",
            f"{quantiles(each, n=100)[98]:.3f}",
            f"{p50[name] / p50[PING]:.2f}",
            f"{rates[name]:.0f}" if name in rates else "",
        ]
        for name, each in millis.items()
    ]
    report.table(["", "p50 ms", "p99 ms", "p50 / PING", "calls/s"], rows)
    print()
    print(report.target("p50 added by the store", p50[OURS] - p50[ALONE], 1.0, " ms"))
    for waiting, cost in costs.items():
        print(f"a refused request, with {waiting} processes waiting: {cost:.0f} us of Redis")
    for name in (OURS, OURS_WITH_ONE):
        print(report.target(f"5000 acquires/s over those of {name}", 5000 / rates[name], 1.0))


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(asyncio.run(throughput(sys.argv[1], int(sys.argv[2])))))
    else:
        main()
