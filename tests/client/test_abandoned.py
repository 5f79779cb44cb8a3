"""A call that is cancelled while its reply is awaited is reported, and kept until it is known what became of it."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import anyio
import pytest

from bingx_async import CancelStatus, DuplicateOrder, InvalidRequest, OutcomeUnknown, Quota, ResolutionStatus
from bingx_async.core.events import Abandoned
from bingx_async.runtime.call.doubts import MOST
from tests.client.book import PLACE_OCO, QUERY, Book, order
from tests.client.exchange import (
    CANCEL,
    CANCEL_ORDERS,
    HANG,
    KEY,
    OK,
    SECRET,
    TIME,
    Backend,
    Hall,
    backends,
    in_turn,
    raising,
    refused,
    run,
)

QUOTA = Quota(1, 5.0)
OCO: dict[str, Any] = {"quantity": 1, "limit_price": 3, "order_price": 1, "trigger_price": 2}
NAMES: dict[str, Any] = {"list_client_order_id": 770, "above_client_order_id": 771, "below_client_order_id": 772}


class Failed(Exception):
    """A sibling's failure."""


@backends
def test_a_sibling_fails(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """The cancellation names the ids, an event and a log line tell of the call, and it can be resolved later."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE_OCO: [HANG]})
        client = hall.client()
        cut: list[BaseException] = []

        async def place() -> None:
            try:
                await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO, **NAMES)
            except anyio.get_cancelled_exc_class() as error:
                cut.append(error)
                raise

        async def fail() -> None:
            await anyio.sleep(1)
            raise Failed

        async def both() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(place)
                group.start_soon(fail)

        with pytest.raises(ExceptionGroup):
            await both()
        (note,) = cut[0].__notes__
        assert "Ask for 771, 772, 770 before you repeat it" in note
        (event,) = hall.seen(Abandoned)
        assert isinstance(event, Abandoned)
        assert (event.endpoint, event.account) == (PLACE_OCO, "1")
        assert event.client_order_ids == ("771", "772", "770")
        assert event.params["listClientOrderId"] == "770"
        (error,) = client.in_doubt
        assert (error.params, error.client_order_ids) == (event.params, event.client_order_ids)
        assert "may have run" in caplog.text
        assert not any(secret in f"{event}{note}{caplog.text}{error!r}" for secret in (KEY, SECRET))
        assert (await error.resolve()).status is ResolutionStatus.NOT_EXECUTED
        assert client.in_doubt == ()

    caplog.set_level(logging.DEBUG)
    run(backend, main)


@backends
def test_a_timeout_around_a_cancel(backend: Backend) -> None:
    """A call that a timeout cut off is in doubt; one that did not leave yet, or only reads, is not."""

    async def main() -> None:
        hall = Hall({CANCEL: [HANG], QUERY: [HANG]}, quotas={CANCEL_ORDERS: QUOTA})
        client = hall.client()
        await client.sync_clock()
        for call in (client.spot.cancel_order, client.spot.get_order):
            with anyio.move_on_after(0.5):
                await call("BTC-USDT", 7)
        await client.spot.cancel_orders("BTC-USDT", [1])
        with anyio.move_on_after(0.5):  # it waits for quota
            await client.spot.cancel_orders("BTC-USDT", [1])
        assert [(error.endpoint, error.params["orderId"]) for error in client.in_doubt] == [(CANCEL, 7)]
        assert len(hall.seen(Abandoned)) == 1

    run(backend, main)


@backends
def test_no_request_has_left(backend: Backend) -> None:
    """A call that is cancelled while the clock is read is not in doubt: nothing of it was sent."""

    async def main() -> None:
        hall = Hall({TIME: [HANG]})
        client = hall.client()
        with anyio.move_on_after(0.5):
            await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO, check=False)
        assert (client.in_doubt, hall.seen(Abandoned), hall.exchange.calls()) == ((), [], [])

    run(backend, main)


@backends
def test_in_doubt(backend: Backend) -> None:
    """Errors that were raised are kept, bounded, for the account and not for another one."""

    async def main() -> None:
        hall = Hall({CANCEL: [(504, "")]}, profile="unlimited")
        client = hall.client()
        other = client.for_account(api_key="k", secret_key="s", account=2)
        hasty = client.with_options(max_wait=0)
        for number in range(1, MOST + 2):
            with raising(OutcomeUnknown):
                await hasty.spot.cancel_order("BTC-USDT", number)
        assert (len(client.in_doubt), client.in_doubt[0].params["orderId"]) == (MOST, 2)
        assert (client.in_doubt, other.in_doubt) == (hasty.in_doubt, ())

    run(backend, main)


@backends
def test_coalesced(backend: Backend) -> None:
    """Each of the cancels that travelled together is in doubt by itself, with its own parameters."""

    async def main() -> None:
        book = Book()
        book.done = [order(number, status="CANCELED") for number in range(1, 9)]
        hall = Hall({**book.answers, CANCEL_ORDERS: [(504, "")], CANCEL: [(504, "")]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        errors: dict[int, OutcomeUnknown] = {}

        async def cancel(number: int) -> None:
            with raising(OutcomeUnknown) as caught:
                await client.spot.cancel_order("BTC-USDT", number)
            errors[number] = caught[0]

        async with anyio.create_task_group() as group:
            for number in range(1, 9):
                group.start_soon(cancel, number)
                await in_turn()
        assert {number: error.params for number, error in errors.items()} == {
            number: {"symbol": "BTC-USDT", "orderId": number} for number in range(1, 9)
        }
        assert sorted(error.params["orderId"] for error in client.in_doubt) == list(range(1, 9))
        for error in client.in_doubt:
            assert (await error.resolve()).status is ResolutionStatus.EXECUTED
        assert client.in_doubt == ()

    run(backend, main)


@backends
def test_outcomes_survive(backend: Backend) -> None:
    """`cancel_many` fills the mapping it is given: a timeout around it takes nothing that is known."""

    async def main() -> None:
        book = Book()
        book.open = [order(number) for number in range(1, 101)]
        hall = Hall(book.answers)
        client = hall.client()
        await client.sync_clock()
        hall.exchange.answers[CANCEL_ORDERS] = [*book.answers[CANCEL_ORDERS] * 3, HANG]
        outcomes: dict[int | str, Any] = {}
        with anyio.move_on_after(1.5):
            await client.spot.cancel_many("BTC-USDT", range(1, 101), outcomes=outcomes)
        statuses = [outcomes[number].status for number in range(1, 101)]
        assert Counter(statuses) == {"cancelled": 30, "unknown": 10, "not sent": 60}
        assert outcomes[100].error == "the call was cancelled; it was not sent"
        (error,) = client.in_doubt
        unknown = [str(number) for number in range(1, 101) if outcomes[number].status is CancelStatus.UNKNOWN]
        assert error.params["orderIds"] == ",".join(unknown)
        with raising(InvalidRequest):
            await client.spot.cancel_many("BTC-USDT", [1], outcomes=[])  # type: ignore[arg-type]

    run(backend, main)


@backends
def test_outcomes_are_replaced(backend: Backend) -> None:
    """A mapping that holds older outcomes is filled anew."""

    async def main() -> None:
        book = Book()
        book.open = [order(1)]
        outcomes: dict[int | str, Any] = {1: "old", 2: "other"}
        done = await Hall(book.answers).client().spot.cancel_many("BTC-USDT", [1], outcomes=outcomes)
        assert (outcomes, done[0].status) == ({1: done[0], 2: "other"}, CancelStatus.CANCELLED)

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("later", "status", "doubts"),
    [
        ("cancelled", CancelStatus.CANCELLED, False),
        ("gone", CancelStatus.NOT_FOUND, False),
        ("failed", CancelStatus.UNKNOWN, True),
    ],
)
def test_cancel_many_after_a_failure_within(later: str, status: CancelStatus, doubts: bool, backend: Backend) -> None:
    """Ids of a request at which the exchange failed are sent again; they are unknown if that brings no answer."""

    async def main() -> None:
        book = Book()
        book.open = [order(1)] if later == "cancelled" else []
        failure = refused(100500, "internal error")
        answers = [failure] if later == "failed" else [failure, *book.answers[CANCEL_ORDERS]]
        hall = Hall({**book.answers, CANCEL_ORDERS: answers, CANCEL: [failure]})
        client = hall.client()
        (done,) = await client.spot.cancel_many("BTC-USDT", [1])
        assert done.status is status
        assert bool(client.in_doubt) is doubts

    run(backend, main)


@backends
def test_once_per_second(backend: Backend) -> None:
    """ "Once per second" is no refusal of an order: a single cancel says so, and `cancel_many` sends it again."""

    async def main() -> None:
        too_soon = refused(100400, "The same order can only be submitted once per second")
        book = Book()
        book.open = [order(1)]
        hall = Hall({**book.answers, CANCEL: [too_soon], CANCEL_ORDERS: [too_soon, *book.answers[CANCEL_ORDERS]]})
        client = hall.client()
        with raising(DuplicateOrder) as caught:
            await client.spot.cancel_order("BTC-USDT", 1)
        assert "look the order up before you act" in caught[0].hint
        (done,) = await client.spot.cancel_many("BTC-USDT", [1])
        assert done.status is CancelStatus.CANCELLED
        fails = '{"code":0,"data":{"fails":[{"orderId":2,"error":"only be submitted once per second"}]}}'
        hall.exchange.answers[CANCEL_ORDERS] = [fails]
        (done,) = await client.spot.cancel_many("BTC-USDT", [2])
        assert done.status is CancelStatus.UNKNOWN

    run(backend, main)


@backends
def test_re_entered(backend: Backend) -> None:
    """An inner `async with` leaves the client to the outer one."""

    async def main() -> None:
        client = Hall({CANCEL: [OK]}).client()
        async with client:
            async with client:
                pass
            await client.spot.cancel_order("BTC-USDT", 1)
        assert "closed" in repr(client)

    run(backend, main)
