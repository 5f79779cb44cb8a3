"""The kill switch ends with nothing open, plain or OCO, or says what is left."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bingx_async import (
    AuthenticationError,
    ClientClosed,
    IncompleteList,
    InvalidRequest,
    KillReport,
    OrdersLeftOpen,
    OutcomeUnknown,
)
from bingx_async.testing import EPOCH
from tests.client.book import CANCEL_EVERYTHING, CANCEL_PAIR, OPEN, OPEN_OCO, Book, accepted, order, pair
from tests.client.exchange import CANCEL, CANCEL_ORDERS, HANG, OK, Backend, Hall, Sent, backends, raising, refused, run


def ids(report: KillReport) -> list[int]:
    """The cancelled orders."""
    return sorted(each.order_id or 0 for each in report.cancelled)


@backends
@pytest.mark.parametrize("takes_oco_along", [True, False])
@pytest.mark.parametrize("shows_legs", [True, False])
def test_oco_orders_go_too(takes_oco_along: bool, shows_legs: bool, backend: Backend) -> None:
    """Plain and OCO orders are gone in the end, whether the exchange's own call takes OCO orders along or not, and
    wherever their legs are listed."""

    async def main() -> None:
        book = Book(takes_oco_along, shows_legs)
        book.open = [order(1), order(2)]
        book.open_legs = [*pair(10), *pair(20)]
        hall = Hall(book.answers)
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        report = await client.spot.kill_switch()
        assert (book.open, book.open_legs) == ([], [])
        assert (report.is_clear, report.left, report.left_oco) == (True, (), ())
        assert ids(report) == [1, 2]
        assert hall.exchange.now() - start < 2_000
        assert len(hall.exchange.calls(CANCEL_EVERYTHING)) == 1  # "no any pending order" would cost error budget

    run(backend, main)


@backends
def test_fired_at_once(backend: Backend) -> None:
    """The call that cancels everything leaves at once, before any look."""

    async def main() -> None:
        book = Book()
        book.open, book.open_legs = [order(1)], pair(10)
        hall = Hall(book.answers)
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        orders = await client.spot.cancel_all_open_orders()
        assert [each.order_id for each in orders] == [1]
        assert hall.exchange.times(CANCEL_EVERYTHING) == [round(start)]
        assert hall.exchange.times(OPEN_OCO)[0] == round(start)

    run(backend, main)


@backends
def test_nothing_open(backend: Backend) -> None:
    """ "No any pending order" is no error where everything is to be gone, also for one symbol."""

    async def main() -> None:
        book = Book()
        client = Hall(book.answers).client()
        assert await client.spot.cancel_all_open_orders() == []
        assert await client.spot.cancel_open_orders("BTC-USDT") == []

    run(backend, main)


@backends
@pytest.mark.parametrize("lost", [HANG, httpx.ReadError("lost"), (504, "<html>"), refused(100500, "internal error")])
def test_lost_replies(lost: Any, backend: Backend) -> None:
    """A reply that is lost does not end it: what was cancelled is seen by looking."""

    async def main() -> None:
        book = Book()
        book.open, book.open_legs = [order(1)], pair(10)
        for path in (CANCEL_EVERYTHING, CANCEL_PAIR, OPEN, OPEN_OCO):
            book.answers[path].insert(0, lost)
        report = await Hall(book.answers).client().spot.kill_switch()
        assert (report.is_clear, book.open, book.open_legs) == (True, [], [])
        assert any(isinstance(error, OutcomeUnknown) for error in report.errors)

    run(backend, main)


@backends
def test_closed_endpoint(backend: Backend) -> None:
    """While the call that cancels everything is closed, orders are cancelled by their ids."""

    async def main() -> None:
        book = Book()
        book.open = [order(number) for number in range(1, 31)]
        book.answers[CANCEL_EVERYTHING] = [refused(100410, f"unblocked after {int(EPOCH + 600_000)}")]
        hall = Hall(book.answers)
        report = await hall.client().spot.kill_switch()
        assert (report.is_clear, ids(report)) == (True, list(range(1, 31)))
        assert len(hall.exchange.calls(CANCEL_ORDERS)) == 3

    run(backend, main)


@backends
def test_more_than_one_list(backend: Backend) -> None:
    """An account with more open orders than a list shows is empty in the end."""

    async def main() -> None:
        book = Book()
        book.open = [order(number) for number in range(1, 2501)]

        def cancel_some(_sent: Sent) -> str:
            return accepted({"orders": book.cancel(book.open[:1200])})

        book.answers[CANCEL_EVERYTHING] = [cancel_some]
        book.answers[OPEN] = [lambda _: accepted({"orders": book.open[:2000]})]
        report = await Hall(book.answers).client().spot.kill_switch()
        assert (report.is_clear, len(report.cancelled), book.open) == (True, 2500, [])

    run(backend, main)


@backends
def test_left_open(backend: Backend) -> None:
    """Orders that stay are named by the error, which ends with the deadline."""

    async def main() -> None:
        book = Book()
        book.open, book.open_legs = [order(1)], pair(10)
        book.answers[CANCEL_EVERYTHING] = [OK]
        book.answers[CANCEL_ORDERS] = book.answers[CANCEL] = [refused(100400, "not now")]
        book.answers[CANCEL_PAIR] = [refused(100400, "not now")]
        hall = Hall(book.answers)
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        with raising(OrdersLeftOpen) as caught:
            await client.spot.cancel_all_open_orders(deadline=5)
        report = caught[0].report
        assert (report.is_clear, [each.order_id for each in report.left]) == (False, [1])
        assert [leg.order_id for leg in report.left_oco] == ["11", "12"]
        assert "1 order and 2 legs of OCO orders are open" in str(caught[0])
        assert round(hall.exchange.now() - start) == 5_000

    run(backend, main)


@backends
def test_cannot_look(backend: Backend) -> None:
    """Without a look at both lists nothing is said to be gone."""

    async def main() -> None:
        book = Book()
        book.open = [order(1)]
        book.answers[OPEN_OCO] = [refused(100410, f"unblocked after {int(EPOCH + 600_000)}")]
        report = await Hall(book.answers).client().spot.kill_switch(deadline=10)
        assert (report.is_clear, report.looked_at, ids(report)) == (False, None, [1])
        assert "what is open could not be read" in str(report)

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("path", "data"),
    [
        (OPEN, {"orders": ["7"]}),
        (OPEN, {"orders": {"7": order(7)}}),
        (OPEN, {"list": [order(7)]}),
        (OPEN, "unavailable"),
        (OPEN_OCO, [{"orderListId": "1", "symbol": "BTC-USDT"}]),
        (OPEN_OCO, {"list": pair(10)}),
    ],
)
def test_a_list_that_cannot_be_read(path: str, data: Any, backend: Backend) -> None:
    """A list in which something stands, but no order that can be read, is not taken for an empty one."""

    async def main() -> None:
        book = Book()
        book.answers[path] = [accepted(data)]
        report = await Hall(book.answers).client().spot.kill_switch(deadline=5)
        assert (report.is_clear, report.looked_at) == (False, None)
        assert isinstance(report.errors[-1], IncompleteList)

    run(backend, main)


@backends
def test_orders_that_its_own_call_leaves(backend: Backend) -> None:
    """Orders that stay although the call that cancels everything was accepted are cancelled by their ids."""

    async def main() -> None:
        book = Book()
        book.open = [order(1, type="TRIGGER_LIMIT"), order(2, type="TRIGGER_MARKET")]
        book.answers[CANCEL_EVERYTHING] = [accepted({"orders": []})]
        hall = Hall(book.answers)
        report = await hall.client().spot.kill_switch(deadline=10)
        assert (report.is_clear, ids(report), book.open) == (True, [1, 2], [])
        assert len(hall.exchange.calls(CANCEL_EVERYTHING)) == 2

    run(backend, main)


@backends
def test_error_budget_is_kept(backend: Backend) -> None:
    """Legs that stand among the open orders, and OCO orders that are gone already, cost few refusals."""

    async def main() -> None:
        book = Book(shows_legs=True)
        book.open_legs = [leg for number in range(10, 500, 10) for leg in pair(number)]
        book.answers[CANCEL_PAIR] = [refused(100404, "order not exist")]
        hall = Hall(book.answers)
        report = await hall.client().spot.kill_switch(deadline=4)
        assert report.is_clear is False
        assert len(hall.exchange.calls(CANCEL_EVERYTHING)) == 1
        assert len(hall.exchange.calls(CANCEL_PAIR)) <= 20

    run(backend, main)


@backends
def test_misuse_raises(backend: Backend) -> None:
    """A client that can send nothing says so; a key without rights ends it after one round."""

    async def main() -> None:
        hall = Hall({path: [refused(100413, "Incorrect apiKey")] for path in (CANCEL_EVERYTHING, OPEN, OPEN_OCO)})
        client = hall.client()
        with raising(OrdersLeftOpen) as caught:
            await client.spot.cancel_all_open_orders()
        assert isinstance(caught[0].__cause__, AuthenticationError)
        assert len(hall.exchange.calls(CANCEL_EVERYTHING)) == 1
        with raising(InvalidRequest):
            await client.spot.kill_switch(deadline=-1)
        with raising(InvalidRequest):
            await client.spot.kill_switch(max_wait=-1)
        await client.aclose()
        with raising(ClientClosed):
            await client.spot.kill_switch()

    run(backend, main)
