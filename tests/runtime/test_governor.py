"""The order in which calls leave, deadlines, closed scopes, and which calls a waiter blocks."""

from __future__ import annotations

import copy
import logging
import pickle
import re
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bingx_async import ErrorBudgetSpent, Governor, InvalidRequest, IpGroup, Priority, Quota, QuotaWait
from bingx_async.catalogue import CATALOGUE
from bingx_async.core import events
from bingx_async.core.verdict import Meaning, Refused, Scope, Throttled, Unclear
from bingx_async.testing import EPOCH
from tests.memory_store import MemoryStore
from tests.runtime.hall import (
    CANCEL_OCO_ORDER,
    CANCEL_OPEN_ORDERS,
    CANCEL_ORDER,
    CANCEL_ORDERS,
    PLACE_OCO_ORDER,
    Backend,
    Hall,
    backends,
    in_turn,
    run,
    throttled,
)

ONE = {CANCEL_ORDER.path: Quota(1, 1)}


@backends
def test_first_come(backend: Backend) -> None:
    """Waiters of one priority leave in the order of their arrival, each one occupancy after the reply before it."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        async with anyio.create_task_group() as group:
            for name in range(6):
                group.start_soon(hall.call, name)
                await in_turn()
        assert hall.names() == list(range(6))
        assert [at for _, at in hall.log] == [round(number * 1052.5) for number in range(6)]

    run(backend, main)


@backends
def test_priorities(backend: Backend) -> None:
    """A better priority goes first, whenever it came; within one the order of arrival holds."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        async with anyio.create_task_group() as group:
            for number, priority in enumerate([*Priority, *reversed(Priority), *Priority]):
                group.start_soon(lambda n=number, p=priority: hall.call((p, n), priority=p))
                await in_turn()
        first, *rest = hall.names()
        assert first == (Priority.KILL_SWITCH, 0)
        assert rest == sorted(rest)
        assert len(rest) == 11

    run(backend, main)


@backends
def test_priorities_across_endpoints(backend: Backend) -> None:
    """Where endpoints share a scarce bucket, the better priority gets its token, then the earlier arrival."""

    async def main() -> None:
        hall = Hall(quotas={IpGroup.TRADE: Quota(1, 10)})
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: hall.call("first", CANCEL_ORDER))
            await in_turn()
            group.start_soon(lambda: hall.call("late", CANCEL_ORDERS, priority=Priority.READ))
            await in_turn()
            group.start_soon(lambda: hall.call("third", CANCEL_ORDERS))
            await in_turn()
            group.start_soon(lambda: hall.call("fourth", CANCEL_OPEN_ORDERS))
            await in_turn()
            group.start_soon(lambda: hall.call("second", CANCEL_ORDER, priority=Priority.KILL_SWITCH))
        assert hall.names() == ["first", "second", "third", "fourth", "late"]

    run(backend, main)


@backends
def test_a_waiter_blocks_only_its_bucket(backend: Backend) -> None:
    """A waiter blocks calls that need the bucket it waits for, and no others."""

    async def main() -> None:
        hall = Hall(quotas={IpGroup.TRADE: Quota(2, 10)})
        async with anyio.create_task_group() as group:
            for name in ("a", "b", "c"):
                group.start_soon(hall.call, name, CANCEL_ORDER)
                await in_turn()
            assert hall.names() == ["a", "b"]  # c waits for the group
            group.start_soon(hall.call, "oco", CANCEL_OCO_ORDER)  # another group
            group.start_soon(lambda: hall.call("other", CANCEL_OCO_ORDER, account="2"))
            await in_turn()
            assert sorted(hall.names()[2:]) == ["oco", "other"]
            group.start_soon(hall.call, "d", CANCEL_ORDERS)  # the group again: behind c
            await in_turn()
            assert len(hall.log) == 4
        assert hall.names()[4:] == ["c", "d"]

    run(backend, main)


@backends
def test_one_account_never_stops_another(backend: Backend) -> None:
    """A long queue of one account leaves another account's calls alone."""

    async def main() -> None:
        hall = Hall()
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(hall.call, number)
            await anyio.sleep(0.5)
            await hall.call("other", account="2", max_wait=0)
            group.cancel_scope.cancel()
        assert ("other", 500) in hall.log

    run(backend, main)


