"""An answer may leave open whether an order is live: then the call is kept until that is known, whatever cuts in."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from bingx_async import (
    BingXClient,
    CancelStatus,
    NewOrder,
    OrderRefused,
    OutcomeUnknown,
    PlaceOutcome,
    PlaceStatus,
    ResolutionStatus,
)
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.replacing import REPLACE_ORDER
from bingx_async.spot.switch import CANCEL_ALL_AFTER
from bingx_async.spot.symbols import LIST_SYMBOLS
from tests.client.book import PLACE, QUERY, Book, accepted, order
from tests.client.exchange import HANG, Backend, Hall, Sent, backends, raising, refused, run
from tests.client.test_placing import symbols

BATCH, REPLACE = PLACE_ORDERS.path, REPLACE_ORDER.path
DUPLICATE = refused(100205, "repeat request")
CANCEL_ONLY = accepted({"cancelResult": {"code": 0, "result": True}})
ARGUMENTS: dict[str, Any] = {"quantity": "0.003", "price": "61250.5"}


def new(name: str) -> NewOrder:
    """An order to be placed."""
    return NewOrder(symbol="BTC-USDT", side="BUY", type="LIMIT", client_order_id=name, **ARGUMENTS)


def accept(sent: Sent) -> str:
    """Place them all."""
    names = [each["newClientOrderId"] for each in json.loads(sent.params["data"])]
    return accepted({"orders": [order(number, name) for number, name in enumerate(names, 1)]})


async def place_one(client: BingXClient) -> Any:
    return await client.spot.place_order("BTC-USDT", "BUY", "LIMIT", client_order_id="mine", **ARGUMENTS)


async def place_two(client: BingXClient) -> Any:
    return await client.spot.place_orders([new("mine"), new("yours")])


async def replace(client: BingXClient) -> Any:
    return await client.spot.replace_order("BTC-USDT", cancel_order_id=1, order=new("mine"))


def hall(book: Book, **answers: list[Any]) -> Hall:
    return Hall({**book.answers, LIST_SYMBOLS.path: [symbols()], **answers})


WAYS = {
    "duplicate": (place_one, {PLACE: [DUPLICATE]}),
    "batch": (place_two, {BATCH: [accepted({"orders": [order(2, "yours")]})]}),
    "replacement": (replace, {REPLACE: [CANCEL_ONLY]}),
}


@backends
@pytest.mark.parametrize("way", WAYS)
def test_cancelled_while_it_is_looked_up(way: str, backend: Backend) -> None:
    """The order that may be live is in doubt and can be resolved, and no other call is."""
    act, answers = WAYS[way]

    async def main() -> None:
        book = Book()
        room = hall(book, **answers)
        room.exchange.answers[QUERY] = [HANG]
        client = room.client()
        await client.sync_clock()
        with anyio.move_on_after(2) as scope:
            await act(client)
        assert scope.cancelled_caught
        (error,) = client.in_doubt
        assert error.client_order_ids == ("mine",)
        assert error.sent_at is not None
        book.open, room.exchange.answers[QUERY] = [order(7, "mine", at=2_000.0)], [book._query]
        book.done = [order(1, "old", "CANCELED")]
        assert (await error.resolve()).status is ResolutionStatus.EXECUTED
        assert client.in_doubt == ()

    run(backend, main)


@backends
@pytest.mark.parametrize("way", WAYS)
def test_not_found(way: str, backend: Backend) -> None:
    """An order that is not found right afterwards stays in doubt until it is proven that it was not placed."""
    act, answers = WAYS[way]

    async def main() -> None:
        book = Book()
        client = hall(book, **answers).client()
        await client.sync_clock()
        if way == "duplicate":
            with raising(OutcomeUnknown) as caught:
                await act(client)
            assert client.in_doubt == tuple(caught)
        else:
            await act(client)
        (error,) = client.in_doubt
        resolution = await error.resolve(deadline=60)
        parts = [resolution, *resolution.parts.values()]
        assert parts[-1].status is ResolutionStatus.NOT_EXECUTED
        assert client.in_doubt == (() if way != "replacement" else (error,))  # nothing tells of the old order

    run(backend, main)


@backends
@pytest.mark.parametrize("way", WAYS)
def test_found(way: str, backend: Backend) -> None:
    """Where the order is found nothing is in doubt."""
    act, answers = WAYS[way]

    async def main() -> None:
        book = Book()
        book.open = [order(7, "mine")]
        client = hall(book, **answers).client()
        await act(client)
        assert client.in_doubt == ()

    run(backend, main)


@backends
def test_nothing_in_doubt_after_a_refusal(backend: Backend) -> None:
    """A replacement that was refused, and the id of another order, are known."""

    async def main() -> None:
        book = Book()
        book.open = [order(1), order(7, "mine", side="SELL")]
        client = hall(book, **{REPLACE: [refused(100421, "no")], PLACE: [DUPLICATE]}).client()
        with pytest.raises(OrderRefused):
            await replace(client)
        with pytest.raises(OrderRefused):
            await place_one(client)
        assert client.in_doubt == ()

    run(backend, main)


@backends
def test_a_half_that_stays_unknown(backend: Backend) -> None:
    """A replacement whose old order cannot be looked at is in doubt."""

    async def main() -> None:
        book = Book()
        answer = accepted({"openResult": {"code": 0, "result": True}, "orderOpenResponse": order(7, "mine")})
        client = hall(book, **{REPLACE: [answer]}).client()
        outcome = await replace(client)
        assert (outcome.cancel.status, outcome.place.status) == (CancelStatus.UNKNOWN, PlaceStatus.PLACED)
        assert [error.endpoint for error in client.in_doubt] == [REPLACE]

    run(backend, main)


@backends
def test_outcomes_outlast_a_cancellation(backend: Backend) -> None:
    """The orders that were placed before are in `outcomes`; those on the way are in doubt, the others were not sent."""

    async def main() -> None:
        client = hall(Book(), **{BATCH: [accept, HANG]}).client()
        await client.sync_clock()
        outcomes: dict[str, PlaceOutcome] = {}
        names = [f"order_{number}" for number in range(12)]
        with anyio.move_on_after(3):
            await client.spot.place_orders(list(map(new, names)), outcomes=outcomes)
        assert {name: outcome.status for name, outcome in outcomes.items()} == dict.fromkeys(
            names[:5], PlaceStatus.PLACED
        )
        assert [error.client_order_ids for error in client.in_doubt] == [tuple(names[5:10])]

    run(backend, main)


@backends
def test_renewals_of_the_switch(backend: Backend) -> None:
    """Renewals whose replies are lost do not fill the list of calls that can be looked up."""

    async def main() -> None:
        armed = accepted({"status": "ACTIVATED", "triggerTime": 1})
        client = Hall({CANCEL_ALL_AFTER.path: [armed, (504, "")]}).client()
        with raising(KeyError):
            async with client.spot.dead_mans_switch(10):
                await anyio.sleep(120)
                raise KeyError
        assert client.in_doubt == ()

    run(backend, main)
