"""The exchange's clock: read at the start, again where a timestamp is refused, and for free from replies."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from bingx_async import (
    ApiError,
    ClientClosed,
    ClockError,
    ConnectFailed,
    IpGroup,
    OrderNotFound,
    OrderRefused,
    Quota,
    RateLimited,
)
from bingx_async.core.events import ClockStepped
from bingx_async.spot.queries import GET_ORDER as GET_ORDER_ENDPOINT
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
    raising,
    refused,
    run,
)

GET_ORDER = GET_ORDER_ENDPOINT.path
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
                group.start_soon(client.spot.get_order, "BTC-USDT", 1)
        assert len(fresh.exchange.calls(TIME)) == 3
        assert fresh.exchange.times(TIME) == [0, 0, 0]
        assert fresh.exchange.times(GET_ORDER) == [50] * 4  # together with its look, since all were equally long

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
        # The look was under way for 50 ms: the moment may be 26 ms later than by its middle, and 5 ms by drift.
        assert caught.value.retry_at.timestamp() * 1000 == pytest.approx(until + 50 + 31, abs=2)
        assert caught.value.retry_after == pytest.approx(10 - 0.1 + 0.081, abs=0.002)

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
def test_a_cancel_does_not_wait_for_the_clock(backend: Backend) -> None:
    """Where nothing is known but the machine's own clock, cancels leave by it at once and look at no other."""

    async def main() -> None:
        hall = Hall({TIME: [HANG], TIME_OLD: [HANG]})
        client = hall.client()
        async with anyio.create_task_group() as group:
            for number in range(1, 4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
        assert hall.exchange.times(CANCEL) == [0, 0, 0]
        assert hall.exchange.calls(TIME) == []

    run(backend, main)


@backends
def test_a_cancel_by_a_wrong_clock(backend: Backend) -> None:
    """A machine that is an hour off: a first cancel is refused, looks at the clock, and leaves by the right time."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100421, MISMATCH), OK]}, skew=3_600_000.0)
        client = hall.client()
        await client.spot.cancel_order("BTC-USDT", 1)
        assert hall.exchange.times(CANCEL) == [0, 100]
        assert hall.exchange.times(TIME) == [50, 50, 50]
        stamps = [float(call.params["timestamp"]) - EPOCH - 3_600_000.0 for call in hall.exchange.calls(CANCEL)]
        assert stamps == [-3_600_000.0, pytest.approx(100.0, abs=2)]

    run(backend, main)


@backends
@pytest.mark.parametrize("skew", [30_000.0, -30_000.0])
def test_a_moment_beside_the_time(backend: Backend, skew: float) -> None:
    """A refusal that holds the exchange's time sets the clock before its moment is converted: on a machine half a
    minute off, a cancel that has looked at no clock leaves again when the closed period ends."""

    async def main() -> None:
        hall = Hall(skew=skew)
        now = hall.exchange.server_ms()
        answer = refused(100410, f"will be unblocked after {int(now + 2_000)}", timestamp=int(now + 25))
        hall.exchange.answers[CANCEL] = [answer, OK]
        await hall.client().spot.cancel_order("BTC-USDT", 1)
        assert hall.exchange.times(CANCEL)[1] == pytest.approx(2_000 + 50 + 26, abs=55)

    run(backend, main)


@backends
@pytest.mark.parametrize(("options", "longest"), [({}, 5.0), ({"timeout": 0.3}, 0.3)])
def test_other_calls_wait_for_one_look(backend: Backend, options: dict[str, Any], longest: float) -> None:
    """An order with a stamp from the future could run late, so a first call other than a cancel waits for the clock,
    for five seconds or its timeout at most."""

    async def main() -> None:
        hall = Hall({TIME: [HANG], TIME_OLD: [HANG]})
        client = hall.client()
        async with anyio.create_task_group() as group:
            for number in range(1, 4):
                group.start_soon(lambda id_=number: client.spot.get_order("BTC-USDT", id_, **options))
        assert hall.exchange.times(GET_ORDER) == [longest * 1000] * 3

    run(backend, main)


@backends
def test_the_first_look_sets_the_clock(backend: Backend) -> None:
    """Three looks leave at once. The first that comes sets the clock; those that take far longer are not waited for."""

    async def main() -> None:
        hall = Hall({TIME: [HANG, slow, in_time]}, skew=60_000.0)
        client = hall.client()

        async def watch() -> None:
            await anyio.sleep(0.051)
            assert client.clock.now() == pytest.approx(hall.exchange.server_ms(), abs=2)

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await client.sync_clock()
            assert hall.exchange.now() == pytest.approx(101.0, abs=3)
        assert hall.exchange.times(TIME) == [0, 0, 0]

    def in_time(sent: Sent) -> str:
        return json.dumps({"code": 0, "data": {"serverTime": int(EPOCH + 60_000.0 + sent.at + 25.0)}})

    async def late(text: str) -> AsyncIterator[bytes]:
        await anyio.sleep(5)
        yield text.encode()

    class Late(httpx.AsyncByteStream):
        def __init__(self, text: str) -> None:
            self.text = text

        def __aiter__(self) -> AsyncIterator[bytes]:
            return late(self.text)

    def slow(sent: Sent) -> Any:
        return (200, Late(in_time(sent)))

    run(backend, main)


@backends
@pytest.mark.parametrize("timeout", [1.5, 0.2])
def test_entering_is_bounded_by_the_timeout(backend: Backend, timeout: float) -> None:
    """A server that accepts and never answers delays the opening of a client by the client's timeout at most."""

    async def main() -> None:
        hall = Hall({TIME: [HANG], TIME_OLD: [HANG]})
        async with hall.client(timeout=timeout):
            assert hall.exchange.now() == pytest.approx(timeout * 1000, abs=2)

    run(backend, main)


@backends
def test_closed_while_looking(backend: Backend) -> None:
    """A call whose looks at the clock wait for quota ends like any other when the client is closed."""

    async def main() -> None:
        hall = Hall(quotas={IpGroup.MARKET: Quota(3, 1.0)}, cold_start="spent")
        client = hall.client()

        async def read() -> None:
            with raising(ClientClosed):
                await client.spot.get_order("BTC-USDT", 1)

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await anyio.sleep(0.1)
            await client.aclose()
        assert hall.exchange.sent == []

    run(backend, main)


def times(told: object, **headers: str) -> dict[str, list[Any]]:
    """Time endpoints that tell this."""
    answer = (200, json.dumps({"code": 0, "data": {"serverTime": told}}), headers)
    return {TIME: [answer], TIME_OLD: [answer]}


NONSENSE = [10**18, 1, -1, 0, "NaN", float("nan"), float("inf"), 10**30, 1e300, "", None, [], EPOCH + 2 * 86_400_000.0]


@backends
@pytest.mark.parametrize("told", NONSENSE, ids=repr)
def test_a_nonsense_time_is_not_believed(told: object, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A time that no clock can show is not followed: the machine's is, nothing raises, and the log says so."""

    async def main() -> None:
        hall = Hall(times(told))
        async with hall.client() as client:
            assert client.clock.now() == pytest.approx(EPOCH + hall.exchange.now(), abs=1)
            await client.spot.cancel_order("BTC-USDT", 1)
            hall.governor.snapshot()
            with pytest.raises(ApiError):
                await client.sync_clock()
        (call,) = hall.exchange.calls(CANCEL)
        assert float(call.params["timestamp"]) == pytest.approx(EPOCH + call.at, abs=1)

    run(backend, main)
    assert any("the exchange's clock could not be read" in line for line in caplog.messages)


@backends
@pytest.mark.parametrize(
    ("told", "date", "ahead"),
    [
        (EPOCH / 1000.0 + 60, "", 60_000.0),  # seconds
        (EPOCH + 60_000.0, "", 60_000.0),
        (EPOCH + 40 * 86_400_000.0, "Sat, 31 Oct 2026 13:33:20 GMT", 40 * 86_400_000.0),  # the machine is wrong
        (EPOCH + 40 * 86_400_000.0, "nonsense", 0.0),
    ],
)
def test_a_plausible_time_is_believed(told: float, date: str, ahead: float, backend: Backend) -> None:
    """Seconds are taken for milliseconds where only that is plausible; the reply's date vouches for a time far off."""

    async def main() -> None:
        hall = Hall(times(int(told), Date=date))
        async with hall.client() as client:
            assert client.clock.now() - EPOCH == pytest.approx(ahead, abs=600)

    run(backend, main)


@backends
def test_an_absurd_moment(backend: Backend) -> None:
    """A closed period that ends in a hundred thousand years is cut to an hour; nothing raises anything else."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100410, "will be unblocked after 99999999999999", timestamp=10**18)]})
        client = hall.client()
        with pytest.raises(RateLimited) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=1)
        assert caught.value.retry_after == pytest.approx(3600, abs=1)
        hall.governor.snapshot()

    run(backend, main)
