"""The worker processes of the load test: fifty tasks that cancel in each way of counting, and their output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from attrs import define, field

from bingx_async import BingXClient, BingXError, Governor, OrderNotFound, QuotaWait
from bingx_async.redis import RedisStore

PROCESSES = 4
TASKS = 50
KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}


@define
class Fleet:
    """The worker processes and their output."""

    arguments: list[str]
    running: dict[int, asyncio.subprocess.Process] = field(factory=dict[int, asyncio.subprocess.Process])
    calls: list[tuple[float, int, str]] = field(factory=list[tuple[float, int, str]])
    failed: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    ready: dict[int, asyncio.Event] = field(factory=dict[int, asyncio.Event])
    governors: dict[int, list[str]] = field(factory=dict[int, list[str]])  # as their permits begin in Redis
    died_at: dict[str, float] = field(factory=dict[str, float])
    readers: list[asyncio.Task[None]] = field(factory=list[asyncio.Task[None]])

    async def start(self, number: int) -> None:
        self.ready[number] = asyncio.Event()
        # Under the coverage tracer so many processes would need more than two cores.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __spec__.name, *self.arguments,
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
                self.governors[number] = error.split()
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

    async def kill(self, number: int) -> None:
        self.running[number].kill()
        await self.running[number].wait()
        self.died_at.update(dict.fromkeys(self.governors[number], time.monotonic()))

    async def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.gather(*self.readers)


async def work(redis: str, namespace: str, timeout: str, *urls: str) -> None:
    """One process: 50 tasks in each way of counting, until it is killed."""
    async with AsyncExitStack() as stack:
        clients: dict[str, BingXClient] = {}
        for way, url in (each.split("=", 1) for each in urls):
            store = RedisStore(redis, namespace=f"{namespace}{way}")
            governor = await stack.enter_async_context(Governor(store=store, fallback_share=1 / PROCESSES))
            client = BingXClient(**KEYS, base_url=url, governor=governor, timeout=float(timeout))
            clients[way] = await stack.enter_async_context(client)
        governors = [client.governor._shared._process for client in clients.values() if client.governor._shared]
        print(json.dumps(["ready", " ".join(governors)]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        calls = (cancel(way, client) for way, client in clients.items() for _ in range(TASKS))
        await asyncio.gather(leave_with_the_test(), *calls)


async def leave_with_the_test() -> None:
    """End when the test has ended, however it did: the other end of stdin is closed then."""
    await asyncio.to_thread(sys.stdin.readline)
    os._exit(0)


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


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work(*sys.argv[1:]))
    os._exit(0)
