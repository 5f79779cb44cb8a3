"""A ban of an address with thousands of calls behind it: no step of the loop is long, no call is forgotten."""

from __future__ import annotations

import asyncio
from math import inf

import anyio
import pytest

from benchmarks import ban
from bingx_async import Quota, QuotaWait
from bingx_async.core.verdict import Scope
from bingx_async.testing import EPOCH
from tests.runtime.hall import CANCEL_ORDER, Hall, in_turn, run, throttled


@pytest.mark.keeps_time
def test_no_pass_of_the_loop_is_long() -> None:
    """755 calls in flight, 5000 accounts and 20 000 more calls wait: a pass takes 20 ms, with slack for the machine."""
    longest = asyncio.run(ban.ban())
    assert max(longest["ban"], longest["end"], longest["close"]) < 3 * ban.TARGET, longest


def test_all_that_cannot_wait_are_refused_in_slices() -> None:
    """Calls whose deadline is before the ban's end are refused in the instant of the ban; the others leave after it."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0)}, on_event=None)
        permit = await hall.acquire()
        hall.settle(permit)
        other = await hall.acquire(account="other")
        refused: list[float] = []

        async def impatient(number: int) -> None:
            try:
                await hall.acquire(max_wait=1000.0 if number % 2 else 2000.0)
            except QuotaWait:
                refused.append(hall.now())

        async with anyio.create_task_group() as group:
            for number in range(400):
                group.start_soon(impatient, number)
            await in_turn()
            assert hall.governor.snapshot().waiting == 400
            hall.settle(other, throttled(until=EPOCH + 1_500_000.0, scope=Scope.EGRESS))
            await in_turn(100)
            assert (refused, hall.governor.snapshot().waiting) == ([0.0] * 200, 200)
            group.cancel_scope.cancel()

    run("asyncio", main)


def test_no_call_of_a_closed_client_is_granted() -> None:
    """Calls of a closed client fail in the instant of its end, in slices; a token that comes free between two of them
    goes to the others, who keep their order."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(2, 1.0)}, on_event=None)
        permits = [await hall.acquire() for _ in range(2)]
        mine, failed = object(), list[float]()

        async def wait(number: int) -> None:
            try:
                await hall.call(number, owner=mine if number < 400 else None, account="2" if number % 3 == 1 else "1")
            except ValueError:
                failed.append(hall.now())

        others = [await hall.acquire(account="2") for _ in range(2)]
        async with anyio.create_task_group() as group:
            for number in range(403):
                group.start_soon(wait, number)
            await in_turn()
            hall.governor.evict([mine], ValueError("closed"))
            assert hall.governor._queue.next_at() == -inf  # there is more to do
            for permit in (permits[0], others[0]):
                hall.governor.release(permit)
            await in_turn(100)
            assert failed == [0.0] * 400
            assert sorted(hall.log) == [(400, 0), (401, 0)]
            hall.governor.release(permits[1])
        assert hall.log[2] == (402, 0)

    run("asyncio", main)


def test_deadlines_of_calls_that_left_are_forgotten() -> None:
    """However many calls have waited and left, the heaps of deadlines hold about as many as still wait."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(50, 1.0)}, on_event=None)
        async with anyio.create_task_group() as group:
            for _ in range(2000):
                group.start_soon(lambda: hall.call("", max_wait=3600))
            await anyio.sleep(20)
            lines = hall.governor._queue.lines
            waiting = hall.governor.snapshot().waiting
            for deadlines in (lines.deadlines, *lines.scopes.values()):
                assert deadlines.waiting == waiting
                assert len(deadlines.heap) <= 2 * waiting + 16
            await anyio.sleep(60)
            assert len(lines.deadlines.heap) <= 16

    run("asyncio", main)
