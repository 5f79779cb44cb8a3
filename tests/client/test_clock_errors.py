"""The exchange's clock: read at the start, again where a timestamp is refused, and for free from replies."""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
import httpx
import pytest

from bingx_async import ClockError, ConnectFailed, OrderNotFound, OrderRefused, RateLimited
from bingx_async.core.events import ClockStepped
from bingx_async.testing import EPOCH
from tests.client.exchange import (
    CANCEL,
    HANG,
    OK,
    TIME,
    TIME_OLD,
    Backend,
    Hall,
    Sent,
    backends,
    refused,
    run,
)

MISMATCH = "Null timestamp or timestamp mismatch, try to run our sample code from the link"


@backends
@pytest.mark.parametrize("refusal", [refused(100421, MISMATCH), refused(80014, "timestamp is invalid")])
def test_one_resync_one_repeat(refusal: str, backend: Backend) -> None:
    """A refused timestamp: the clock is read anew and the call leaves once more, with the right time."""

    async def main() -> None:
        hall = Hall({CANCEL: [refusal, OK]})
        client = hall.client()
        await client.sync_clock()
        hall.exchange.skew = 60_000.0
        await client.spot.cancel_order("BTC-USDT", 1)
        stamps = [float(call.params["timestamp"]) - call.at - EPOCH for call in hall.exchange.calls()]
        assert [round(stamp, -1) for stamp in stamps] == [0, 60_000]
        assert [round(event.by) for event in hall.events if isinstance(event, ClockStepped)] == [60]

    run(backend, main)


@backends
@pytest.mark.parametrize("refusal", [refused(100421, MISMATCH), refused(80014, "timestamp is invalid")])
def test_clock_error(refusal: str, backend: Backend) -> None:
    """Refused again after the re-sync: `ClockError`, after two tries and no more."""

    async def main() -> None:
        hall = Hall({CANCEL: [refusal]})
        client = hall.client()
        await client.sync_clock()
        with pytest.raises(ClockError):
            await client.spot.cancel_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(CANCEL)) == 2
        assert len(hall.exchange.calls(TIME)) == 6

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("message", "kind"),
    [("this pair is not available", OrderRefused), ("cancel fail, order not exist", OrderNotFound)],
)
def test_other_100421(message: str, kind: type[Exception], backend: Backend) -> None:
    """100421 that does not speak of the timestamp is a refusal like any other: no re-sync, no repeat."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100421, message)]})
        client = hall.client()
        await client.sync_clock()
        with pytest.raises(kind):
            await client.spot.cancel_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(CANCEL)) == 1
        assert len(hall.exchange.calls(TIME)) == 3

    run(backend, main)


@backends
def test_shortest_round_trip(backend: Backend) -> None:
    """Of three round trips the shortest sets the clock; a machine that is an hour off signs with the right time."""

    async def main() -> None:
        hall = Hall(skew=3_600_000.0)
        trips = iter([0.4, 0.02, 0.2])

        def answer(sent: Sent) -> str:
            return json.dumps({"code": 0, "data": {"serverTime": int(hall.exchange.server_ms())}})

        hall.exchange.answers = {TIME: [answer]}

        class Trips(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                reply = await hall.exchange.handle_async_request(request)
                await anyio.sleep(next(trips, 0.0))  # the way back only: the sample is off by half of it
                return reply

        client = hall.client()
        transport = client._caller.sender.transport
        transport._line = transport._line_of(Trips())
        hall.exchange.rtt = 0.02
        behind = await client.sync_clock()
        assert behind == pytest.approx(3600, abs=0.02)
        assert client.clock.now() == pytest.approx(hall.exchange.server_ms(), abs=20)

    run(backend, main)


@backends
@pytest.mark.parametrize("answer", [httpx.ConnectError("down"), httpx.ReadError("lost"), (504, "<html>"), HANG])
def test_unreadable_clock(answer: object, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """Where the clock cannot be read, the machine's own is used; calls go on and a log line says so."""

    async def main() -> None:
        hall = Hall({TIME: [answer], TIME_OLD: [answer]})
        async with hall.client(base_url="https://localhost") as client:
            await client.spot.cancel_order("BTC-USDT", 1)
        (call,) = hall.exchange.calls(CANCEL)
        assert float(call.params["timestamp"]) == pytest.approx(EPOCH + call.at, abs=1)

    run(backend, main)
    assert any("the exchange's clock could not be read" in line for line in caplog.messages)


