"""What else a grant claims: a connection, and tokens that are kept for the kill switch."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import Governor, InvalidRequest, IpGroup, Priority, Quota, QuotaWait
from bingx_async.core.claims import Claims, Key, Permit
from bingx_async.core.verdict import Unclear
from tests.runtime.hall import CANCEL_OPEN_ORDERS, CANCEL_ORDER, OCCUPANCY, Backend, Hall, backends, in_turn, run

TWO = (Key("connections", "1", ""), 2)


def over(hall: Hall, account: str, connections: tuple[Key, int] = TWO) -> Claims:
    """The claims of a cancel that travels over these connections."""
    return hall.governor.claims(CANCEL_ORDER, account, connections=connections)


@backends
def test_a_connection_is_a_claim(backend: Backend) -> None:
    """A call without a free connection waits and holds no token; the next connection goes to the best place, and the
    last one is kept for the kill switch."""

    async def main() -> None:
        hall = Hall()
        governor = hall.governor
        order: list[str] = []

        async def call(name: str, priority: Priority, account: str) -> None:
            permit = await governor.acquire(over(hall, account), priority=priority)
            order.append(name)
            await anyio.sleep(0.3)
            hall.settle(permit)

        async with anyio.create_task_group() as group:
            group.start_soon(call, "first", Priority.READ, "1")
            await in_turn()
            group.start_soon(call, "read", Priority.READ, "2")
            await in_turn()
            group.start_soon(call, "cancel", Priority.CANCEL, "3")
            await in_turn()
            assert order == ["first"]
            assert [hall.bucket(account=each)[1] for each in ("1", "2", "3")] == [1, 0, 0]
            group.start_soon(call, "kill", Priority.KILL_SWITCH, "4")
            await in_turn()
            assert order == ["first", "kill"]
        assert order == ["first", "kill", "cancel", "read"]
        assert hall.now() == pytest.approx(900.0, abs=1.0)

    run(backend, main)


@backends
@pytest.mark.parametrize("ended", ["settled", "given up", "released"])
def test_a_connection_is_free_when_its_call_has_ended(backend: Backend, ended: str) -> None:
    """However a call ends, the call that waits for its connection leaves in the same instant."""

    async def main() -> None:
        hall = Hall()
        permit = await hall.governor.acquire(over(hall, "1"))
        waiting: list[Permit] = []

        async def wait() -> None:
            waiting.append(await hall.governor.acquire(over(hall, "2")))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.sleep(0.5)
            assert waiting == []
            if ended == "settled":
                hall.settle(permit)
            elif ended == "given up":
                hall.governor.give_up(permit, 1_000.0)
            else:
                hall.governor.release(permit)
        assert waiting[0].granted_at == pytest.approx(hall.began + 500.0)

    run(backend, main)


@backends
def test_connections_of_two_clients(backend: Backend) -> None:
    """Clients with one governor have connections of their own: one client's never hold up the other."""

    async def main() -> None:
        hall = Hall()
        await hall.governor.acquire(over(hall, "1"))
        other = over(hall, "1", (Key("connections", "2", ""), 2))
        permit = await hall.governor.acquire(other, hall.clock.monotonic() + 1.0)
        assert permit.granted_at == hall.began

    run(backend, main)


@backends
def test_a_reserve_is_for_the_kill_switch(backend: Backend) -> None:
    """With `reserve={"cancel": 1}` every account keeps one token: ordinary calls get the rest, and the first kill
    switch leaves at once however many wait."""

    async def main() -> None:
        hall = Hall(reserve={"cancel": 1})
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(hall.call, number, CANCEL_OPEN_ORDERS)
            await anyio.sleep(1.5)
            began = hall.now()
            await hall.call("kill", CANCEL_OPEN_ORDERS, priority=Priority.KILL_SWITCH)
            assert dict(hall.log)["kill"] == round(began)
            group.cancel_scope.cancel()

    run(backend, main)


@backends
def test_an_address_keeps_one_per_cent(backend: Backend) -> None:
    """When an address' quota is spent, three calls of 300 are left for the kill switch."""

    async def main() -> None:
        hall = Hall(profile="unlimited", quotas={IpGroup.TRADE: Quota(300, 10.0)})
        for _ in range(297):
            await hall.acquire(max_wait=40)
        for _ in range(3):
            await hall.acquire(max_wait=0, priority=Priority.KILL_SWITCH)
        assert hall.governor.eta(CANCEL_ORDER, account="9", priority=Priority.KILL_SWITCH) > 0

    run(backend, main)


@pytest.mark.parametrize("reserve", [{"cancel": -1}, {"cancel": 1.5}, {"cancel": True}, "cancel", ["cancel"]])
def test_a_wrong_reserve(reserve: Any) -> None:
    """The message says what to write instead."""
    with pytest.raises(InvalidRequest, match="reserve must be a dict such as"):
        Governor(reserve=reserve)


def test_a_reserve_for_an_endpoint_that_is_not_there() -> None:
    """A misspelt method is named, with those that there are."""
    with pytest.raises(InvalidRequest, match="no endpoint 'cancel_orderz'"):
        Governor(reserve={"cancel_orderz": 1})


@backends
def test_a_gateway_answers(backend: Backend) -> None:
    """A reply that the exchange itself cannot have sent does not show that the call was counted: its token comes back
    two seconds later than after a reply."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL_ORDER.path: Quota(1, 1.0)})
        hall.settle(await hall.acquire(), Unclear(504, "gateway", is_readable=True))
        await hall.acquire()
        assert hall.now() == pytest.approx(OCCUPANCY + 2_000.0, abs=1.0)

    run(backend, main)


@backends
def test_who_cannot_wait_for_a_connection_is_told_of_it(backend: Backend) -> None:
    """A call that may not wait, or not long enough, is told that it was connections that it lacked, not quota."""

    async def main() -> None:
        hall = Hall()
        await hall.governor.acquire(over(hall, "1"))
        for wait in (0.0, 500.0):
            with pytest.raises(QuotaWait) as told:
                await hall.governor.acquire(over(hall, "2"), hall.clock.monotonic() + wait)
            assert told.value.bucket == "connections 1"
        assert hall.now() == pytest.approx(500.0)

    run(backend, main)