@backends
def test_cancels_are_not_delayed(backend: Backend) -> None:
    """Single cancels leave at once while batches and OCO orders of the same account queue."""

    async def main() -> None:
        hall = Hall()
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(hall.call, ("batch", number), CANCEL_ORDERS)
                group.start_soon(hall.call, ("oco", number), PLACE_OCO_ORDER)
            await anyio.sleep(2.0)
            for number in range(5):
                group.start_soon(lambda n=number: hall.call(("cancel", n), CANCEL_ORDER, max_wait=0))
            await in_turn()
            group.cancel_scope.cancel()
        assert [at for name, at in hall.log if name[0] == "cancel"] == [2000] * 5

    run(backend, main)


@backends
def test_burst_after_idleness(backend: Backend) -> None:
    """Five cancels after an idle second leave within 50 ms of each other: at once."""

    async def main() -> None:
        hall = Hall()
        for _ in range(3):
            await anyio.sleep(1.1)
            async with anyio.create_task_group() as group:
                for number in range(5):
                    group.start_soon(hall.call, number)
        times = [at for _, at in hall.log]
        assert [max(times[i : i + 5]) - min(times[i : i + 5]) for i in (0, 5, 10)] == [0, 0, 0]

    run(backend, main)


@backends
def test_refused_at_once(backend: Backend) -> None:
    """A wait that cannot fit is refused in the same instant, with the moment and the bucket."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        hall.settle(await hall.acquire())
        async with anyio.create_task_group() as group:
            for name in range(3):
                group.start_soon(hall.call, name)
            await in_turn()
            with pytest.raises(QuotaWait) as caught:
                await hall.acquire(max_wait=3)
            assert hall.now() == 0
            error = caught.value
            # three are before it: one leaves when the token is back, the others take one occupancy each at least
            assert error.retry_after == pytest.approx(4 * 1.0025)
            assert error.retry_at.timestamp() * 1000 - EPOCH == pytest.approx(4 * 1002.5, abs=0.01)
            assert error.bucket == "account 1 " + CANCEL_ORDER.route
            assert hall.bucket() == (0, 0, 3)
            group.cancel_scope.cancel()

    run(backend, main)


@backends
def test_now_or_never(backend: Backend) -> None:
    """With no time to wait a call leaves now or is refused now; it never overtakes one that waits."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire(max_wait=0)
        with pytest.raises(QuotaWait):
            await hall.acquire(max_wait=0)
        async with anyio.create_task_group() as group:
            group.start_soon(hall.call, "waits")
            await in_turn()
            hall.governor.release(permit)
            with pytest.raises(QuotaWait):
                await hall.acquire(max_wait=0)
        assert hall.log == [("waits", 0)]

    run(backend, main)


@backends
def test_refused_at_the_deadline(backend: Backend) -> None:
    """Where the moment of a reply cannot be known, the refusal comes exactly at the deadline."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire()
        with pytest.raises(QuotaWait) as caught:
            await hall.acquire(max_wait=3)
        assert hall.now() == pytest.approx(3000)
        assert caught.value.retry_after == pytest.approx(1.0025)
        assert hall.bucket() == (0, 1, 0)
        hall.settle(permit)
        await hall.acquire()
        assert hall.now() == pytest.approx(4002.5)

    run(backend, main)


@backends
def test_room_at_the_deadline(backend: Backend) -> None:
    """A token that comes back in the instant of the deadline is granted."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        hall.settle(await hall.acquire())
        await hall.acquire(max_wait=1.0025)
        assert hall.now() == pytest.approx(1002.5)

    run(backend, main)


@backends
def test_deadlines_in_a_crowd(backend: Backend) -> None:
    """Some deadlines end earlier than others: each is refused at its own, and the rest keep their order."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire()
        ended: list[tuple[int, int]] = []

        async def impatient(seconds: int) -> None:
            try:
                await hall.call(seconds, max_wait=seconds)
            except QuotaWait:
                ended.append((seconds, round(hall.now())))

        async with anyio.create_task_group() as group:
            for seconds in (9, 5, 60, 7, 61):
                group.start_soon(impatient, seconds)
                await in_turn()
            await anyio.sleep(8)
            hall.settle(permit)
        assert ended == [(5, 5000), (7, 7000), (9, 9000)]
        assert hall.log == [(60, 9002), (61, 10055)]

    run(backend, main)


@backends
def test_closing_refuses_waiters(backend: Backend) -> None:
    """When a scope closes, waiters whose deadline does not fit are refused at once, the others wait for it."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire()
        ended: list[tuple[str, float, float]] = []

        async def waits(name: str, seconds: float, endpoint: Any = CANCEL_ORDER) -> None:
            try:
                await hall.call(name, endpoint, max_wait=seconds)
            except QuotaWait as error:
                ended.append((name, round(hall.now()), error.retry_after))

        async with anyio.create_task_group() as group:
            for name, seconds in (("short", 20), ("long", 40), ("short too", 25)):
                group.start_soon(waits, name, seconds)
                await in_turn()
            await anyio.sleep(1)
            penalty = hall.settle(permit, throttled(until=EPOCH + 31_000))
            assert penalty.until - hall.began == pytest.approx(31_050)
        assert sorted(ended) == [("short", 1000, pytest.approx(30.05)), ("short too", 1000, pytest.approx(30.05))]
        assert hall.log == [("long", 31_050)]

    run(backend, main)


