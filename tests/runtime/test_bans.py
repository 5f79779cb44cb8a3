"""A ban of an address with thousands of calls behind it: no step of the loop is long, no call is forgotten."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from math import inf
from types import FrameType

import anyio
import pytest

from benchmarks import ban
from bingx_async import Quota, QuotaWait
from bingx_async.core.claims import Permit
from bingx_async.core.verdict import Scope
from bingx_async.runtime.governor.line import Waiter
from bingx_async.testing import EPOCH
from tests.runtime.hall import CANCEL_ORDER, Hall, in_turn, run, throttled


@pytest.mark.keeps_time
def test_no_pass_of_the_loop_is_long() -> None:
    """755 calls in flight, 5000 accounts and 20 000 more calls wait: a pass takes 20 ms, with slack for the machine."""
    longest = asyncio.run(ban.ban())
    assert max(longest["ban"], longest["end"], longest["close"]) < 3 * ban.TARGET, longest


def steps_of(action: Callable[[], object]) -> int:
    """The lines of Python that run in `action`."""
    steps, before = 0, sys.gettrace()

    def count(_frame: FrameType, event: str, _argument: object) -> object:
        nonlocal steps
        steps += event == "line"
        return count

    sys.settrace(count)  # type: ignore[arg-type]
    try:
        action()
    finally:
        sys.settrace(before)
    return steps


async def steps_of_a_closure(accounts: int, scope: Scope) -> int:
    """The work of a reply that closes `scope`, while each account waits and 20 calls of one cannot wait so long."""
    hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0)}, on_event=None)
    queue, ledger, now = hall.governor._queue, hall.governor._ledger, hall.clock.monotonic()
    claims = [hall.governor.claims(CANCEL_ORDER, str(number)) for number in range(accounts)]
    permits = [ledger.reserve(each, now) for each in claims]
    for each in [*claims, *[claims[0]] * 20]:
        deadline = inf if each.account != "0" else now + 60_000.0
        answer, _ = queue.enter(each, queue.new_place(each, CANCEL_ORDER.priority, now), deadline, now)
        assert isinstance(answer, Waiter)
    assert isinstance(permits[0], Permit)
    permit, closed = permits[0], throttled(until=EPOCH + 1_500_000.0, scope=scope)
    steps = steps_of(lambda: hall.settle(permit, closed))
    assert queue.lines.deadlines.waiting == accounts - 1
    return steps


@pytest.mark.parametrize("scope", Scope)
def test_a_closure_costs_what_it_refuses(scope: Scope) -> None:
    """A reply that closes an endpoint or the address does work for the calls that it refuses, not for all that wait."""
    few, many = (run("asyncio", steps_of_a_closure, accounts, scope) for accounts in (30, 1000))
    assert many <= 1.2 * few


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
        for _ in range(50):
            await hall.acquire(account="2")  # no reply comes: the next call of this account has the first deadline
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: hall.call("", account="2", max_wait=1800))
            for _ in range(2000):
                group.start_soon(lambda: hall.call("", max_wait=3600))
            await anyio.sleep(30)
            lines = hall.governor._queue.lines
            assert lines.deadlines.waiting == hall.governor.snapshot().waiting
            for deadlines in (lines.deadlines, *lines.scopes.values()):
                assert len(deadlines.heap) <= 2 * deadlines.waiting + 16
            await anyio.sleep(60)
            assert len(lines.deadlines.heap) <= 18
            group.cancel_scope.cancel()

    run("asyncio", main)
