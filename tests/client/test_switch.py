"""The dead man's switch: one call, and a block that arms it, renews it and closes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, InvalidRequest, OrderRefused, OutcomeUnknown, SwitchState, SwitchStatus
from bingx_async.testing import EPOCH
from tests.client.armed import BUSY, PATH, Armed, failed, kept, kinds, states
from tests.client.exchange import Backend, Hall, backends, raising, run


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
