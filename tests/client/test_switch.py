"""The dead man's switch: armed, renewed, closed, and left armed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from bingx_async import (
    ApiError,
    BingXClient,
    InvalidRequest,
    OrderRefused,
    OutcomeUnknown,
    ServerBusy,
    SwitchState,
    SwitchStatus,
)
from bingx_async.core.events import SwitchChanged
from bingx_async.testing import EPOCH
from tests.client.exchange import HANG, Backend, Hall, Sent, backends, raising, refused, run

PATH = "/openApi/spot/v1/trade/cancelAllAfter"
BUSY = refused(100500, "in process of cancelling")


class Armed:
    """The exchange's side: fires unless renewed. `answers` replace its answers, by the number of the request."""

    def __init__(self, unit: int = 1, **answers: Any) -> None:
        self.unit, self.answers = unit, {int(name[1:]): answer for name, answer in answers.items()}
        self.fires_at: float | None = None
        self.fired: list[float] = []
        self.count = 0

    def __call__(self, sent: Sent) -> Any:
        """One request. It is carried out half a round trip after it was sent, and answered another half later."""
        self.count += 1
        now = anyio.current_time()
        if self.fires_at is not None and now >= self.fires_at:
            self.fired.append(self.fires_at)
            self.fires_at = None
        answer = next((self.answers[it] for it in (self.count, 0) if it in self.answers), None)
        if answer is not None and answer is not HANG:
            return answer
        closes = sent.params["type"] == "CLOSE"
        self.fires_at = None if closes else now + int(sent.params["timeOut"])
        if answer is HANG:
            return HANG
        trigger = 0 if self.fires_at is None else int((EPOCH / 1000 + self.fires_at) * self.unit)
        data = {"triggerTime": trigger, "status": "CLOSED" if closes else "ACTIVATED", "note": ""}
        return json.dumps({"code": 0, "data": data})


def failed(note: str = "") -> str:
    """Code 0, and yet a failure."""
    return json.dumps({"code": 0, "data": {"triggerTime": 0, "status": "FAILED", "note": note}})


def kept(
    backend: Backend,
    exchange: Armed,
    body: Callable[[BingXClient, Any], Any],
    seconds: int = 30,
    rtt: float = 0.05,
    **settings: Any,
) -> Hall:
    """The hall after `body` has run inside the switch of a client."""

    async def main() -> Hall:
        hall = Hall({PATH: [exchange]}, rtt=rtt)
        async with hall.client(**settings) as client:
            hall.exchange.started = anyio.current_time()
            async with client.spot.dead_mans_switch(seconds) as switch:
                await body(client, switch)
        return hall

    return run(backend, main)


def kinds(hall: Hall) -> list[str]:
    """The requests, in the order of their arrival."""
    return [call.params["type"] for call in hall.exchange.calls(PATH)]


def states(hall: Hall) -> list[str]:
    """The states that the events told."""
    return [event.state for event in hall.seen(SwitchChanged) if isinstance(event, SwitchChanged)]


async def minute(_client: BingXClient, switch: Any) -> None:
    """A minute's work."""
    await anyio.sleep(60)
    assert (switch.state, switch.is_late, switch.expired.is_set()) == (SwitchState.ARMED, False, False)


@backends
@pytest.mark.parametrize("unit", [1, 1000])
def test_one_call(unit: int, backend: Backend) -> None:
    """Armed, then closed; the moment is the same whether the exchange names it in seconds or in milliseconds."""

    async def main() -> None:
        hall = Hall({PATH: [Armed(unit)]}, rtt=0)
        async with hall.client() as client:
            armed = await client.spot.cancel_all_after(30)
            start = anyio.current_time()
            assert armed.status is SwitchStatus.ACTIVATED
            assert armed.trigger_time == datetime.fromtimestamp(EPOCH / 1000 + int(start) + 30, UTC)
            closed = await client.spot.cancel_all_after(None)
            assert (closed.status, closed.trigger_time) == (SwitchStatus.CLOSED, None)
        sent = [(call.params["type"], call.params["timeOut"]) for call in hall.exchange.calls(PATH)]
        assert sent == [("ACTIVATE", "30"), ("CLOSE", "10")]

    run(backend, main)


