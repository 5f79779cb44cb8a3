"""A call in doubt is found out also where other, older orders are filled or looked for, and error budget is short."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bingx_async import NewOrder, OrderNotFound, OutcomeUnknown, PlaceStatus, ResolutionStatus
from bingx_async.core.wire import one
from bingx_async.models import Order
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS
from bingx_async.spot.queries import GET_ORDER
from bingx_async.testing import EPOCH
from tests.client.book import (
    CANCEL_PAIR,
    HISTORY,
    OCO_HISTORY,
    ONE_OCO,
    OPEN,
    PLACE,
    QUERY,
    Book,
    accepted,
    order,
    pair,
)
from tests.client.exchange import CANCEL, Backend, Hall, Sent, backends, raising, refused, run
from tests.client.test_resolving import LOST, lose, placing

EXECUTED, NOT_EXECUTED = ResolutionStatus.EXECUTED, ResolutionStatus.NOT_EXECUTED
UNKNOWN = ResolutionStatus.UNKNOWN
HOUR = 3_600_000.0
MISSING = refused(100404, "order not exist")


def filed_by_placing(orders: list[dict[str, Any]], name: str = "time") -> Any:
    """A history that files what is done under the time of its placing."""

    def answer(sent: Sent) -> str:
        start = int(sent.params.get("startTime", 0))
        return accepted({"orders": [each for each in orders if each[name] >= start]})

    return answer


@backends
@pytest.mark.parametrize(
    "owner", ["in the history", "known by its id", "a leg in the history", "a leg known by its id"]
)
def test_an_older_order_is_filled(owner: str, backend: Backend) -> None:
    """A fill of an order that was placed long before is none of the order in doubt: that did not run."""

    async def main() -> None:
        book, old = Book(), order(99, "older", "FILLED", at=-HOUR)
        legs = pair(98, "98", "FILLED", at=-HOUR)
        answers = {**book.answers, PLACE: [LOST]}
        answers[HISTORY] = [filed_by_placing([old] if owner == "in the history" else [])]
        answers[OCO_HISTORY] = [filed_by_placing(legs if owner == "a leg in the history" else [], "transactionTime")]
        by_id = accepted(old) if owner == "known by its id" else MISSING
        answers[QUERY] = [lambda sent: by_id if sent.params.get("orderId") == "99" else MISSING]
        answers[ONE_OCO] = [accepted(legs) if owner == "a leg known by its id" else MISSING]
        hall = Hall(answers)
        error = await lose(hall.client(), placing())
        book.fills = [{"symbol": "BTC-USDT", "id": 1, "orderId": 99, "time": int(EPOCH + 1_000)}]
        assert (await error.resolve()).status is NOT_EXECUTED
        wanted = 3 if owner in ("known by its id", "a leg known by its id") else 2  # by name, twice; by the fill's id
        assert len(hall.exchange.calls(QUERY)) == wanted

    run(backend, main)


@backends
@pytest.mark.parametrize(("state", "status"), [("CANCELED", EXECUTED), ("FILLED", NOT_EXECUTED)])
def test_an_older_order_was_cancelled(state: str, status: ResolutionStatus, backend: Backend) -> None:
    """An order that is done, that cannot be asked for by its id any more, and that stands in the history under the time
    of its placing an hour ago: it is found there; so is an OCO order."""

    async def main() -> None:
        book, legs = Book(), pair(6, "6", state, at=-HOUR)
        answers = {**book.answers, CANCEL: [LOST], CANCEL_PAIR: [LOST], QUERY: [MISSING]}
        answers[HISTORY] = [filed_by_placing([order(7, "x", state, at=-HOUR)])]
        answers[OCO_HISTORY] = [filed_by_placing(legs, "transactionTime")]
        client = Hall(answers).client()
        for calling in (client.spot.cancel_order("BTC-USDT", 7), client.spot.cancel_oco_order("7")):
            with raising(OutcomeUnknown) as caught:
                await calling
            assert (await caught[0].resolve()).status is status

    run(backend, main)


@backends
def test_an_order_that_is_not_listed_yet(backend: Backend) -> None:
    """That nothing is listed as open soon after everything was to be cancelled proves nothing: it may come yet."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, CANCEL_OPEN_ORDERS.path: [LOST]})
        began, late = hall.exchange.now(), order(7, "mine", at=-100.0)
        hall.exchange.answers[OPEN] = [
            lambda _: accepted({"orders": [late] if hall.exchange.now() - began > 2_000 else []})
        ]
        client = hall.client()
        with raising(OutcomeUnknown) as caught:
            await client.spot.cancel_open_orders("BTC-USDT")
        assert (await caught[0].resolve(deadline=1)).status is UNKNOWN
        assert (await caught[0].resolve()).status is NOT_EXECUTED

    run(backend, main)


@backends
def test_the_error_budget_is_spared(backend: Backend) -> None:
    """No order is looked up by an id where one more error for an id that is not there could close the endpoint: an
    order in doubt is found out by the lists alone, and one of a batch that the reply leaves out is unknown."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST], PLACE_ORDERS.path: [accepted({"orders": []})]})
        client = hall.client(check_orders=False)
        for number in range(18):
            with raising(OrderNotFound):
                await client.spot.get_order("BTC-USDT", number + 1)
        fields: dict[str, Any] = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": 1, "price": 1}
        outcomes = await client.spot.place_orders([NewOrder(**fields) for _ in range(3)])
        assert [outcome.status for outcome in outcomes] == [PlaceStatus.UNKNOWN] * 3
        assert outcomes[2].error.endswith("; not looked up, to spare the error budget")
        resolution = await (await lose(client, placing())).resolve()
        assert resolution.status is NOT_EXECUTED
        asked = {each.answer for each in resolution.evidence if each.asked.startswith("get_order")}
        assert asked == {"not asked: one more error could close the endpoint"}
        assert len(hall.exchange.calls(GET_ORDER.path)) == 19

    run(backend, main)


@pytest.mark.parametrize("name", ["clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID"])
def test_spellings(name: str) -> None:
    """An order tells its client order id under each of its names; the first of them counts."""
    assert one(Order)({name: "mine", "clientUserID": "mine"}).client_order_id == "mine"
    assert one(Order)(json.loads('{"clientOrderID":"mine","origClientOrderId":"x"}')).client_order_id == "mine"