@backends
def test_closing_the_address(backend: Backend) -> None:
    """A closed address stops every endpoint and account on it; at the moment exactly one call probes."""

    async def main() -> None:
        hall = Hall()
        permit = await hall.acquire()
        hall.settle(permit, throttled(after=10_000, scope=Scope.EGRESS))
        async with anyio.create_task_group() as group:
            for name, endpoint, account in (
                ("a", CANCEL_ORDER, "1"),
                ("b", CANCEL_ORDERS, "2"),
                ("c", CANCEL_ORDER, "2"),
            ):
                group.start_soon(lambda n=name, e=endpoint, a=account: hall.call(n, e, account=a))
                await in_turn()
            await anyio.sleep(5)
            states = [bucket for bucket in hall.governor.snapshot() if bucket.closed_until is not None]
            assert [(state.key, state.reason) for state in states] == [("egress default", "closed")]
        assert hall.log[0] == ("a", 10_050)
        assert sorted(hall.log[1:]) == [("b", 10_100), ("c", 10_100)]

    run(backend, main)


@backends
@pytest.mark.parametrize("how", ["released", "given up", "unclear"])
def test_probe_without_an_answer(how: str, backend: Backend) -> None:
    """A probe that brings no answer opens nothing: the next call probes."""

    async def main() -> None:
        hall = Hall()
        hall.settle(await hall.acquire(), throttled(until=EPOCH + 1_000))
        probe = await hall.acquire()
        assert round(hall.now()) == 1_050
        async with anyio.create_task_group() as group:
            group.start_soon(hall.call, "next")
            group.start_soon(hall.call, "last")
            await anyio.sleep(0.1)
            assert hall.log == []
            if how == "released":
                hall.governor.release(probe)
            elif how == "given up":
                hall.governor.give_up(probe, 1_000.0)
            else:
                hall.settle(probe, Unclear(504, "gateway", True))
        assert [at for _, at in hall.log] == [1_150, 1_200]
        told = [type(event) for event in hall.events if isinstance(event, (events.Probing, events.Reopened))]
        assert told == [events.Probing, events.Probing, events.Reopened]

    run(backend, main)


@backends
def test_refusal_opens(backend: Backend) -> None:
    """A probe that is refused for a business reason was let through."""

    async def main() -> None:
        hall = Hall()
        hall.settle(await hall.acquire(), throttled(until=EPOCH + 1_000))
        probe = await hall.acquire()
        hall.settle(probe, Refused(Meaning.NOT_FOUND, 100404, "order not exist", 200, {}))
        await hall.acquire(max_wait=0)
        bucket = hall.governor.snapshot().find("1 " + CANCEL_ORDER.route)
        assert bucket is not None
        assert bucket.closed_until is None

    run(backend, main)


@backends
def test_extend(backend: Backend) -> None:
    """A moment read by a better clock makes a closed period longer, never shorter; calls that cannot wait end."""

    async def main() -> None:
        hall = Hall()
        penalty = hall.settle(await hall.acquire(), throttled(until=EPOCH + 10_000))
        assert hall.governor.extend(penalty, EPOCH + 5_000) is penalty
        async with anyio.create_task_group() as group:
            group.start_soon(hall.call, "patient")

            async def impatient() -> None:
                with pytest.raises(QuotaWait):
                    await hall.acquire(max_wait=15)
                assert hall.now() == 0

            group.start_soon(impatient)
            await in_turn()
            assert hall.governor.extend(penalty, EPOCH + 20_000).until - hall.began == pytest.approx(20_050)
        assert hall.log == [("patient", 20_050)]

    run(backend, main)