@backends
def test_part_of_the_round_trips(backend: Backend) -> None:
    """A round trip that fails does not spoil those before it."""

    async def main() -> None:
        hall = Hall(skew=60_000.0)
        good = lambda sent: json.dumps({"code": 0, "data": {"serverTime": int(hall.exchange.server_ms())}})  # noqa: E731
        hall.exchange.answers = {TIME: [good, httpx.ReadError("lost")]}
        async with hall.client() as client:
            assert client.clock.now() == pytest.approx(hall.exchange.server_ms(), abs=2)

    run(backend, main)


@backends
def test_read_once(backend: Backend) -> None:
    """Calls that start together and a client that enters read the clock once between them."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        async with client, anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", 1)
        assert len(hall.exchange.calls(TIME)) == 3

        fresh = Hall()
        client = fresh.client()
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", 1)
        assert len(fresh.exchange.calls(TIME)) == 3

    run(backend, main)


@backends
def test_free_sample(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """An error that carries the exchange's time corrects the clock, an absurd one does not."""

    async def main() -> None:
        hall = Hall()

        def refusal(sent: Sent) -> str:
            return refused(100404, "order not exist", timestamp=int(hall.exchange.server_ms()))

        hall.exchange.answers = {CANCEL: [refusal, refusal, refused(100404, "", timestamp=1)]}
        client = hall.client()
        await client.sync_clock()
        hall.exchange.skew = 5_000.0
        for _ in range(3):
            with pytest.raises(OrderNotFound):
                await client.spot.cancel_order("BTC-USDT", 1)
        assert client.clock.now() == pytest.approx(hall.exchange.server_ms(), abs=60)
        assert len([event for event in hall.events if isinstance(event, ClockStepped)]) == 1

    with caplog.at_level(logging.WARNING, "bingx_async"):
        run(backend, main)
    assert sum("from where it was believed to be" in line for line in caplog.messages) == 1


@backends
def test_moment_by_a_fresh_clock(backend: Backend) -> None:
    """A closed period's moment is the exchange's: an old reading of its clock is renewed before it is believed."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        await client.sync_clock()
        await anyio.sleep(400)
        hall.exchange.skew = -2_000.0  # the exchange's clock is behind: the moment comes later than believed
        until = int(hall.exchange.server_ms() + 10_000)
        hall.exchange.answers[CANCEL] = [refused(100410, f"will be unblocked after {until}")]
        with pytest.raises(RateLimited) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=1)
        assert len(hall.exchange.calls(TIME)) == 6
        assert caught.value.retry_at.timestamp() * 1000 == pytest.approx(until + 50, abs=2)
        assert caught.value.retry_after == pytest.approx(10 - 0.2 + 0.05, abs=0.06)

    run(backend, main)


@backends
def test_signed_after_the_wait(backend: Backend) -> None:
    """A call that waited 20 s for quota leaves with a timestamp younger than 100 ms."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        async with anyio.create_task_group() as group:
            for number in range(1, 121):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
        last = hall.exchange.calls()[-1]
        assert last.at > 20_000
        for call in hall.exchange.calls():
            assert 0 <= EPOCH + call.at - float(call.params["timestamp"]) < 100

    run(backend, main)


@backends
def test_sync_clock_tells(backend: Backend) -> None:
    """`sync_clock` raises what kept the clock from being read."""

    async def main() -> None:
        hall = Hall({TIME: [httpx.ConnectError("down")]})
        with pytest.raises(ConnectFailed):
            await hall.client(base_url="https://localhost").sync_clock()

    run(backend, main)


@backends
def test_cancelled_on_entering(backend: Backend) -> None:
    """A client that is cancelled while it reads the clock closes what it has opened."""

    async def main() -> None:
        hall = Hall({TIME: [HANG]})
        client = hall.client()
        with anyio.move_on_after(1):
            await client.__aenter__()
        assert repr(client).endswith("closed>")

    run(backend, main)


@backends
@pytest.mark.parametrize(("options", "longest"), [({}, 1.0), ({"timeout": 0.3}, 0.3)])
def test_a_cancel_hardly_waits_for_the_clock(backend: Backend, options: dict[str, Any], longest: float) -> None:
    """While the time endpoint is silent, cancels leave by the machine's own clock after a second at most."""

    async def main() -> None:
        hall = Hall({TIME: [HANG], TIME_OLD: [HANG]})
        client = hall.client()
        async with anyio.create_task_group() as group:
            for number in range(1, 4):
                group.start_soon(lambda id_=number: client.spot.cancel_order("BTC-USDT", id_, **options))
        assert len(hall.exchange.calls(CANCEL)) == 3
        assert max(hall.exchange.times(CANCEL)) == pytest.approx(longest * 1000, abs=5)

    run(backend, main)
