"""The small parts of a tracker: the queue of changes, the agenda, waiting, and what intents become."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from typing import Any

import anyio
import pytest

from bingx_async import ClientClosed, Gap, IntentOutcome, OrderStatus, Placement, Resynced, TrackedOrder
from bingx_async.spot.tracker.agenda import LONGEST, Agenda
from bingx_async.spot.tracker.changes import Changes
from bingx_async.spot.tracker.keeping import outcome_of
from bingx_async.spot.tracker.waiting import Waiting
from tests.client.exchange import Backend, backends, run

AT = datetime(2026, 1, 1, tzinfo=UTC)
GAP, END = Gap(AT, "cut"), Resynced(AT, AT)


async def taken(changes: Changes[Any], count: int) -> list[Any]:
    """The next items."""
    with anyio.fail_after(1):
        return [await changes.next() for _ in range(count)]


@backends
def test_changes_wait_in_order(backend: Backend) -> None:
    """What is put is taken in its order; then the end comes, or the error."""

    async def main() -> None:
        changes = Changes[Any](3, list, lambda: AT)
        for item in (1, 2, GAP):
            changes.put(item)
        changes.fail(None)
        changes.fail(ClientClosed("later"))
        assert await taken(changes, 3) == [1, 2, GAP]
        with pytest.raises(StopAsyncIteration):
            await changes.next()
        other = Changes[Any](3, list, lambda: AT)
        other.fail(ClientClosed("the client is closed"))
        with pytest.raises(ClientClosed):
            await other.next()

    run(backend, main)


@backends
def test_too_many_changes(backend: Backend) -> None:
    """Of too many none is left: a gap, all as it is when the program comes back, and the end of the gap. However many
    there are, no more wait than so."""

    async def main() -> None:
        now = ["old"]
        changes = Changes[Any](3, lambda: now, lambda: AT)
        for number in range(1000):
            changes.put(number)
            assert len(changes._waiting) <= 3
        now[:] = ["new", "state"]
        first = await taken(changes, 1)
        changes.put(1000)
        assert [type(each) for each in first] == [Gap]
        assert await taken(changes, 4) == ["new", "state", END, 1000]
        for number in range(3):
            changes.put(number)
        assert await taken(changes, 3) == [0, 1, 2]

    run(backend, main)


@backends
def test_too_many_changes_in_a_gap(backend: Backend) -> None:
    """While a gap of the connection is open, the end of the program's own is not said to be the end of all."""

    async def main() -> None:
        changes = Changes[Any](2, lambda: ["state"], lambda: AT)
        changes.put(GAP)
        for number in range(5):
            changes.put(number)
        assert [type(each) for each in await taken(changes, 2)] == [Gap, str]
        changes.put(END)
        assert await taken(changes, 1) == [END]

    run(backend, main)


def test_the_agenda() -> None:
    """What is due is due again, ever later; what is arranged stays so; what is dropped is gone."""
    agenda = Agenda()
    assert agenda.next_at == inf
    agenda.add("a", 0.0, 2.0)
    agenda.add("a", 1.0, 50.0)
    agenda.add("b", 0.0, 100.0)
    assert (agenda.next_at, agenda.take(1.9)) == (2.0, [])
    times, now = list[float](), 0.0
    for _ in range(12):
        now = agenda.items["a"].due
        times.append(now)
        assert "a" in agenda.take(now)
    spans = [later - earlier for earlier, later in pairwise(times)]
    assert spans[:3] == [4.0, 8.0, 16.0]
    assert max(spans) == spans[-1] == LONGEST
    agenda.drop("a")
    agenda.drop("never there")
    assert list(agenda.items) == ["b"]


@backends
def test_waiting_ends(backend: Backend) -> None:
    """A wait ends with the change, by whichever id it comes, or with the error."""

    async def main() -> None:
        waiting, orders = Waiting(), {"now": TrackedOrder("BTC-USDT", "Mine")}
        ends = list[Any]()

        async def wait() -> None:
            try:
                ends.append(await waiting.until(lambda: orders["now"], lambda it: it.is_open, None))
            except ClientClosed as error:
                ends.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(1)
            waiting.tell(orders["now"])
            await anyio.sleep(1)
            orders["now"] = TrackedOrder("BTC-USDT", "mine", 7, status=OrderStatus.NEW)
            waiting.tell(orders["now"])
            await anyio.sleep(1)
            assert ends == [orders["now"]]
            orders["now"] = TrackedOrder("BTC-USDT", "", 7)
            tasks.start_soon(wait)
            await anyio.sleep(1)
            waiting.fail(ClientClosed("closed"))
        assert isinstance(ends[1], ClientClosed)
        orders["now"] = TrackedOrder("BTC-USDT", "", 7, status=OrderStatus.NEW)
        assert await waiting.until(lambda: orders["now"], lambda it: it.is_open, 1) == orders["now"]

    run(backend, main)


def order(placement: Placement, status: str = "") -> TrackedOrder:
    """In some state."""
    return TrackedOrder("BTC-USDT", "a", placement=placement, status=OrderStatus(status))


@pytest.mark.parametrize(
    ("orders", "outcome"),
    [
        ([], IntentOutcome.OPEN),
        ([order(Placement.SENDING)], IntentOutcome.OPEN),
        ([order(Placement.UNKNOWN)], IntentOutcome.OPEN),
        ([order(Placement.PLACED)], IntentOutcome.PLACED),
        ([order(Placement.PLACED, "NEW"), order(Placement.UNKNOWN)], IntentOutcome.PLACED),
        ([order(Placement.PLACED, "FILLED")], IntentOutcome.DONE),
        ([order(Placement.PLACED, "CANCELED"), order(Placement.PLACED, "NEW")], IntentOutcome.PLACED),
        ([order(Placement.REFUSED)], IntentOutcome.REFUSED),
        ([order(Placement.NOT_PLACED)], IntentOutcome.NOT_PLACED),
        ([order(Placement.NOT_PLACED), order(Placement.UNKNOWN)], IntentOutcome.OPEN),
    ],
)
def test_outcomes(orders: list[TrackedOrder], outcome: IntentOutcome) -> None:
    """An intent is settled once all of its orders are done, and open until one is known."""
    assert outcome_of(orders) is outcome