@backends
@pytest.mark.parametrize("seconds", [9, 121, 30.0, "30", True])
def test_seconds(seconds: Any, backend: Backend) -> None:
    """10 to 120 whole seconds; anything else is refused, and nothing is sent."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        with raising(InvalidRequest) as caught:
            await client.spot.cancel_all_after(seconds)
        with raising(InvalidRequest):
            client.spot.dead_mans_switch(seconds)
        assert "must be a whole number from 10 to 120" in str(caught[0])
        assert hall.exchange.sent == []

    run(backend, main)


@backends
def test_failed_under_code_0(backend: Backend) -> None:
    """Code 0 with the status FAILED is a refusal: nothing was armed, and the block does not begin."""

    async def main() -> None:
        hall = Hall({PATH: [failed("try later")]})
        async with hall.client() as client:
            with raising(OrderRefused) as caught:
                async with client.spot.dead_mans_switch(30):
                    pytest.fail("it is not armed")
            assert (caught[0].code, caught[0].raw["status"]) == (0, "FAILED")
            assert str(caught[0]) == f"{PATH}: code 0: the switch is failed, not activated: try later"

    run(backend, main)


@backends
@pytest.mark.parametrize(
    "reply", ['{"code":0}', '{"code":0,"data":{"status":"ARMED"}}', '{"code":0,"data":{"status":""}}']
)
def test_an_unknown_status_is_no_failure(reply: str, backend: Backend) -> None:
    """After code 0 nothing else raises."""

    async def main() -> None:
        async with Hall({PATH: [reply]}).client() as client:
            assert not (await client.spot.cancel_all_after(30)).status.is_known or reply

    run(backend, main)


@backends
def test_renewed_and_closed(backend: Backend) -> None:
    """It is renewed at each third of its timeout, never fires, and is closed when the block ends."""
    exchange = Armed()
    hall = kept(backend, exchange, minute)
    assert kinds(hall) == ["ACTIVATE"] * 6 + ["CLOSE"] or kinds(hall) == ["ACTIVATE"] * 7 + ["CLOSE"]
    assert [round(at, -2) for at in hall.exchange.times(PATH)][:6] == [0, 10_000, 20_000, 30_000, 40_000, 50_000]
    assert (exchange.fired, exchange.fires_at, states(hall)) == ([], None, ["armed", "closed"])


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
def test_crash(backend: Backend) -> None:
    """An exception leaves it armed and comes out as it was raised; no task stays behind."""
    exchange, error = Armed(), ExceptionGroup("of the block", [KeyError(1)])

    async def main() -> None:
        hall = Hall({PATH: [exchange]})
        async with hall.client() as client:
            switch = client.spot.dead_mans_switch(30)
            with raising(ExceptionGroup) as caught:
                async with switch:
                    await anyio.sleep(15)
                    raise error
            assert caught == [error]
            await anyio.sleep(100)
            assert (kinds(hall), switch.state) == (["ACTIVATE"] * 2, SwitchState.LEFT_ARMED)
            assert states(hall) == ["armed", "left armed"]
            assert exchange.fires_at is not None

    run(backend, main)


@backends
def test_cancellation(backend: Backend) -> None:
    """A cancelled block leaves it armed, also while a renewal is under way, at once."""
    exchange = Armed()

    async def main() -> None:
        hall = Hall({PATH: [exchange]}, rtt=5.0)
        async with hall.client() as client:
            switch = client.spot.dead_mans_switch(30)
            start = anyio.current_time()
            with anyio.move_on_after(18) as scope:
                async with switch:
                    await anyio.sleep_forever()
            assert scope.cancelled_caught
            assert anyio.current_time() - start == pytest.approx(18, abs=0.1)
            assert (set(kinds(hall)), switch.state) == ({"ACTIVATE"}, SwitchState.LEFT_ARMED)

    run(backend, main)


@backends
def test_closed_in_the_block(backend: Backend) -> None:
    """Once closed it is renewed no more, and an exception changes nothing about that."""

    async def main() -> None:
        hall = Hall({PATH: [Armed()]})
        async with hall.client() as client:
            switch = client.spot.dead_mans_switch(30)
            with raising(KeyError):
                async with switch:
                    await switch.close()
                    await switch.close()
                    await anyio.sleep(100)
                    raise KeyError
            assert (kinds(hall), switch.state) == (["ACTIVATE", "CLOSE"], SwitchState.CLOSED)
            with raising(InvalidRequest):
                await switch.__aenter__()

    run(backend, main)


@backends
def test_refused_renewals(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A refused renewal is told at once, and tried again after 1, 2 and 4 s; one success makes up for all."""
    caplog.set_level(logging.WARNING, "bingx_async")
    exchange = Armed(_2=BUSY, _3=BUSY, _4=failed())

    async def body(_client: BingXClient, switch: Any) -> None:
        await anyio.sleep(11)
        assert (switch.state, type(switch.error)) == (SwitchState.ARMED, ServerBusy)
        await anyio.sleep(9)
        assert (switch.state, switch.error) == (SwitchState.ARMED, None)

    hall = kept(backend, exchange, body)
    assert [round(at, -2) for at in hall.exchange.times(PATH)][:5] == [0, 10_000, 11_100, 13_100, 17_200]
    told = [event.why.partition(":")[0] for event in hall.seen(SwitchChanged) if isinstance(event, SwitchChanged)]
    assert told == ["", "ServerBusy", "ServerBusy", "OrderRefused", ""]
    assert len(caplog.records) == 3
    assert exchange.fired == []


