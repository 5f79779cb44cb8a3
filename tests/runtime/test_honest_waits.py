"""A call that cannot make it is told at once, and a call that can make it never is: `eta` and `max_wait` in crowds."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from random import Random
from typing import Literal

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bingx_async import IpGroup, Priority, Quota, QuotaWait
from tests.runtime.hall import CANCEL_ORDER, CANCEL_ORDERS, Hall, in_turn, run

Demand = Literal["open", "regular"]
MAX_WAIT = 30.0
EDGE = 1.0  # s; so much earlier a call may leave because calls before it have given up
PATIENT = 0.02  # this share of the calls may wait twice as long, to see which of those refused would have made it


class Books:
    """How calls fared: what they were told, and what became of them."""

    def __init__(self) -> None:
        self.left = self.at_once = self.in_vain = 0
        self.patient = self.wrongly_refused = 0

    async def call(self, hall: Hall, account: str, is_patient: bool) -> None:
        """A call that waits for `MAX_WAIT`, or for twice as long."""
        began, eta = hall.now(), hall.governor.eta(CANCEL_ORDER, account=account)
        try:
            permit = await hall.acquire(account=account, max_wait=MAX_WAIT * (1 + is_patient))
        except QuotaWait:
            self.at_once += hall.now() == began and not is_patient
            self.in_vain += hall.now() > began and not is_patient
            return
        took = (hall.now() - began) / 1000.0
        self.left += 1
        self.patient += is_patient
        self.wrongly_refused += is_patient and eta > MAX_WAIT >= took + EDGE
        await anyio.sleep(0.05)
        hall.settle(permit)


@pytest.mark.parametrize("demand", ["open", "regular"])
def test_300_accounts_at_twice_the_quota(demand: Demand) -> None:
    """Of those that cannot make it in 30 s, 95 % and more are told at once; of those that can, hardly any is refused:
    only where calls before it give up, which cannot be known when it comes."""

    async def main() -> Books:
        hall, books, random = Hall(on_event=None), Books(), Random(1)

        async def work(account: str) -> None:
            await anyio.sleep(random.uniform(0, 5))
            while True:
                is_patient = random.random() < PATIENT
                group.start_soon(books.call, hall, account, is_patient)
                await anyio.sleep(5.0 if demand == "regular" else random.expovariate(1 / 5.0))

        with anyio.move_on_after(120):
            async with anyio.create_task_group() as group:
                for number in range(300):
                    group.start_soon(work, str(number))
        return books

    books = run("asyncio", main)
    assert books.left > 3500
    assert books.at_once >= 0.95 * (books.at_once + books.in_vain), vars(books)
    assert books.wrongly_refused <= 0.05 * books.patient, vars(books)


CALLS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([CANCEL_ORDER, CANCEL_ORDERS]), st.sampled_from(list(Priority))),
    min_size=1,
    max_size=40,
)
ACCOUNTS = st.sampled_from([Quota(1, 1.0), Quota(2, 5.0), Quota(5, 1.0), Quota(100, 1.0)])
ADDRESS = st.sampled_from([Quota(4, 1.0), Quota(7, 3.0), Quota(20, 10.0)])


@settings(max_examples=100, deadline=None)
@given(CALLS, ACCOUNTS, ACCOUNTS, ADDRESS, st.floats(0, 3), st.floats(0.01, 0.4))
def test_no_call_leaves_before_its_eta(
    calls: list[tuple[int, object, Priority]], one: Quota, two: Quota, address: Quota, span: float, rtt: float
) -> None:
    """Whatever waits for whichever bucket: without calls that leave the queue, none is granted before its moment."""
    quotas: Mapping[str | IpGroup, Quota] = {
        CANCEL_ORDER.path: one,
        CANCEL_ORDERS.path: two,
        IpGroup.TRADE: address,
    }

    async def main() -> None:
        hall = Hall(quotas=quotas, on_event=None)
        early: list[tuple[int, float, float]] = []

        async def call(number: int, account: int, endpoint: object, priority: Priority) -> None:
            eta = hall.governor.eta(endpoint, account=account, priority=priority)  # type: ignore[arg-type]
            began = hall.now()
            permit = await hall.acquire(endpoint, inf, priority, str(account))  # type: ignore[arg-type]
            took = (hall.now() - began) / 1000.0
            if took < eta - 1e-6:
                early.append((number, took, eta))
            await anyio.sleep(rtt)
            hall.settle(permit)

        async with anyio.create_task_group() as group:
            for number, (account, endpoint, priority) in enumerate(calls):
                group.start_soon(call, number, account, endpoint, priority)
                await in_turn()
                await anyio.sleep(span / len(calls))
        assert early == []

    run("asyncio", main)


def test_behind_other_accounts() -> None:
    """An account's first call is told how long the calls of other accounts before it will take, by their priority."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(100, 1.0), IpGroup.TRADE: Quota(10, 10.0)}, on_event=None)
        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(lambda account=f"{number}": hall.acquire(account=account, priority=Priority.CANCEL))
                await in_turn()
            await anyio.sleep(9.0)  # ten have left, and no reply has come
            etas = [hall.governor.eta(CANCEL_ORDER, account="new", priority=each) for each in Priority]
            assert etas == pytest.approx([10.007, 30.021, 30.021, 30.021])
            with pytest.raises(QuotaWait) as told:
                await hall.acquire(account="new", max_wait=30.0)
            assert told.value.retry_after == pytest.approx(30.021)
            group.cancel_scope.cancel()

    run("asyncio", main)


def test_accounts_that_wait_for_themselves_do_not_count() -> None:
    """Calls that their own account keeps back do not make another account's wait longer."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0), IpGroup.TRADE: Quota(10, 10.0)}, on_event=None)
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(hall.acquire)
            await in_turn()
            assert hall.governor.eta(CANCEL_ORDER, account="other") == 0.0
            await hall.acquire(account="other", max_wait=0)
            group.cancel_scope.cancel()

    run("asyncio", main)
