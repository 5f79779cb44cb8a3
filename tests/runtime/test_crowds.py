"""Cancellation anywhere, in crowds and at every step: no token is lost or doubled, order holds, nothing hangs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from itertools import permutations
from random import Random

import anyio
import anyio.lowlevel
import pytest
import trio

from bingx_async import Governor, IpGroup, LocalError, Quota, QuotaWait
from bingx_async.core.events import Event
from bingx_async.testing import simulated_clock
from tests.runtime.hall import CANCEL_ORDER, CANCEL_ORDERS, OCCUPANCY, OK, Backend, Hall, backends, in_turn, run

ONE: Mapping[str | IpGroup, Quota] = {CANCEL_ORDER.path: Quota(1, 1)}


def most_in_a_window(moments: list[float], window: float) -> int:
    """The most moments within any half-open window."""
    moments = sorted(moments)
    return max(sum(at <= later < at + window for later in moments[i : i + 50]) for i, at in enumerate(moments))


@backends
@pytest.mark.parametrize("seed", range(3))
def test_thousand_waiters(seed: int, backend: Backend) -> None:
    """1000 waiters, every second one cancelled at a random step: every token is used once, in order, at full pace."""

    async def main() -> None:
        random = Random(seed)
        hall = Hall(on_event=None)
        arrived: list[int] = []
        sent: list[float] = []

        async def wait(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                arrived.append(number)
                permit = await hall.acquire()
                hall.log.append((number, round(hall.now())))
                sent.append(hall.now())
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(random.uniform(0.005, 0.1))
                hall.settle(permit)

        async def cancel(scope: anyio.CancelScope, at: float, steps: int) -> None:
            await anyio.sleep(at)
            await in_turn(steps)
            scope.cancel()

        async with anyio.create_task_group() as group:
            for number in range(1000):
                scope = anyio.CancelScope()
                group.start_soon(wait, number, scope)
                if number % 2:
                    group.start_soon(cancel, scope, random.choice([0.0, random.uniform(0, 150)]), random.randrange(6))
        places = {number: place for place, number in enumerate(arrived)}
        order = [places[number] for number in hall.names()]
        assert order == sorted(order)
        assert set(range(0, 1000, 2)) <= set(hall.names())
        assert len(set(hall.names())) == len(hall.log)
        assert most_in_a_window(sent, 1000.0) == 5
        assert sent[-1] <= len(sent) / 5 * (OCCUPANCY + 100)
        await anyio.sleep(1.1)
        assert hall.bucket() == (5, 0, 0)
        assert hall.governor.snapshot().waiting == 0

    run(backend, main)


MOMENTS = [0.0, 0.05, 1.0525, 2.105, 3.1575]


@backends
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("victim", range(4))
def test_every_step(victim: int, moment: float, backend: Backend) -> None:
    """Whichever call is cancelled, after however many scheduler steps: the others leave in order, no token is lost."""

    async def main(steps: int) -> None:
        hall = Hall(quotas=ONE)
        scopes = [anyio.CancelScope() for _ in range(4)]
        arrived: list[int] = []

        async def wait(number: int) -> None:
            with scopes[number]:
                arrived.append(number)
                permit = await hall.acquire()
                hall.log.append((number, round(hall.now())))
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.05)
                hall.settle(permit)

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(wait, number)
            await anyio.sleep(moment)
            await in_turn(steps)
            scopes[victim].cancel()
        granted = hall.names()
        assert [number for number in arrived if number in granted] == granted
        assert set(granted) >= {0, 1, 2, 3} - {victim}
        gaps = [later - at for (_, at), (_, later) in zip(hall.log, hall.log[1:], strict=False)]
        assert set(gaps) <= {1052, 1053}
        await anyio.sleep(1.1)
        assert hall.bucket() == (1, 0, 0)

    for steps in range(12):
        run(backend, main, steps)


@backends
def test_leader_is_cancelled(backend: Backend) -> None:
    """The call that sleeps for all is among those cancelled: another takes over each time, and none is late."""

    async def main(victims: tuple[int, ...]) -> None:
        hall = Hall(quotas=ONE)
        hall.settle(await hall.acquire())
        scopes = [anyio.CancelScope() for _ in range(5)]

        async def wait(number: int) -> None:
            with scopes[number]:
                await hall.call(number)

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(wait, number)
                await in_turn()
            for victim in victims:
                await anyio.sleep(0.1)
                scopes[victim].cancel()
        left = [number for number in range(5) if number not in victims]
        assert hall.log == list(zip(left, (1002, 2055), strict=True))

    for victims in permutations(range(5), 3):
        run(backend, main, victims)


@backends
def test_cancelled_with_the_permit(backend: Backend) -> None:
    """A waiter cancelled in the very instant of its grant gives the token to the next at once."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire()
        scope = anyio.CancelScope()

        async def wait() -> None:
            with scope:
                await hall.call("cancelled")

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await in_turn()
            group.start_soon(hall.call, "next")
            await in_turn()
            hall.governor.release(permit)
            scope.cancel()
        assert hall.log == [("next", 0)]

    run(backend, main)


