"""Several processes on one account against the emulator, in every way of counting at once.

`python -m tests.redis.load` prints what the tests assert on: 30 s calm, with a process killed every 3 s and started
again, and with Redis paused for 2 s; 14 s with worse troubles.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import define, field, frozen

from bingx_async import BingXClient, BingXError, Governor, OrderNotFound, QuotaWait
from bingx_async.emulator import MODELS, Emulator
from bingx_async.redis import RedisStore
from bingx_async.spot.orders import CANCEL_ORDER
from tests.redis.server import RedisServer

PROCESSES = 4
TASKS = 50
LIMIT = 5  # cancels per second, by the documented profile
LATENCY = 0.0025  # seconds each way
KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}


@frozen
class Figures:
    """One way of counting: refused calls, calls accepted, part of the quota used, calls of each process by 10 s."""

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


@define
class Fleet:
    """The worker processes, and what they have said."""

    arguments: list[str]
    running: dict[int, asyncio.subprocess.Process] = field(factory=dict[int, asyncio.subprocess.Process])
    calls: list[tuple[float, int, str]] = field(factory=list[tuple[float, int, str]])
    failed: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    ready: dict[int, asyncio.Event] = field(factory=dict[int, asyncio.Event])
    readers: list[asyncio.Task[None]] = field(factory=list[asyncio.Task[None]])

    async def start(self, number: int) -> None:
        self.ready[number] = asyncio.Event()
        # Under the coverage tracer so many processes would need more than two cores.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __spec__.name if __name__ == "__main__" else __name__, "work", *self.arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
            env=environment,
        )  # fmt: skip
        self.running[number] = process
        self.readers.append(asyncio.create_task(self._read(number, process)))

    async def _read(self, number: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            way, error = json.loads(line)
            if way == "ready":
                self.ready[number].set()
            elif error:
                self.failed.append((way, error))
            else:
                self.calls.append((time.monotonic(), number, way))

    def count(self, way: str, since: float) -> tuple[int, ...]:
        """The calls of each process in 10 s."""
        found = Counter(number for at, number, where in self.calls if where == way and since <= at < since + 10.0)
        return tuple(found[number] for number in range(PROCESSES))

    def go(self, number: int) -> None:
        stdin = self.running[number].stdin
        assert stdin is not None
        stdin.write(b"go\n")

    async def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.gather(*self.readers)


Trouble = Callable[[Fleet, RedisServer], Coroutine[Any, Any, None]]


async def calm(fleet: Fleet, server: RedisServer) -> None:
    """Nothing happens."""


async def killing(fleet: Fleet, server: RedisServer) -> None:
    """One process dies in flight every 3 s; another takes its place."""
    for turn in range(10_000):
        await asyncio.sleep(3.0)
        number = turn % PROCESSES
        fleet.running[number].kill()
        await fleet.running[number].wait()
        await fleet.start(number)
        fleet.go(number)


async def pausing(fleet: Fleet, server: RedisServer) -> None:
    """Redis answers nobody for 2 s."""
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


TROUBLES: dict[Trouble, float] = {
    calm: 30.0,
    killing: 30.0,
    pausing: 30.0,
    stalling: 14.0,
    restarting: 14.0,
    leaving: 14.0,
    flushing: 14.0,
}  # and for how many seconds each is looked at
# Seconds that a call may take. Who is left alone waits for the others' calls as long as they may take.
TIMEOUT, TIMEOUT_ALONE = 30.0, 1.0  # seconds; longer than a process stands still, and shorter than Redis is away


async def run_all(start_redis: Callable[[], RedisServer]) -> dict[Trouble, dict[str, Figures]]:
    """What came out of every trouble, all at the same time, each with a server and processes of its own."""
    everybody = asyncio.Barrier(len(TROUBLES))
    runs = (run(start_redis(), trouble, seconds, everybody) for trouble, seconds in TROUBLES.items())
    return dict(zip(TROUBLES, await asyncio.gather(*runs), strict=True))


async def run(server: RedisServer, trouble: Trouble, seconds: float, everybody: asyncio.Barrier) -> dict[str, Figures]:
    """What came out, by way of counting. The measuring begins with the first call after the namespace's birth."""
    emulators = {way: Emulator(model=way, latency=LATENCY, error_limit=None) for way in MODELS}
    async with AsyncExitStack() as stack:
        urls = [f"{way}={(await stack.enter_async_context(each.serve())).url}" for way, each in emulators.items()]
        timeout = TIMEOUT_ALONE if trouble is leaving else TIMEOUT
        fleet = Fleet([server.url, uuid4().hex, str(timeout), *urls])
        for number in range(PROCESSES):
            await fleet.start(number)
        await asyncio.gather(*(each.wait() for each in fleet.ready.values()))
        await everybody.wait()  # starting the other processes takes both cores
        for number in range(PROCESSES):
            fleet.go(number)
        await asyncio.sleep(1.5)  # a new namespace waits for one window
        began = time.monotonic()
        disturbing = asyncio.create_task(trouble(fleet, server))
        await asyncio.sleep(seconds)
        stats = {way: each.stats().of("1001", CANCEL_ORDER.path) for way, each in emulators.items()}
        disturbing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await disturbing
        await fleet.end()
    found: dict[str, Figures] = {}
    for way, each in stats.items():
        span = (each.arrivals[-1] - each.arrivals[0]) / 1000.0 if each.arrivals else 0.0
        calls = tuple(fleet.count(way, began + start) for start in range(0, int(seconds) - 9, 10))
        errors = tuple(error for where, error in fleet.failed if where == way)
        used = each.accepted / (LIMIT * (int(max(span, seconds)) + 1))
        found[way] = Figures(each.refused + each.closed, each.accepted, used, calls, errors)
    return found


async def work(redis: str, namespace: str, timeout: str, *urls: str) -> None:
    """One process: 50 tasks in each way of counting, until it is killed."""
    async with AsyncExitStack() as stack:
        clients: dict[str, BingXClient] = {}
        for way, url in (each.split("=", 1) for each in urls):
            store = RedisStore(redis, namespace=f"{namespace}{way}")
            governor = await stack.enter_async_context(Governor(store=store, fallback_share=1 / PROCESSES))
            client = BingXClient(**KEYS, base_url=url, governor=governor, timeout=float(timeout))
            clients[way] = await stack.enter_async_context(client)
        print(json.dumps(["ready", ""]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(cancel(way, client) for way, client in clients.items() for _ in range(TASKS)))


async def cancel(way: str, client: BingXClient) -> None:
    """Cancel an order that is not there, again and again."""
    while True:
        error = ""
        try:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=60.0)
        except (OrderNotFound, QuotaWait):
            pass
        except BingXError as failure:
            error = repr(failure)
        print(json.dumps([way, error]), flush=True)


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
    if sys.argv[1:2] == ["work"]:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(work(*sys.argv[2:]))
        os._exit(0)
    asyncio.run(main())