@backends
def test_backoff(backend: Backend) -> None:
    """Without a moment the delay grows with each refusal; calls refused together make it grow once."""

    async def main() -> None:
        hall = Hall(draw=lambda: 0.5)
        waits: list[float] = []
        for _ in range(3):
            permit = await hall.acquire()
            penalty = hall.settle(
                permit, Throttled(Meaning.RATE_LIMITED, Scope.ENDPOINT, 100410, "rate limited", 200, {})
            )
            waits.append(penalty.until - hall.clock.monotonic())
        assert waits == [pytest.approx(1000 * (1 + 0.5 * grown)) for grown in (1, 2, 4)]

        together = Hall(draw=lambda: 0.5)
        permits = [await together.acquire() for _ in range(5)]
        await anyio.sleep(0.05)
        verdict = Throttled(Meaning.RATE_LIMITED, Scope.ENDPOINT, 100410, "rate limited", 200, {})
        moments = {round(together.settle(permit, verdict).until - together.began) for permit in permits}
        assert moments == {1_550}

    run(backend, main)


@backends
def test_snapshot(backend: Backend) -> None:
    """A snapshot shows tokens, calls in flight, waiters, moments and reasons; a repr sums it up."""

    async def main() -> None:
        hall = Hall()
        permits = [await hall.acquire() for _ in range(5)]
        async with anyio.create_task_group() as group:
            group.start_soon(hall.call, "waits")
            await in_turn()
            found = hall.governor.snapshot()
            bucket = found.find("1 " + CANCEL_ORDER.route)
            assert bucket is not None
            assert bucket.quota == Quota(5, 1)
            assert (bucket.available, bucket.in_flight, bucket.waiting, bucket.next_at) == (0, 5, 1, None)
            assert [each.key for each in found] == [
                "account 1 " + CANCEL_ORDER.route,
                "egress default " + CANCEL_ORDER.route,
                "egress default group 3 per 10 s",
            ]
            assert [(each.available, each.in_flight) for each in found][1:] == [(295, 5), (1995, 5)]
            assert (found.waiting, found.at.timestamp() * 1000) == (1, EPOCH)
            assert found.find("nothing like it") is None
            assert repr(hall.governor) == "<Governor documented: 3 buckets, 1 waiting, 0 closed>"
            hall.settle(permits[0])
            bucket = hall.governor.snapshot().find("1 " + CANCEL_ORDER.route)
            assert bucket is not None
            assert bucket.next_at is not None
            assert bucket.next_at.timestamp() * 1000 - EPOCH == pytest.approx(1002.5, abs=0.01)
            hall.settle(permits[1], throttled(until=EPOCH + 2_000))
            bucket = hall.governor.snapshot().find("1 " + CANCEL_ORDER.route)
            assert bucket is not None
            assert bucket.closed_until is not None
            assert bucket.closed_until.timestamp() * 1000 - EPOCH == pytest.approx(2050, abs=0.01)
            assert bucket.reason == "closed"

    run(backend, main)


@backends
def test_eta(backend: Backend) -> None:
    """`eta` says when a call could leave and takes nothing; it counts the calls before it."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        governor = hall.governor
        assert governor.eta(CANCEL_ORDER, account=1) == 0
        assert governor.eta(CANCEL_ORDER, account=1) == 0
        hall.settle(await hall.acquire())
        assert governor.eta(CANCEL_ORDER.path, account="1") == pytest.approx(1.0025)
        assert governor.eta(CANCEL_ORDER.name, account="1") == pytest.approx(1.0025)
        assert governor.eta(CANCEL_ORDER.path, account=2) == 0
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(hall.acquire)
            await in_turn()
            assert governor.eta(CANCEL_ORDER, account=1) == pytest.approx(3 * 1.0025)
            assert governor.eta(CANCEL_ORDER, account=1, priority=Priority.KILL_SWITCH) == pytest.approx(1.0025)
            group.cancel_scope.cancel()
        with pytest.raises(InvalidRequest, match="no endpoint '/nothing'; write the name of its method or its path"):
            governor.eta("/nothing", account=1)

    run(backend, main)


@backends
def test_foreign_use(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A lower count of remaining calls than ours tightens the bucket; nonsense changes nothing."""

    async def main() -> None:
        hall = Hall()
        for remain in ("", "-1", "many", "5", "99", "\uff19"):
            hall.settle(await hall.acquire(), **{"x-ratelimit-requests-remain": remain})
            await anyio.sleep(1.1)
            assert hall.bucket() == (5, 0, 0)
        hall.settle(await hall.acquire(), **{"x-ratelimit-requests-remain": "1"})
        assert hall.bucket() == (1, 0, 0)
        assert [event.calls for event in hall.events if isinstance(event, events.ForeignUse)] == [3]
        assert any("3 calls are counted that are not ours" in line for line in caplog.messages)

    run(backend, main)


