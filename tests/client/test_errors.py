"""Every refusal becomes the error its meaning has; every silence says whether the call may have run."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from bingx_async import (
    ApiError,
    AuthenticationError,
    ConnectFailed,
    DuplicateOrder,
    InsufficientBalance,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    ServerBusy,
    UnreadableReply,
)
from bingx_async.core.events import Settled
from bingx_async.spot.queries import GET_ORDER
from tests.client.exchange import (
    CANCEL,
    HANG,
    OCO_ORDER,
    OK,
    TIME,
    Backend,
    BrokenOff,
    Hall,
    backends,
    raising,
    refused,
    run,
)

REFUSALS: list[tuple[Any, type[ApiError], int | None, int]] = [
    (refused(100404, "order not exist"), OrderNotFound, 100404, 200),
    (refused(80016, "the order does not exist"), OrderNotFound, 80016, 200),
    (refused(109421, "order not exist"), OrderNotFound, 109421, 200),
    (refused(100400, "order not exist"), OrderNotFound, 100400, 200),
    (refused(100202, "Insufficient balance"), InsufficientBalance, 100202, 200),
    (refused("100202", "Insufficient balance"), InsufficientBalance, 100202, 200),
    (refused(100413, "Incorrect apiKey"), AuthenticationError, 100413, 200),
    (refused(100419, "IP does not match IP whitelist"), AuthenticationError, 100419, 200),
    (refused(100001, "signature verification failed"), AuthenticationError, 100001, 200),
    ((401, refused(100999, "unauthorised")), AuthenticationError, 100999, 401),
    ((401, "<html>"), AuthenticationError, None, 401),
    (refused(80012, "service unavailable"), ServerBusy, 80012, 200),
    (refused(101481, "clientOrderID already used"), DuplicateOrder, 101481, 200),
    (refused(100400, "The same order can only be submitted once per second"), DuplicateOrder, 100400, 200),
    (refused(80018, "the order is closed"), OrderNotFound, 80018, 200),
    (refused(100400, "invalid parameter"), OrderRefused, 100400, 200),
    (refused(123456, "something new"), OrderRefused, 123456, 200),
    ((404, "<html>"), ApiError, None, 404),
    ((302, "", {"Location": "https://elsewhere.example"}), ApiError, None, 302),
]


@backends
@pytest.mark.parametrize(("answer", "kind", "code", "status"), REFUSALS)
def test_refusals(answer: Any, kind: type[ApiError], code: int | None, status: int, backend: Backend) -> None:
    """The error has exactly this class and carries code, endpoint, status and the raw reply; it was sent once."""

    async def main() -> None:
        hall = Hall({CANCEL: [answer]})
        with raising(kind) as caught:
            await hall.client().spot.cancel_order("BTC-USDT", 1)
        error = caught[0]
        assert (error.code, error.http_status, error.endpoint) == (code, status, CANCEL)
        assert error.raw.get("code") in (code, str(code))
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
def test_number_and_target_are_told_once(backend: Backend) -> None:
    """The number that the exchange repeats in its text is shown once; a redirect names its target, not its query."""

    async def main() -> None:
        moved = (302, "", {"Location": "https://me:pass@elsewhere.example/login?signature=abc"})
        hall = Hall({CANCEL: [refused(100400, "code:100400:invalid parameter"), moved]})
        client = hall.client()
        with raising(OrderRefused) as first:
            await client.spot.cancel_order("BTC-USDT", 1)
        assert str(first[0]) == f"{CANCEL}: code 100400: invalid parameter"
        assert first[0].message == "code:100400:invalid parameter"
        with raising(ApiError) as second:
            await client.spot.cancel_order("BTC-USDT", 1)
        assert "a redirect to elsewhere.example/login" in str(second[0])
        assert "signature" not in str(second[0])
        assert "pass" not in str(second[0])

    run(backend, main)


def test_hint() -> None:
    """What to do is a field too."""
    assert ApiError(1, "x", CANCEL, 200, hint="do y").hint == "do y"


@backends
def test_busy(backend: Backend) -> None:
    """ "System is busy" is repeated soon where the wait allows it, else it is `ServerBusy`."""

    async def main() -> None:
        busy = refused(100410, "The current system is busy, please try again later")
        hall = Hall({CANCEL: [busy, OK, busy]})
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        await client.spot.cancel_order("BTC-USDT", 1)
        assert [round(at - start) for at in hall.exchange.times(CANCEL)] == [0, 550]
        with raising(ServerBusy):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0.1)

    run(backend, main)


NAMES: dict[str, Any] = {"list_client_order_id": 770, "above_client_order_id": 771, "below_client_order_id": 772}
UNKNOWN: list[tuple[Any, type[OutcomeUnknown]]] = [
    (refused(100500, "internal system error"), OutcomeUnknown),
    (refused(100503, "busy"), OutcomeUnknown),
    (refused(101500, "RPC timeout"), OutcomeUnknown),
    (refused(80019, "the order is being processed"), OutcomeUnknown),
    ((504, "<html>"), OutcomeUnknown),
    ((504, refused(100504, "gateway timeout")), OutcomeUnknown),
    ((502, "<html>"), OutcomeUnknown),
    ((200, "<html>"), UnreadableReply),
    ((200, ""), UnreadableReply),
    ((200, "[1]"), UnreadableReply),
    ((200, BrokenOff("")), OutcomeUnknown),
    ((200, BrokenOff('{"code":10')), OutcomeUnknown),
    (httpx.ReadTimeout("slow"), OutcomeUnknown),
    (httpx.WriteTimeout("slow"), OutcomeUnknown),
    (httpx.ReadError("lost"), OutcomeUnknown),
    (httpx.WriteError("lost"), OutcomeUnknown),
    (httpx.RemoteProtocolError("server disconnected"), OutcomeUnknown),
    (OSError("anything else"), OutcomeUnknown),
    (HANG, OutcomeUnknown),
]


@backends
@pytest.mark.parametrize(("answer", "kind"), UNKNOWN)
def test_unknown(answer: Any, kind: type[OutcomeUnknown], backend: Backend) -> None:
    """Sent, and no readable answer: `OutcomeUnknown` with what to ask for; never sent twice."""

    async def main() -> None:
        hall = Hall({OCO_ORDER: [answer]})
        with raising(kind) as caught:
            await hall.client().spot.place_oco_order(
                "BTC-USDT", "SELL", quantity=1, limit_price=3, order_price=1, trigger_price=2, check=False, **NAMES
            )
        error = caught[0]
        assert error.endpoint == OCO_ORDER
        assert error.client_order_ids == ("771", "772", "770")
        assert error.params == {
            "symbol": "BTC-USDT",
            "side": "SELL",
            "quantity": "1",
            "limitPrice": "3",
            "orderPrice": "1",
            "triggerPrice": "2",
            "listClientOrderId": "770",
            "aboveClientOrderId": "771",
            "belowClientOrderId": "772",
        }
        assert "Ask for 771, 772, 770 before you repeat it" in str(error)
        assert error.sent_at is not None
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
@pytest.mark.parametrize(
    "text", ['{"code":0,"msg":"","data":{"symbol":"BTC', '{"code":0,"data":{"symbol":"BTC-USDT"}}']
)
def test_broken_off_after_code_0(text: str, backend: Backend) -> None:
    """A reply that breaks off after code 0 has been read: the call ran, and a model comes back."""

    async def main() -> None:
        hall = Hall({CANCEL: [(200, BrokenOff(text))]})
        order = await hall.client().spot.cancel_order("BTC-USDT", 1)
        assert order.symbol in ("", "BTC-USDT")

    run(backend, main)


@backends
def test_truncated_after_code_0(backend: Backend) -> None:
    """Truncated JSON that says code 0 is an acceptance as well."""

    async def main() -> None:
        hall = Hall({CANCEL: ['{"code":0,"data":{"symbol":"BT']})
        assert (await hall.client().spot.cancel_order("BTC-USDT", 1)).symbol == ""

    run(backend, main)


@backends
def test_broken_off_refusal(backend: Backend) -> None:
    """A reply that breaks off when its meaning is known already is taken at its word: refused, or told to stop."""

    async def main() -> None:
        hall = Hall({CANCEL: [(200, BrokenOff(refused(100404, "order not exist"))), (429, BrokenOff("<ht"))]})
        client = hall.client()
        with raising(OrderNotFound):
            await client.spot.cancel_order("BTC-USDT", 1)
        with raising(RateLimited):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0.1)

    run(backend, main)


@backends
def test_total_timeout(backend: Backend) -> None:
    """`timeout` bounds the whole time on the network, also when the transport never gives up."""

    async def main() -> None:
        hall = Hall({CANCEL: [HANG]})
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        with raising(OutcomeUnknown) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, timeout=2.5)
        assert hall.exchange.now() - start == pytest.approx(2_500)
        assert "no reply within 2.5 s" in str(caught[0])

    run(backend, main)


@backends
def test_linger(backend: Backend) -> None:
    """A call given up holds its token for one occupancy and the linger: the exchange may count it late."""

    async def main() -> None:
        hall = Hall({CANCEL: [HANG] * 5 + [OK]})
        client = hall.client()
        await client.sync_clock()

        async def lost() -> None:
            with raising(OutcomeUnknown):
                await client.spot.cancel_order("BTC-USDT", 1, timeout=1)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(lost)
        given_up = hall.exchange.now()
        await client.spot.cancel_order("BTC-USDT", 1)
        # the transport is not ours, so it may have left the request in a buffer: 10 s, and one occupancy of 1002.5 ms
        assert hall.exchange.calls()[-1].at - given_up == pytest.approx(11_002.5, abs=0.01)
        assert [event.outcome for event in hall.events if isinstance(event, Settled)].count("failed") == 5

    run(backend, main)


@backends
def test_cancelled_in_flight(backend: Backend) -> None:
    """A call cancelled by its caller in flight keeps its token like any call given up; nothing is left behind."""

    async def main() -> None:
        hall = Hall({CANCEL: [HANG]})
        client = hall.client()
        await client.sync_clock()
        with anyio.move_on_after(0.2) as scope:
            await client.spot.cancel_order("BTC-USDT", 1)
        assert scope.cancelled_caught
        bucket = hall.governor.snapshot().find("1 POST " + CANCEL)
        assert bucket is not None
        assert (bucket.available, bucket.in_flight) == (4, 0)
        await anyio.sleep(11.1)
        bucket = hall.governor.snapshot().find("1 POST " + CANCEL)
        assert bucket is not None
        assert bucket.available == 5

    run(backend, main)


NOT_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.UnsupportedProtocol("gopher"),
    ConnectFailed("by the transport itself"),
]


@backends
@pytest.mark.parametrize("failure", NOT_SENT)
def test_connect_failed(failure: Exception, backend: Backend) -> None:
    """No connection: `ConnectFailed`, and the token is free at once; another host is not asked."""

    async def main() -> None:
        hall = Hall({CANCEL: [failure]})
        client = hall.client(base_url="https://localhost:8443")
        await client.sync_clock()
        for _ in range(12):
            with raising(ConnectFailed):
                await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        assert {call.host for call in hall.exchange.calls()} == {"localhost"}
        assert len(hall.exchange.calls()) == 12
        bucket = hall.governor.snapshot().find("1 POST " + CANCEL)
        assert bucket is not None
        assert (bucket.available, bucket.in_flight) == (5, 0)
        assert {event.outcome for event in hall.events if isinstance(event, Settled) and event.endpoint == CANCEL} == {
            "unsent"
        }

    run(backend, main)


class OneHostDown(httpx.AsyncBaseTransport):
    """Refuses connections to one host, after some time."""

    def __init__(self, inner: httpx.AsyncBaseTransport, down: str, after: float = 0.0) -> None:
        self.inner, self.down, self.after = inner, down, after
        self.tried: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.tried.append(request.url.host)
        if request.url.host.endswith(self.down):
            await anyio.sleep(self.after)
            raise httpx.ConnectError("down")
        return await self.inner.handle_async_request(request)


@backends
@pytest.mark.parametrize("carrier", ["json", "query"])
def test_fallback_host(carrier: str, backend: Backend) -> None:
    """The live host cannot be reached: the fallback is asked, and stays first as long as it can be."""

    async def main() -> None:
        hall = Hall()
        client = hall.client(carrier=carrier)
        route, transport = OneHostDown(hall.exchange, ".com"), client._caller.sender.transport
        transport._line = transport._line_of(route)
        await client.spot.cancel_order("BTC-USDT", 1)
        await client.spot.cancel_order("BTC-USDT", 2)
        assert route.tried == ["open-api.bingx.com"] + ["open-api.bingx.pro"] * 2
        route.down = ".pro"
        await client.spot.cancel_order("BTC-USDT", 3)
        assert route.tried[3:] == ["open-api.bingx.pro", "open-api.bingx.com"]
        route.down = ""
        with raising(ConnectFailed):
            await client.spot.cancel_order("BTC-USDT", 4)
        assert route.tried[5:] == ["open-api.bingx.com", "open-api.bingx.pro"]

    run(backend, main)


@backends
def test_fallback_together(backend: Backend) -> None:
    """Calls that find the live host down together each reach the fallback."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        await client.sync_clock()
        transport = client._caller.sender.transport
        transport._line = transport._line_of(OneHostDown(hall.exchange, ".com", after=0.1))
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number + 1)
        assert {call.host for call in hall.exchange.calls(CANCEL)} == {"open-api.bingx.pro"}
        assert len(hall.exchange.calls(CANCEL)) == 4

    run(backend, main)


@backends
def test_written_posts_stay(backend: Backend) -> None:
    """Once written, a call is never sent to another host."""

    async def main() -> None:
        hall = Hall({CANCEL: [httpx.ReadError("lost")]})
        with raising(OutcomeUnknown):
            await hall.client().spot.cancel_order("BTC-USDT", 1)
        assert [call.host for call in hall.exchange.calls()] == ["open-api.bingx.com"]

    run(backend, main)


@backends
def test_base_url_with_a_path(backend: Backend) -> None:
    """A path in `base_url`, as of a gateway, stands in front of every endpoint's, whatever the carrier."""

    async def main() -> None:
        hall = Hall()
        for carrier in ("json", "query"):
            client = hall.client(base_url="http://127.0.0.1:8080/gate/", carrier=carrier)
            await client.spot.cancel_order("BTC-USDT", 1)
            await client.spot.get_order("BTC-USDT", 1)
        assert {sent.path for sent in hall.exchange.sent} == {
            "/gate" + TIME,
            "/gate" + TIME.replace("swap/v2", "spot/v1"),
            "/gate" + CANCEL,
            "/gate" + GET_ORDER.path,
        }

    run(backend, main)
