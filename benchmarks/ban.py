"""The longest step of the event loop while an address is banned, with thousands of accounts waiting behind it.

So many calls are in flight when the ban comes, and each of their replies says so. Then the waiters that cannot wait so
long are refused, later the ban ends for the others, and at last their client is closed. A pass of the loop is every
step between two looks at its sockets: the time for which nothing else in the program can run.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections import Counter
from math import inf

from attrs import evolve

from benchmarks import report
from benchmarks.limiters import ACCEPTED, MovedClock
from bingx_async import ClientClosed, Governor, Quota, QuotaWait
from bingx_async.core.claims import Claim, Permit
from bingx_async.core.verdict import Meaning, Scope, Throttled
from bingx_async.runtime.clock import ServerClock
from bingx_async.spot.cancels import CANCEL_ORDER

IN_FLIGHT = 755
ACCOUNTS = 5000
IMPATIENT = 20_000  # waiters whose deadline is before the end of the ban
BAN = 3_000_000.0  # ms
TARGET = 20.0  # ms


class Loop:
    """The longest pass of the event loop since the last look, in milliseconds of CPU: a busy machine changes little."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._watch())

    def take(self) -> float:
        """The longest pass, which is forgotten."""
        longest, self.longest = self.longest, 0.0
        return longest

    async def _watch(self) -> None:
        at = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest, at = max(self.longest, (now - at) * 1000.0), now


async def ban(accounts: int = ACCOUNTS, impatient: int = IMPATIENT, in_flight: int = IN_FLIGHT) -> dict[str, float]:
    """The longest passes (ms): before the ban, while replies tell of it and waiters are refused, when it ends, and when
    the client of all that still wait is closed."""
    logging.getLogger("bingx_async").setLevel(logging.ERROR)
    moved = MovedClock()
    governor = Governor(clock=ServerClock(monotonic=moved))
    claims = [governor.claims(CANCEL_ORDER, str(number)) for number in range(accounts)]
    gate, quota = claims[0].egress_gate, Quota(1000, 10.0)
    claims = [evolve(each, egress_claims=(Claim(each.egress_claims[0].key, quota, True),)) for each in claims]
    permits: list[Permit] = []
    for number in range(in_flight):
        moved.skipped += 10.0
        permits.append(await governor.acquire(claims[number % accounts]))
    left: Counter[str] = Counter()

    async def wait(number: int) -> None:
        deadline = inf if number < accounts else moved() + BAN / 2.0
        try:
            permit = await governor.acquire(claims[number % accounts], deadline)
        except (QuotaWait, ClientClosed) as error:
            left[type(error).__name__] += 1
        else:
            left["granted"] += 1
            governor.settle(permit, ACCEPTED, moved(), {})

    tasks = [asyncio.create_task(wait(number)) for number in range(accounts + impatient)]
    while governor.snapshot().waiting + left.total() < len(tasks):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    gc.collect()
    loop, longest = Loop(), dict[str, float]()
    await asyncio.sleep(0.3)
    longest["before"] = loop.take()
    verdict = Throttled(Meaning.BANNED, Scope.EGRESS, 100410, "banned", 200, {}, governor.clock.now() + BAN, None)
    for permit in permits:
        governor.settle(permit, verdict, moved(), {})
        await asyncio.sleep(0)
    while governor._queue.next_at() == -inf:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    longest["ban"], before = loop.take(), left["granted"]
    moved.skipped = governor._ledger.gates[gate].closed_until - moved() + moved.skipped
    governor._room.wake(governor._queue.ask((gate,), moved()))  # the first of those that wait is the probe
    for _ in range(200):
        governor._room.wake(governor._queue.tick(moved()))
        await asyncio.sleep(0.005)
    assert left["granted"] > before
    longest["end"] = loop.take()
    governor.evict([None], ClientClosed("the client was closed"))
    while left.total() < len(tasks):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    longest["close"] = loop.take()
    return longest


def main() -> None:
    """Measure and print."""
    longest = asyncio.run(ban())
    report.heading(f"A ban: {IN_FLIGHT} calls in flight, {ACCOUNTS} accounts and {IMPATIENT} more calls wait: ms")
    for name, milliseconds in longest.items():
        print(report.target(f"longest pass, {name}", milliseconds, TARGET, " ms"))


if __name__ == "__main__":
    main()