@backends
def test_told(backend: Backend) -> None:
    """Every stop of a call is an event, in order, with endpoint, account, bucket and spans."""

    async def main() -> None:
        hall = Hall(quotas=ONE)
        permit = await hall.acquire()
        async with anyio.create_task_group() as group:
            for name in range(2):
                group.start_soon(hall.call, name)
                await in_turn()
            await anyio.sleep(0.1)
            hall.settle(permit)
        path = CANCEL_ORDER.path
        told = [(type(event).__name__, *vars_of(event)) for event in hall.events]
        assert told == [
            ("Granted", path, "1", 0.0),
            ("Queued", "account", "1", CANCEL_ORDER.route, path, "1", 0),
            ("Queued", "account", "1", CANCEL_ORDER.route, path, "1", 1),
            ("Settled", path, "1", "accepted", 0.1),
            ("Granted", path, "1", 1.1025),
            ("Settled", path, "1", "accepted", 0.05),
            ("Granted", path, "1", 2.155),
            ("Settled", path, "1", "accepted", 0.05),
        ]
        assert hall.events[3].at.timestamp() * 1000 - EPOCH == pytest.approx(100, abs=0.01)

    run(backend, main)


def vars_of(event: Any) -> list[Any]:
    """The fields after `at`, spans rounded to tenths of a millisecond."""
    values = [getattr(event, field.name) for field in event.__attrs_attrs__[1:]]
    return [round(value, 4) if isinstance(value, float) else value for value in values]


