"""Renewals of a dead man's switch: slow, refused, lost, late; and what the block is told."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import anyio
import pytest

from bingx_async import ApiError, BingXClient, SwitchState
from bingx_async.core.events import SwitchChanged
from tests.client.armed import BUSY, PATH, Armed, failed, kept, states
from tests.client.exchange import HANG, Backend, Hall, backends, raising, refused, run


@backends
@pytest.mark.parametrize(("seconds", "rtt"), [(30, 9.0), (10, 2.0), (120, 38.0)])
def test_slow_replies(seconds: int, rtt: float, backend: Backend) -> None:
    """Replies that take up to a third of the timeout do no harm."""
    exchange = Armed()

    async def body(_client: BingXClient, switch: Any) -> None:
        await anyio.sleep(seconds * 10)
        assert not switch.expired.is_set()

    hall = kept(backend, exchange, body, seconds, rtt, timeout=200.0)
    assert (exchange.fired, exchange.fires_at, set(states(hall))) == ([], None, {"armed", "closed"})


@backends
def test_replies_that_become_slower_still(backend: Backend) -> None:
    """Replies that come to take longer look like lost ones; once one of them was waited for, later ones are."""
    exchange = Armed()

    async def body(client: BingXClient, switch: Any) -> None:
        client._settings.transport.rtt = 12.0  # type: ignore[union-attr]
        await switch.expired.wait()
        assert exchange.fired == []  # they had been carried out
        await anyio.sleep(600)

    hall = kept(backend, exchange, body, timeout=200.0)
    assert exchange.fired == []
    told = [event for event in hall.seen(SwitchChanged) if isinstance(event, SwitchChanged)]
    expired = [event.at for event in told if event.state == "expired"]
    assert expired
    assert max(expired) - min(expired) < timedelta(seconds=30)
    assert told[-1].state == "closed"


@backends
def test_refused_renewals(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A refused renewal is told at once, and tried again after 1, 2 and 4 s; one success makes up for all."""
    caplog.set_level(logging.WARNING, "bingx_async")
    exchange = Armed(_2=BUSY, _3=BUSY, _4=failed())

    async def body(_client: BingXClient, switch: Any) -> None:
        await anyio.sleep(11)
        assert (switch.state, type(switch.error)) == (SwitchState.ARMED, ApiError)
        await anyio.sleep(9)
        assert (switch.state, switch.error) == (SwitchState.ARMED, None)

    hall = kept(backend, exchange, body)
    assert [round(at, -2) for at in hall.exchange.times(PATH)][:5] == [0, 10_000, 11_100, 13_100, 17_200]
    told = [event.why.partition(":")[0] for event in hall.seen(SwitchChanged) if isinstance(event, SwitchChanged)]
    assert told == ["", "ApiError", "ApiError", "OrderRefused", ""]
    assert len(caplog.records) == 3
    assert exchange.fired == []


@backends
def test_lost_renewals(backend: Backend) -> None:
    """Without an accepted renewal the block is told: late, then expired, at the moment at which the exchange may fire.
    It goes on, and so do the tries; `expired` stays set once it is armed again."""
    exchange = Armed(_2=HANG, _3=HANG, _4=HANG)
    seen: list[tuple[float, str]] = []

    async def body(_client: BingXClient, switch: Any) -> None:
        start = anyio.current_time()
        await switch.expired.wait()
        seen.append((anyio.current_time() - start, switch.state))
        await anyio.sleep(90)
        assert switch.expired.is_set()
        seen.append((anyio.current_time() - start, switch.state))

    hall = kept(backend, exchange, body)
    assert seen[0] == (pytest.approx(30, abs=0.1), SwitchState.EXPIRED)
    assert seen[1] == (pytest.approx(120, abs=0.1), SwitchState.ARMED)
    assert list(dict.fromkeys(states(hall))) == ["armed", "late", "expired", "closed"]


@backends
def test_refused_for_ever(backend: Backend) -> None:
    """However long the exchange refuses, the tries stay below 20 in 480 s, above which it would close the endpoint."""
    exchange = Armed(_0=refused(100400, "no"), _1=None)

    async def body(_client: BingXClient, switch: Any) -> None:
        await anyio.sleep(3_000)
        assert switch.is_late

    async def main() -> Hall:
        hall = Hall({PATH: [exchange]})
        async with hall.client() as client:
            with raising(ApiError):
                async with client.spot.dead_mans_switch(120) as switch:
                    await body(client, switch)
        return hall

    hall = run(backend, main)
    times = hall.exchange.times(PATH)
    assert max(sum(at <= other < at + 480_000 for other in times) for at in times[:-12]) <= 20


@backends
def test_asleep(backend: Backend) -> None:
    """A machine that slept has not seen time pass: the exchange's own moments tell that the switch has fired."""
    exchange = Armed()

    async def body(_client: BingXClient, switch: Any) -> None:
        switch._fires_at_most -= timedelta(seconds=40)
        await anyio.sleep(11)
        assert switch.expired.is_set()
        assert switch.state is SwitchState.ARMED

    hall = kept(backend, exchange, body)
    assert states(hall) == ["armed", "expired", "armed", "closed"]


@backends
def test_before_everything_else(backend: Backend) -> None:
    """A renewal goes before all other calls that wait for the same quota."""
    exchange = Armed()

    async def body(client: BingXClient, _switch: Any) -> None:
        await anyio.sleep(9.5)
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(lambda: client.spot.cancel_all_after(60, priority=3))  # type: ignore[arg-type]

    hall = kept(backend, exchange, body)
    sent = [call.params["timeOut"] for call in hall.exchange.calls(PATH)]
    assert sent[:4] == ["30", "60", "30", "60"]
