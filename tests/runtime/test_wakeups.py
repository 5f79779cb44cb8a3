"""A waiting call is woken at the first moment at which it may leave, whatever has become of the others."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from bingx_async import IpGroup, Priority, Quota
from bingx_async.testing import SimulatedEventLoop
from tests.runtime.hall import CANCEL_ORDER, Hall, in_turn, run


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_the_next_is_refused_by_another_bucket(is_cancelled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiter is cancelled in the instant of its grant, and the next must wait for the address' pace: it is woken."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0), IpGroup.TRADE: Quota(10, 10.0)})
        governor, left = hall.governor, dict[str, float]()
        for number in range(6):  # the address has less than half of its tokens left: it is paced
            hall.settle(await governor.acquire(governor.claims(CANCEL_ORDER, f"other {number}")))
        mine = governor.claims(CANCEL_ORDER, "mine")
        hall.settle(await governor.acquire(mine))
        began = anyio.current_time()

        async def wait(name: str, priority: Priority) -> None:
            permit = await governor.acquire(mine, priority=priority)
            left[name] = anyio.current_time() - began
            hall.settle(permit)

        def tick(now: float, real: Any = governor._queue.tick) -> Any:
            before = governor.snapshot().waiting
            decided = real(now)
            if is_cancelled and governor.snapshot().waiting < before:
                first.cancel()
            return decided

        second = asyncio.create_task(wait("second", Priority.READ))  # it leads
        await in_turn()
        first = asyncio.create_task(wait("first", Priority.CANCEL))
        await in_turn()
        monkeypatch.setattr(governor._queue, "tick", tick)
        await asyncio.wait([first, second])
        expected = {"second": 1.862} if is_cancelled else {"first": 1.0025, "second": 2.005}
        assert left == pytest.approx(expected, abs=0.01)

    run("asyncio", main)


class LateLoop(SimulatedEventLoop):
    """Its timers fire late by 2.9 ms for each second of their span, as the system's do."""

    def call_at(self, when: float, *args: Any, **more: Any) -> asyncio.TimerHandle:
        return super().call_at(when + 0.0029 * max(0.0, when - self.time()), *args, **more)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 30.0])
def test_a_late_timer_makes_no_call_late(seconds: float) -> None:
    """However long a call has waited, it leaves within a millisecond of its moment on timers that are late."""

    async def main() -> float:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, seconds)})
        hall.settle(await hall.acquire())
        moment = hall.governor.eta(CANCEL_ORDER, account="1") * 1000.0
        await hall.acquire()
        return hall.now() - moment

    with asyncio.Runner(loop_factory=LateLoop) as runner:
        assert 0.0 <= runner.run(main()) < 1.0
