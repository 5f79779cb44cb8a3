"""What proves that a call ran: an order that is described, and is that of the call."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import Resolution, ResolutionStatus
from tests.client.book import HISTORY, OCO_HISTORY, PLACE, PLACE_OCO, QUERY, Book, accepted, order
from tests.client.exchange import Backend, Hall, backends, run
from tests.client.test_resolving import LOST, NAMES, OCO, lose, placing

EXECUTED, NOT_EXECUTED = ResolutionStatus.EXECUTED, ResolutionStatus.NOT_EXECUTED
UNKNOWN = ResolutionStatus.UNKNOWN


def resolved(backend: Backend, book: Book, **answers: Any) -> Resolution:
    """The resolution of a lost placement of the order "mine", which buys 2 at 5."""

    async def main() -> Resolution:
        hall = Hall({**book.answers, PLACE: [LOST], **answers})
        error = await lose(hall.client(), placing(price="5", quantity="2"))
        return await error.resolve()

    return run(backend, main)


@backends
@pytest.mark.parametrize("data", [{}, None, [], {"orderId": 0, "clientOrderID": "", "status": ""}])
def test_an_empty_description(data: Any, backend: Backend) -> None:
    """Code 0 without an order is no order: the lists decide, and here they prove that it was not placed."""
    resolution = resolved(backend, Book(), **{QUERY: [accepted(data)]})
    assert (resolution.status, resolution.order) == (NOT_EXECUTED, None)


@backends
def test_a_description_without_the_id_of_the_exchange(backend: Backend) -> None:
    """One that names the order by its client order id is one."""
    resolution = resolved(backend, Book(), **{QUERY: [accepted({"clientOrderID": "MINE", "status": "FILLED"})]})
    assert resolution.status is EXECUTED


@backends
@pytest.mark.parametrize(
    ("found", "status"),
    [
        ({"side": "BUY", "price": "5", "origQty": "2", "at": -60_000.0}, EXECUTED),  # an earlier attempt to place it
        ({"side": "BUY", "price": "5.1", "origQty": "2", "at": -60_000.0}, UNKNOWN),
        ({"side": "BUY", "type": "MARKET", "at": -60_000.0}, UNKNOWN),
        ({"side": "SELL", "at": 0.0}, UNKNOWN),
        ({"side": "BUY", "price": "5", "origQty": "1.9", "at": 0.0}, EXECUTED),  # the exchange cut a digit off
    ],
)
def test_an_order_of_the_same_id(found: dict[str, Any], status: ResolutionStatus, backend: Backend) -> None:
    """An order that had the id before, and is another, does not prove that this one was placed, nor that it was not."""
    book = Book()
    book.open = [order(7, "mine", **found)]
    resolution = resolved(backend, book)
    assert resolution.status is status
    assert resolution.order is not None
    assert resolution.order.order_id == 7


@backends
def test_a_leg_that_is_done_among_plain_orders(backend: Backend) -> None:
    """An OCO order of which a leg stands in the history of plain orders alone was placed."""

    async def main() -> None:
        book = Book()
        book.done = [order(7, "771", "FILLED", at=0.0)]
        hall = Hall({**book.answers, PLACE_OCO: [LOST]})
        client = hall.client()
        with pytest.raises(Exception, match="was sent and may have run"):
            await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO, **NAMES)
        resolution = await client.in_doubt[0].resolve()
        assert resolution.status is EXECUTED
        assert hall.exchange.calls(OCO_HISTORY)
        assert hall.exchange.calls(HISTORY)

    run(backend, main)
