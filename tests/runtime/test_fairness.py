"""Calls of several accounts at one address: within a priority the accounts are served in rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import mean

import anyio
import pytest

from bingx_async import IpGroup, Priority, Quota
from tests.runtime.hall import CANCEL_ORDER, PLACE_OCO_ORDER, Hall, in_turn, run

# One call in 250 ms from the address; the accounts themselves may send more than they can.
NARROW: Mapping[str | IpGroup, Quota] = {CANCEL_ORDER.path: Quota(1000, 1.0), IpGroup.TRADE: Quota(40, 10.0)}
SPACING = 0.25


Wait = tuple[float, int]  # seconds, and the calls of other accounts that left in between


async def saturate(hall: Hall, tasks: Mapping[str, int], seconds: float, rtt: float = 0.05) -> dict[str, list[Wait]]:
    """So many tasks of each account call again and again; the waits of those that left in the second half."""
    waits: dict[str, list[Wait]] = {account: [] for account in tasks}
    left = Counter[str]()

    async def work(account: str) -> None:
        while True:
            began, others = hall.now(), left.total() - left[account]
            await hall.call(account, account=account, rtt=0.0)
            left[account] += 1
            if hall.now() > seconds * 500.0:
                waits[account].append(((hall.now() - began) / 1000.0, left.total() - left[account] - others))
            await anyio.sleep(rtt)

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for account, number in tasks.items():
                for _ in range(number):
                    group.start_soon(work, account)
    return waits


@pytest.mark.parametrize("many", [50, 500])
def test_one_task_beside_many(many: int) -> None:
    """An account with one task waits for a few calls of the other's at most, however many tasks that one has."""

    async def main() -> None:
        waits = await saturate(Hall(quotas=NARROW, on_event=None), {"many": many, "one": 1}, 600.0)
        seconds = [wait for wait, _ in waits["one"]]
        assert max(others for _, others in waits["one"]) <= 8
        assert mean(seconds) <= 2 * SPACING  # the distance between the calls of a fair share
        assert sum(wait > 4 * SPACING for wait in seconds) < 0.1 * len(seconds)  # the bucket itself was empty
        assert len(seconds) >= 300.0 / (2 * SPACING + 0.05)

    run("asyncio", main)


@pytest.mark.parametrize("tasks", [{"a": 50, "b": 10, "c": 50}, {"a": 100, "b": 20, "c": 5, "d": 40}])
def test_accounts_share_alike(tasks: Mapping[str, int]) -> None:
    """Accounts that all want more than their share get as much as each other."""

    async def main() -> None:
        waits = await saturate(Hall(quotas=NARROW, on_event=None), tasks, 1200.0)
        left = {account: len(each) for account, each in waits.items()}
        fair = mean(left.values())
        assert all(0.6 * fair < each < 1.4 * fair for each in left.values()), left

    run("asyncio", main)


def test_priority_is_above_all() -> None:
    """However many calls of an account wait, those of a better priority go before every other account's."""

    async def main() -> None:
        hall = Hall(quotas=NARROW, on_event=None)
        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(lambda: hall.call("busy", account="busy", priority=Priority.CANCEL))
            await in_turn()
            for number in range(5):
                group.start_soon(lambda n=number: hall.call("low", account=f"low {n}", priority=Priority.READ))
        assert hall.names() == ["busy"] * 60 + ["low"] * 5

    run("asyncio", main)


def test_one_account_is_served_as_it_came() -> None:
    """Within one account calls leave in order of arrival, while those of other accounts come in between."""

    async def main() -> None:
        hall = Hall(quotas=NARROW, on_event=None)
        async with anyio.create_task_group() as group:
            for number in range(200):
                account = "busy" if number % 4 else f"other {number % 3}"
                group.start_soon(lambda name=(account, number): hall.call(name, account=name[0]))
                await anyio.sleep(0.02)
        for account in {account for account, _ in hall.names()}:
            numbers = [number for each, number in hall.names() if each == account]
            assert numbers == sorted(numbers)
        assert Counter(hall.names()).most_common(1)[0][1] == 1

    run("asyncio", main)


def test_a_call_that_comes_back_keeps_its_place() -> None:
    """A call that asks again with its old place goes before all that came after it, of its account and of others."""

    async def main() -> None:
        hall = Hall(quotas=NARROW, on_event=None)
        governor = hall.governor
        claims = governor.claims(CANCEL_ORDER, "busy")
        place = governor.new_place(claims, Priority.CANCEL)
        went = 0
        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(lambda: hall.call("later", account="busy"))
            await in_turn()
            for number in range(5):
                group.start_soon(lambda name=f"other {number}": hall.call(name, account=name))
            await in_turn()
            went = len(hall.log)
            group.start_soon(lambda: hall.call("back", account="busy", place=place))
        assert hall.names()[went] == "back"

    run("asyncio", main)


def test_endpoints_of_one_account_do_not_share_a_line() -> None:
    """A call of another endpoint does not wait behind its account's many calls, as far as it draws on other buckets."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0)}, on_event=None)
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(lambda: hall.call("cancel"))
            await in_turn()
            await hall.call("place", PLACE_OCO_ORDER, priority=Priority.CANCEL, max_wait=0)
            assert hall.names() == ["cancel", "place"]
            group.cancel_scope.cancel()

    run("asyncio", main)
