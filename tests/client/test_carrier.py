"""`carrier="auto"`: JSON as specified, once more by query where JSON was not understood, and what worked is kept."""

from __future__ import annotations

import logging

import anyio
import pytest

from bingx_async import AuthenticationError, BingXError, ClockError, OrderNotFound
from bingx_async.core.events import CarrierChosen
from tests.client.exchange import CANCEL, CANCEL_OPEN_ORDERS, OK, TIME, Backend, Hall, Sent, backends, refused, run

NOT_UNDERSTOOD = [
    refused(100412, "Null signature"),
    refused(100421, "Null timestamp or timestamp mismatch, try to run our sample code"),
    refused("100001", "Signature verification failed due to signature mismatch"),
]


def by_query(refusal: str, rest: str = OK):
    """An exchange that reads the query string only."""
    return lambda sent: rest if sent.carrier == "query" else refusal


@backends
@pytest.mark.parametrize("refusal", NOT_UNDERSTOOD)
def test_falls_back(refusal: str, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """JSON is not understood: the call runs by query, and later calls of every account go there at once."""

    async def main() -> None:
        hall = Hall({CANCEL: [by_query(refusal)]})
        client = hall.client(carrier="auto")
        await client.spot.cancel_order("BTC-USDT", 1)
        await client.spot.cancel_order("BTC-USDT", 2)
        await client.for_account(api_key="k", secret_key="s").spot.cancel_open_orders("BTC-USDT")
        assert [call.carrier for call in hall.exchange.calls()] == ["json", "query", "query", "query"]
        chosen = hall.seen(CarrierChosen)
        assert [(event.carrier, event.reason) for event in chosen if isinstance(event, CarrierChosen)] == [
            ("query", "the first signed call was accepted")
        ]

    with caplog.at_level(logging.INFO, "bingx_async"):
        run(backend, main)
    assert "parameters travel by query: the first signed call was accepted" in caplog.messages


@backends
def test_json_is_kept(backend: Backend) -> None:
    """JSON is understood: it stays, and a signature error later is not tried elsewhere."""

    async def main() -> None:
        hall = Hall({CANCEL: [OK, NOT_UNDERSTOOD[0]]})
        client = hall.client(carrier="auto")
        await client.spot.cancel_order("BTC-USDT", 1)
        with pytest.raises(AuthenticationError):
            await client.spot.cancel_order("BTC-USDT", 2)
        assert [call.carrier for call in hall.exchange.calls()] == ["json", "json"]

    run(backend, main)


@backends
def test_refusal_is_understanding(backend: Backend) -> None:
    """A business refusal shows that the parameters were read, so the carrier is settled by it."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100404, "order not exist")]})
        with pytest.raises(OrderNotFound):
            await hall.client(carrier="auto").spot.cancel_order("BTC-USDT", 1)
        chosen = hall.seen(CarrierChosen)
        assert [(event.carrier, event.reason) for event in chosen if isinstance(event, CarrierChosen)] == [
            ("json", "the first signed call was understood")
        ]

    run(backend, main)


@backends
def test_wrong_key_settles_nothing(backend: Backend) -> None:
    """A wrong API key is refused before the parameters are read: no second try, and nothing is learnt."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100413, "Incorrect apiKey")]})
        with pytest.raises(AuthenticationError):
            await hall.client(carrier="auto").spot.cancel_order("BTC-USDT", 1)
        assert len(hall.exchange.calls()) == 1
        assert hall.seen(CarrierChosen) == []

    run(backend, main)


@backends
@pytest.mark.parametrize("refusal", NOT_UNDERSTOOD[::2])
def test_wrong_secret(refusal: str, backend: Backend) -> None:
    """A wrong secret is an `AuthenticationError` after exactly two tries, each time; nothing is learnt from it."""

    async def main() -> None:
        hall = Hall({CANCEL: [refusal]})
        client = hall.client(carrier="auto")
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                await client.spot.cancel_order("BTC-USDT", 1)
        assert [call.carrier for call in hall.exchange.calls()] == ["json", "query"] * 2
        assert hall.seen(CarrierChosen) == []

    run(backend, main)


@backends
@pytest.mark.parametrize("carrier", ["json", "query", "form"])
def test_fixed(carrier: str, backend: Backend) -> None:
    """A carrier that was asked for is the only one used."""

    async def main() -> None:
        hall = Hall({CANCEL: [NOT_UNDERSTOOD[0]]})
        with pytest.raises(AuthenticationError):
            await hall.client(carrier=carrier).spot.cancel_order("BTC-USDT", 1)
        assert [call.carrier for call in hall.exchange.calls()] == [carrier]

    run(backend, main)


@backends
def test_clock_by_both(backend: Backend) -> None:
    """A timestamp refused by both carriers is a `ClockError` after two tries and one look at the clock."""

    async def main() -> None:
        hall = Hall({CANCEL: [NOT_UNDERSTOOD[1]]})
        async with hall.client(carrier="auto") as client:
            with pytest.raises(ClockError):
                await client.spot.cancel_order("BTC-USDT", 1)
        assert [call.carrier for call in hall.exchange.calls()] == ["json", "query"]
        assert len(hall.exchange.calls(TIME)) == 6

    run(backend, main)


@backends
def test_slow_first_calls(backend: Backend) -> None:
    """First calls that left by JSON together are each tried by query, also those answered after it was settled."""

    def slow(sent: Sent) -> object:
        return NOT_UNDERSTOOD[0] if sent.carrier == "json" else OK

    async def main() -> None:
        hall = Hall({CANCEL: [by_query(NOT_UNDERSTOOD[0])], CANCEL_OPEN_ORDERS: [slow]})
        client = hall.client(carrier="auto")
        await client.sync_clock()
        failed: list[BingXError] = []

        async def cancel_all() -> None:
            hall.exchange.rtt = 0.5
            try:
                await client.spot.cancel_open_orders("BTC-USDT")
            except BingXError as error:
                failed.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(cancel_all)
            await anyio.sleep(0.001)
            hall.exchange.rtt = 0.05
            await client.spot.cancel_order("BTC-USDT", 1)
        assert failed == []
        assert [call.carrier for call in hall.exchange.calls(CANCEL_OPEN_ORDERS)] == ["json", "query"]
        assert len(hall.seen(CarrierChosen)) == 1

    run(backend, main)