def test_cancelled_with_the_refusal() -> None:
    """A task cancelled in the very instant in which its call is refused ends as cancelled, and only once."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        await hall.acquire()
        mine = object()
        task = asyncio.create_task(hall.acquire(owner=mine))
        await in_turn()
        hall.governor.evict([mine], ValueError("not seen"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert hall.bucket() == (0, 1, 0)

    run("asyncio", main)


def count_steps(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts every task step (trio) or callback (asyncio) of the running loop."""
    steps = 0

    if backend == "trio":

        class Instrument(trio.abc.Instrument):
            def before_task_step(self, task: trio.lowlevel.Task) -> None:
                nonlocal steps
                steps += 1

        trio.lowlevel.add_instrument(Instrument())
        return lambda: steps

    run_handle = asyncio.Handle._run  # type: ignore[attr-defined]

    def counted(handle: asyncio.Handle) -> None:
        nonlocal steps
        steps += 1
        run_handle(handle)

    monkeypatch.setattr(asyncio.Handle, "_run", counted)
    return lambda: steps


@backends
def test_waiting_calls_do_not_poll(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand callers wait an hour: nothing runs until there is something to do, and there is one timer."""

    async def main() -> None:
        hall = Hall(quotas=ONE, on_event=None)
        permit = await hall.acquire()
        async with anyio.create_task_group() as group:
            for _ in range(1000):
                group.start_soon(hall.acquire)
            await in_turn(10)
            taken = count_steps(backend, monkeypatch)
            await anyio.sleep(3600)
            assert taken() < 10
            hall.settle(permit)
            before = taken()
            await anyio.sleep(3600)  # one leaves and is never answered
            assert taken() - before < 30
            group.cancel_scope.cancel()

    run(backend, main)
    monkeypatch.undo()


@backends
def test_steps_per_grant(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a grant does not grow with the number of calls that wait."""

    async def main(waiting: int) -> float:
        hall = Hall(on_event=None)
        taken_by: list[int] = []
        async with anyio.create_task_group() as group:
            for number in range(waiting):
                group.start_soon(hall.call, number)
            await anyio.sleep(0.5)
            taken = count_steps(backend, monkeypatch)
            await anyio.sleep(20)
            taken_by.append(taken())
            group.cancel_scope.cancel()
        monkeypatch.undo()
        return taken_by[0] / 95

    few, many = run(backend, main, 200), run(backend, main, 2000)
    assert few < 20
    assert many == pytest.approx(few, rel=0.1)


@backends
def test_nothing_left_behind(backend: Backend) -> None:
    """When the last caller has left there is no task, no waiter and no timer of ours."""

    async def main() -> None:
        def tasks() -> int:
            if backend == "trio":
                return trio.lowlevel.current_statistics().tasks_living
            return len(asyncio.all_tasks())

        before = tasks()
        hall = Hall()
        permits = [await hall.acquire() for _ in range(5)]
        assert tasks() == before
        with anyio.move_on_after(0.5):
            await hall.acquire()
        for permit in permits:
            hall.settle(permit)
        await hall.acquire()
        assert tasks() == before
        assert hall.governor.snapshot().waiting == 0

    run(backend, main)


def test_two_live_loops() -> None:
    """A governor whose callers wait in one event loop refuses another one that lives at the same time."""
    governor = Governor(quotas=ONE)
    claims = governor.claims(CANCEL_ORDER, "1")
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        first.run_until_complete(governor.acquire(claims))
        waiting = first.create_task(governor.acquire(claims))
        first.run_until_complete(asyncio.sleep(0))
        with pytest.raises(LocalError, match="serves one event loop at a time; give each loop its own") as caught:
            second.run_until_complete(governor.acquire(claims))
        assert isinstance(caught.value, RuntimeError)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            first.run_until_complete(waiting)
        # no call waits in the first any more, so the second may be served
        with pytest.raises(QuotaWait):
            second.run_until_complete(governor.acquire(claims, governor.clock.monotonic() + 1.0))
    finally:
        first.close()
        second.close()


@pytest.mark.parametrize("waiting", [1, 3])
def test_loop_that_ended(waiting: int, caplog: pytest.LogCaptureFixture) -> None:
    """Waiters of a loop that was closed over their heads are forgotten; the next loop is served."""
    governor = Governor(profile="unlimited", quotas={CANCEL_ORDER.path: Quota(1, 0.05)})
    claims = governor.claims(CANCEL_ORDER, "1")
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        permit = first.run_until_complete(governor.acquire(claims))
        tasks = [first.create_task(governor.acquire(claims)) for _ in range(waiting)]
        first.run_until_complete(asyncio.sleep(0))
        first.close()

        async def again() -> None:
            later = asyncio.create_task(governor.acquire(claims))
            await asyncio.sleep(0)
            governor.settle(permit, OK, governor.clock.monotonic(), {})
            assert (await later).claims is claims

        second.run_until_complete(again())
        del tasks
        gc.collect()
        assert governor.snapshot().waiting == 0
    finally:
        second.close()


def test_trio_after_asyncio() -> None:
    """One governor, several event loops of both kinds, one after the other; quota taken before still counts."""
    made: list[Governor] = []

    async def main() -> None:
        if not made:
            made.append(Governor(clock=simulated_clock()))
        governor = made[0]
        claims = governor.claims(CANCEL_ORDERS, "1")
        async with anyio.create_task_group() as group:
            for _ in range(4):

                async def call() -> None:
                    permit = await governor.acquire(claims)
                    governor.settle(permit, OK, governor.clock.monotonic(), {})

                group.start_soon(call)
        assert governor.snapshot().waiting == 0

    for backend in ("asyncio", "trio", "trio", "asyncio"):
        run(backend, main)  # type: ignore[arg-type]
    assert len(made) == 1


@backends
def test_evicted(backend: Backend) -> None:
    """Waiters of one owner fail with the error given; the others keep their places."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        hall.settle(await hall.acquire())
        mine, error = object(), ValueError("gone")
        failed: list[int] = []

        async def wait(number: int) -> None:
            try:
                await hall.call(number, owner=mine if number % 2 else None)
            except ValueError:
                failed.append(number)

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(wait, number)
                await in_turn()
            hall.governor.evict([mine], error)
            await in_turn()
            assert sorted(failed) == list(range(1, 40, 2))
        assert hall.names() == list(range(0, 40, 2))

    run(backend, main)


@backends
def test_observer_that_asks(backend: Backend) -> None:
    """An observer may look at the governor from inside an event."""

    async def main() -> None:
        seen: list[int] = []

        def observer(event: Event) -> None:
            seen.append(hall.governor.snapshot().waiting + int(hall.governor.eta(CANCEL_ORDER, account=1)))

        hall = Hall(quotas=ONE, on_event=observer)
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(hall.call, number)
                await in_turn()
        assert hall.names() == [0, 1, 2]
        assert max(seen) >= 2

    run(backend, main)