@backends
def test_lost_renewals(backend: Backend) -> None:
    """Without an accepted renewal the block is told: late, then expired, at the moment at which the exchange may fire.
    It goes on, and so do the tries; `expired` stays set once it is armed again."""
    exchange = Armed(**{f"_{number}": HANG for number in (2, 3, 4)})
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
def test_closing_waits_for_renewals(backend: Backend) -> None:
    """A renewal under way when the block ends is waited for: carried out after the closing it would arm the switch."""
    exchange = Armed()

    async def body(_client: BingXClient, _switch: Any) -> None:
        await anyio.sleep(11)

    hall = kept(backend, exchange, body, rtt=6.0)
    assert kinds(hall) == ["ACTIVATE", "ACTIVATE", "CLOSE"]
    renewed, closed = hall.exchange.times(PATH)[1:]
    assert closed - renewed >= 6_000
    assert exchange.fires_at is None


@backends
def test_closing_is_tried_again(backend: Backend) -> None:
    """A closing that failed is tried again each second."""
    exchange = Armed(_2=BUSY, _3=failed())

    async def body(_client: BingXClient, _switch: Any) -> None:
        await anyio.sleep(1)

    hall = kept(backend, exchange, body)
    assert kinds(hall) == ["ACTIVATE", "CLOSE", "CLOSE", "CLOSE"]
    assert exchange.fires_at is None


@backends
def test_closing_that_fails(backend: Backend) -> None:
    """Where it cannot be closed before it fires, the error comes out: the switch is armed."""

    async def main() -> None:
        hall = Hall({PATH: [Armed(_0=(504, ""), _1=None)]})
        async with hall.client() as client:
            switch = client.spot.dead_mans_switch(10)
            with raising(OutcomeUnknown):
                async with switch:
                    await anyio.sleep(1)
            assert switch.state is SwitchState.LEFT_ARMED
            assert hall.exchange.now() >= 9_000

    run(backend, main)


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
