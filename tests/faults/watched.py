"""A client in a process of its own, with a task that notices when the event loop computes for long (Linux).

`python -m tests.faults.watched URL KIND` makes a call that meets a fault and prints, as JSON: the longest time for
which the loop computed without a break, the same while nothing but honest calls were made, the growth of the memory,
and the error. It is the thread's own time: on a busy machine the clock on the wall tells of the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.faults.calls import FIRST, KINDS, TARGET
from tests.faults.matrix import attempt, client_of

BEAT = 0.001
CONTROL = 0.5  # seconds of honest calls


class Heart:
    """Beats while the block runs; `longest` is the most that was computed between two beats, in seconds."""

    longest = 0.0

    async def beat(self) -> None:
        """Notice every pause."""
        last = time.thread_time()
        while True:
            await asyncio.sleep(BEAT)
            now = time.thread_time()
            self.longest = max(self.longest, now - last)
            last = now

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Beat for the block, and once after it."""
        task = asyncio.create_task(self.beat())
        await asyncio.sleep(2 * BEAT)
        yield
        await asyncio.sleep(2 * BEAT)
        task.cancel()


def memory(name: str) -> int:
    """A figure of this process in bytes: VmRSS now, VmHWM the highest since it was reset."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def begin_anew() -> int:
    """Reset the highest figure; returns the one of now."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


async def main(url: str, kind_name: str) -> None:
    """Control run, then the fault."""
    kind, control, watched = KINDS[kind_name], Heart(), Heart()
    async with client_of("own", url) as client:
        until = time.monotonic() + CONTROL
        async with control.beating():
            while time.monotonic() < until:
                await kind.ask(client, FIRST)
                await asyncio.sleep(BEAT)
        before = begin_anew()
        async with watched.beating():
            outcome = await attempt(lambda: kind.ask(client, TARGET, timeout=2.0))
        grown = memory("VmHWM") - before
    error = type(outcome.error).__name__
    print(json.dumps({"still": watched.longest, "control": control.longest, "grown": grown, "error": error}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