@backends
def test_broken_observer(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """An observer that raises is logged with its traceback and changes nothing."""

    def observer(event: events.Event) -> None:
        raise KeyError(type(event).__name__)

    async def main() -> None:
        hall = Hall(quotas=ONE, on_event=observer)
        async with anyio.create_task_group() as group:
            for name in range(3):
                group.start_soon(hall.call, name)
                await in_turn()
        assert hall.names() == [0, 1, 2]

    with caplog.at_level(logging.ERROR, "bingx_async"):
        run(backend, main)
    assert {record.exc_info[0] for record in caplog.records if record.exc_info} == {KeyError}


@backends
def test_cold_start(backend: Backend) -> None:
    """`cold_start="spent"`: the first calls wait one occupancy and 250 ms, as if a predecessor had spent everything."""

    async def main() -> None:
        hall = Hall(cold_start="spent")
        async with anyio.create_task_group() as group:
            for name in range(5):
                group.start_soon(hall.call, name)
        # the address' buckets have the longest window, ten seconds; while they are scarce they are paced
        times = sorted(at for _, at in hall.log)
        assert times[0] == round(10_000 * 1.0005 + 2 + 250)
        assert set(times) == {times[0]}

    run(backend, main)


@backends
def test_share(backend: Backend) -> None:
    """`share=0.5` uses half of each quota, rounded down, at least one call."""

    async def main() -> None:
        hall = Hall(share=0.5)
        assert [await can(hall, CANCEL_ORDER) for _ in range(3)] == [True, True, False]
        assert [await can(hall, CANCEL_ORDERS) for _ in range(2)] == [True, False]

    run(backend, main)


async def can(hall: Hall, endpoint: Any) -> bool:
    """Whether a call can leave now."""
    try:
        await hall.acquire(endpoint, max_wait=0)
    except QuotaWait:
        return False
    return True


@backends
def test_error_budget(backend: Backend) -> None:
    """With one error left, calls that create are refused here; cancels go; a waiter is refused as well."""

    async def main() -> None:
        hall = Hall(profile="2025-10")
        no = Refused(Meaning.BALANCE, 100202, "Insufficient balance", 200, {})
        for _ in range(18):
            hall.settle(await hall.acquire(PLACE_OCO_ORDER), no)
        await anyio.sleep(1.1)
        first, second = [await hall.acquire(PLACE_OCO_ORDER) for _ in range(2)]
        with pytest.raises(ErrorBudgetSpent):  # those in flight may be the nineteenth and the twentieth
            await hall.acquire(PLACE_OCO_ORDER)
        hall.settle(first, no)
        hall.settle(second)
        with pytest.raises(ErrorBudgetSpent) as caught:
            await hall.acquire(PLACE_OCO_ORDER)
        error = caught.value
        assert (error.endpoint, error.code, error.limit, error.window) == (PLACE_OCO_ORDER.path, 100202, 20, 480.0)
        assert 470 < error.retry_after < 481
        await hall.acquire(CANCEL_OCO_ORDER, max_wait=0)
        low = [event for event in hall.events if isinstance(event, events.BudgetLow)]
        assert [(event.used, event.limit, event.code) for event in low] == [(10, 20, 100202), (16, 20, 100202)]
        assert [(state.used, state.limit) for state in hall.governor.snapshot().budgets] == [(19, 20)]
        await anyio.sleep(error.retry_after + 0.01)
        await hall.acquire(PLACE_OCO_ORDER, max_wait=0)

    run(backend, main)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile": "best"}, "no profile 'best'; there are documented, 2025-10, trader, unlimited"),
        ({"share": 0}, "share must be above 0 and at most 1, not 0"),
        ({"share": 1.5}, "share must be above 0 and at most 1"),
        ({"credit": -0.1}, "credit must be at least 0 and at most 1, not -0.1"),
        ({"cold_start": "warm"}, "cold_start must be 'free' or 'spent', not 'warm'"),
        ({"profile": ["trader"]}, "no profile ['trader']; there are documented"),
        ({"share": "half"}, "share must be a number such as 0.5, not 'half'"),
        ({"share": True}, "share must be a number such as 0.5, not True"),
        ({"share": float("nan")}, "share must be above 0 and at most 1, not nan"),
        ({"credit": None}, "credit must be a number such as 0.5, not None"),
        ({"fallback_share": "1"}, "fallback_share must be a number such as 0.5, not '1'"),
        ({"quotas": [Quota(1, 1)]}, "quotas must be a dict such as {IpGroup.TRADE: Quota(1000, 10.0)}"),
        ({"quotas": 0}, "quotas must be a dict"),
        (
            {"quotas": {"/trade/cancel": Quota(1, 1)}},
            "no endpoint '/trade/cancel'; write the name of its method or its path",
        ),
        ({"anchor": "sent"}, "anchor must be 'reply' or 'headers', not 'sent'"),
        ({"anchor": "headers", "store": MemoryStore()}, "anchor must be 'reply' with a store, not 'headers'"),
        ({"on_store_failure": "wait"}, "on_store_failure must be 'local' or 'refuse', not 'wait'"),
        (
            {"quotas": {4: Quota(1, 1)}},
            "no place for 4; there are IpGroup.MARKET, IpGroup.ACCOUNT, IpGroup.TRADE, and the names",
        ),
        ({"quotas": {IpGroup.TRADE: 10}}, "must be a Quota such as Quota(10, 1.0), not 10"),
        ({"quotas": {CANCEL_ORDER.path: (10, 1)}}, "must be a Quota such as Quota(10, 1.0), not (10, 1)"),
        ({"on_event": "print"}, "on_event must be a function of one event, not 'print'"),
        ({"on_event": anyio.sleep}, "on_event must be a plain function, not a coroutine function"),
        ({"store": "redis://:word@host"}, "write store=RedisStore('redis://...'), not of type str"),
        ({"store": MemoryStore}, "write store=RedisStore('redis://...'), not the class MemoryStore"),
    ],
)
def test_settings(settings: dict[str, Any], message: str) -> None:
    """Bad settings are refused with what to write."""
    with pytest.raises(InvalidRequest, match=re.escape(message)) as caught:
        Governor(**settings)
    assert "word" not in str(caught.value)


def test_quotas_for_every_path() -> None:
    """A quota can be set for each endpoint that is counted per account, by its path or the name of its method."""
    private = [endpoint for endpoint in CATALOGUE if not endpoint.is_public]
    for keys in ([endpoint.path for endpoint in private], [endpoint.name for endpoint in private]):
        governor = Governor(quotas=dict.fromkeys(keys, Quota(7, 1.0)), on_event=print, store=MemoryStore())
        assert {governor.profile.quota_of(endpoint) for endpoint in private} == {Quota(7, 1.0)}


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_governor_is_not_copied(how: Callable[[Governor], object]) -> None:
    """A copy would be a second set of books for the same quotas; the message says how to share instead."""
    governor = Governor()
    with pytest.raises(InvalidRequest, match=r"cannot be copied or pickled: .* Share the object itself .* by a store"):
        how(governor)
    assert governor.eta(CANCEL_ORDER, account=1) == 0
