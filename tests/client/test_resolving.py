"""What became of a call whose reply was lost: found out by reads, and unknown where they prove nothing."""

from __future__ import annotations

import copy
import json
import pickle
from itertools import pairwise
from typing import Any

import pytest

from bingx_async import (
    BingXClient,
    ClientClosed,
    InvalidRequest,
    OrderStatus,
    OutcomeUnknown,
    Resolution,
    ResolutionStatus,
)
from bingx_async.core.endpoint import Call
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.replacing import REPLACE_ORDER
from bingx_async.spot.switch import CANCEL_ALL_AFTER
from bingx_async.testing import EPOCH
from tests.client.book import (
    CANCEL_EVERYTHING,
    CANCEL_PAIR,
    FILLS,
    HISTORY,
    OCO_HISTORY,
    OPEN,
    OPEN_OCO,
    PLACE,
    PLACE_OCO,
    QUERY,
    Book,
    order,
    pair,
)
from tests.client.exchange import (
    CANCEL,
    CANCEL_ORDERS,
    KEY,
    SECRET,
    Backend,
    Hall,
    Sent,
    backends,
    raising,
    refused,
    run,
)

EXECUTED, NOT_EXECUTED = ResolutionStatus.EXECUTED, ResolutionStatus.NOT_EXECUTED
PARTLY, UNKNOWN = ResolutionStatus.PARTLY, ResolutionStatus.UNKNOWN
LOST = (504, "<html>")
OCO: dict[str, Any] = {"quantity": 1, "limit_price": 3, "order_price": 1, "trigger_price": 2}
NAMES: dict[str, Any] = {"list_client_order_id": 770, "above_client_order_id": 771, "below_client_order_id": 772}


async def lose(client: BingXClient, call: Call[Any]) -> OutcomeUnknown:
    """Make a call whose reply is lost."""
    with raising(OutcomeUnknown) as caught:
        await client.spot._calls.call(call, {})
    return caught[0]


def placing(**more: str) -> Call[Any]:
    """An order of BTC-USDT with the client order id "mine"."""
    params = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "newClientOrderId": "mine", **more}
    return Call(PLACE_ORDER, {name: value for name, value in params.items() if value}, ("mine",))


def at(hall: Hall, path: str, start: float) -> list[int]:
    """When `path` was asked, ms since `start`."""
    return [round(time - start) for time in hall.exchange.times(path)]


@backends
@pytest.mark.parametrize("place", ["open", "done", "fill"])
def test_placed(place: str, backend: Backend) -> None:
    """An order is found by its id, among the open orders, in the history, or by a fill."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        client = hall.client()
        error = await lose(client, placing())
        if place == "open":
            book.open = [order(7, "mine", at=0.0)]
        elif place == "done":
            book.done = [order(7, "MINE", "FILLED", at=0.0)]
            hall.exchange.answers[QUERY] = [refused(100404, "order not exist")]
        else:
            book.fills = [{"symbol": "BTC-USDT", "id": 1, "orderId": 7, "clientOrderID": "mine", "time": EPOCH}]
        assert client.in_doubt == (error,)
        resolution = await error.resolve()
        assert resolution.status is EXECUTED
        assert resolution.order is not None
        assert resolution.order.order_id == (7 if place != "fill" else None)
        assert resolution.evidence[0].asked == "get_order(BTC-USDT, mine)"
        assert client.in_doubt == ()
        assert [sent.path for sent in hall.exchange.calls() if sent.method == "POST"] == [PLACE]

    run(backend, main)


@backends
def test_found_later(backend: Backend) -> None:
    """Not found soon after sending proves nothing: it looks again after 0.5, 1, 2 and 4 seconds."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        error = await lose(hall.client(), placing())
        sent = hall.exchange.times(PLACE)[0]

        def appear(_sent: Sent) -> str:
            if hall.exchange.now() - sent > 3_000:
                book.open = [order(7, "mine", at=0.0)]
            return book._open(_sent)

        hall.exchange.answers[OPEN] = [appear]
        assert (await error.resolve()).status is EXECUTED
        moments = at(hall, OPEN, sent)
        waits = [later - earlier for earlier, later in pairwise(moments)]
        assert [wait // 500 for wait in waits] == [1, 2, 4]  # and the round trips of a look

    run(backend, main)


@backends
def test_not_placed(backend: Backend) -> None:
    """Absence is proven only by a look that began 5 s after the request could run no more, by every source."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        client = hall.client()
        error = await lose(client, placing())
        assert error.sent_at is not None
        assert error.expires_at is not None
        assert (error.expires_at - error.sent_at).total_seconds() == 5
        sent = hall.exchange.times(PLACE)[0]
        resolution = await error.resolve()
        assert resolution.status is NOT_EXECUTED
        assert [path for path in (QUERY, OPEN, HISTORY, FILLS) if max(at(hall, path, sent)) < 10_000] == []
        assert hall.exchange.now() - sent < 11_000
        assert len(hall.exchange.calls(QUERY)) == 2  # each costs error budget
        assert client.in_doubt == ()

    run(backend, main)


@backends
@pytest.mark.parametrize("path", [QUERY, OPEN, HISTORY, FILLS])
def test_a_source_is_missing(path: str, backend: Backend) -> None:
    """If a source cannot be read, absence from the others proves nothing; it stays in doubt."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        client = hall.client()
        error = await lose(client, placing())
        hall.exchange.answers[path] = [refused(100410, f"unblocked after {int(EPOCH + 3_000_000)}")]
        resolution = await error.resolve(deadline=40)
        assert (resolution.status, client.in_doubt) == (UNKNOWN, (error,))
        assert any("no answer" in each.answer for each in resolution.evidence)

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("open", order(7, "", at=1_000.0)),
        ("done", order(7, "", "FILLED", at=1_000.0)),
        ("fills", {"symbol": "BTC-USDT", "id": 1, "orderId": 99, "time": int(EPOCH + 1_000)}),
    ],
)
def test_something_unnamed(kind: str, found: dict[str, Any], backend: Backend) -> None:
    """An order or a fill without a client order id, newer than the call, might be the one: it stays unknown."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        error = await lose(hall.client(), placing())
        setattr(book, kind, [found])
        assert (await error.resolve()).status is UNKNOWN

    run(backend, main)


@backends
@pytest.mark.parametrize(("others", "status"), [([], NOT_EXECUTED), ([order(7, "another", at=1_000.0)], UNKNOWN)])
def test_placed_without_a_name(others: list[Any], status: ResolutionStatus, backend: Backend) -> None:
    """An order that was sent without an id is never guessed by its content."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        error = await lose(hall.client(), placing(newClientOrderId=""))
        book.open = others
        assert (await error.resolve()).status is status

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("CANCELED", EXECUTED),
        ("FILLED", NOT_EXECUTED),
        ("PENDING", NOT_EXECUTED),
        ("STRANGE", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_cancelled(state: str | None, status: ResolutionStatus, backend: Backend) -> None:
    """A cancel ran if its order is cancelled; it did not if the order is still open long after, or was filled."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, CANCEL: [LOST]})
        client = hall.client()
        with raising(OutcomeUnknown) as caught:
            await client.spot.cancel_order("BTC-USDT", 7)
        sent = hall.exchange.times(CANCEL)[0]
        book.open = [order(7, status=state)] if state is not None else []
        resolution = await client.spot.resolve(caught[0])
        assert resolution.status is status
        assert (resolution.order.status if resolution.order else None) == (OrderStatus(state) if state else None)
        is_quick = state in ("CANCELED", "FILLED")
        assert (hall.exchange.now() - sent < 1_000) is is_quick

    run(backend, main)


@backends
def test_cancelled_several(backend: Backend) -> None:
    """Of a call about several orders each has its resolution; they may differ."""

    async def main() -> None:
        book = Book()
        book.done = [order(1, status="CANCELED"), order(2, status="FILLED")]
        hall = Hall({**book.answers, CANCEL_ORDERS: [LOST]})
        client = hall.client()
        with raising(OutcomeUnknown) as caught:
            await client.spot.cancel_orders("BTC-USDT", [1, 2])
        resolution = await caught[0].resolve()
        assert resolution.status is PARTLY
        assert {key: part.status for key, part in resolution.parts.items()} == {"1": EXECUTED, "2": NOT_EXECUTED}
        assert client.in_doubt == ()

    run(backend, main)


@backends
def test_placed_several_and_replaced(backend: Backend) -> None:
    """The orders of a batch, and both halves of a replacement, are looked up one by one."""

    async def main() -> None:
        book = Book()
        book.open = [order(1, "a", at=0.0), order(3, "new", at=0.0)]
        book.done = [order(2, "old", "CANCELED")]
        hall = Hall({**book.answers, PLACE_ORDERS.path: [LOST], REPLACE_ORDER.path: [LOST]})
        client = hall.client()
        orders = [{"symbol": "BTC-USDT", "newClientOrderId": name} for name in ("a", "b")]
        data = json.dumps(orders, separators=(",", ":"))
        batch = OutcomeUnknown("lost", PLACE_ORDERS.path, {"data": data}, ("a", "b"))
        resolution = await client.spot.resolve(batch, deadline=60)
        assert {key: part.status for key, part in resolution.parts.items()} == {"a": EXECUTED, "b": NOT_EXECUTED}
        both = {"symbol": "BTC-USDT", "cancelClientOrderID": "old", "newClientOrderId": "new"}
        replaced = await client.spot.resolve(OutcomeUnknown("lost", REPLACE_ORDER.path, both))
        assert (replaced.status, list(replaced.parts)) == (EXECUTED, ["old", "new"])

    run(backend, main)


@backends
@pytest.mark.parametrize("place", ["open", "done", "among open orders", "nowhere"])
def test_oco_placed(place: str, backend: Backend) -> None:
    """An OCO order is found by any of its ids, in both lists of OCO orders and among the open orders."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE_OCO: [LOST]})
        client = hall.client()
        with raising(OutcomeUnknown) as caught:
            await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO, **NAMES)
        book.open_legs = pair(10, "77", at=0.0) if place == "open" else []
        book.done_legs = pair(10, "77", "CANCELED", at=0.0) if place == "done" else []
        book.open = [order(11, "771", at=0.0)] if place == "among open orders" else []
        resolution = await caught[0].resolve()
        assert resolution.status is (NOT_EXECUTED if place == "nowhere" else EXECUTED)
        assert [leg.order_id for leg in resolution.legs] == (["11", "12"] if place in ("open", "done") else [])
        assert client.in_doubt == ()

    run(backend, main)


@backends
@pytest.mark.parametrize("path", [OPEN_OCO, OCO_HISTORY, OPEN])
def test_oco_without_a_source(path: str, backend: Backend) -> None:
    """An OCO order stays unknown while one of the lists cannot be read."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE_OCO: [LOST], path: [refused(100413, "Incorrect apiKey")]})
        with raising(OutcomeUnknown) as caught:
            await hall.client().spot.place_oco_order("BTC-USDT", "SELL", **OCO, **NAMES)
        assert (await caught[0].resolve()).status is UNKNOWN

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("states", "status"),
    [
        (("CANCELED", "CANCELED"), EXECUTED),
        (("FILLED", "CANCELED"), NOT_EXECUTED),
        (("PENDING", "NEW"), NOT_EXECUTED),
        ((), UNKNOWN),
    ],
)
def test_oco_cancelled(states: tuple[str, ...], status: ResolutionStatus, backend: Backend) -> None:
    """The cancel of an OCO order ran if both legs are cancelled: a filled leg cancels the other by itself."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, CANCEL_PAIR: [LOST]})
        client = hall.client()
        with raising(OutcomeUnknown) as caught:
            await client.spot.cancel_oco_order(11)
        legs = [{**leg, "status": state} for leg, state in zip(pair(10), states, strict=False)]
        book.open_legs, book.done_legs = (legs, []) if "PENDING" in states else ([], legs)
        assert (await caught[0].resolve()).status is status

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("orders", "status"),
    [([], EXECUTED), ([order(1)], NOT_EXECUTED), ([order(1, at=1_000.0)], EXECUTED)],
)
def test_all_cancelled(orders: list[Any], status: ResolutionStatus, backend: Backend) -> None:
    """A call that cancels everything ran if nothing is open that was placed before it."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, CANCEL_EVERYTHING: [LOST]})
        error = await lose(hall.client(), Call(CANCEL_OPEN_ORDERS, {"symbol": "BTC-USDT"}))
        book.open = orders
        assert (await error.resolve()).status is status

    run(backend, main)


@backends
def test_no_trace(backend: Backend) -> None:
    """A call that leaves no trace in any list stays unknown, with that as evidence, and nothing is asked."""

    async def main() -> None:
        hall = Hall({CANCEL_ALL_AFTER.path: [LOST]})
        error = await lose(hall.client(), Call(CANCEL_ALL_AFTER, {"type": "ACTIVATE", "timeOut": 30}))
        sent = len(hall.exchange.calls())
        resolution = await error.resolve()
        assert (resolution.status, len(resolution.evidence)) == (UNKNOWN, 1)
        assert len(hall.exchange.calls()) == sent

    run(backend, main)


@backends
def test_deadline(backend: Backend) -> None:
    """It ends with its deadline and what was seen until then."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        error = await lose(hall.client(), placing())
        start = hall.exchange.now()
        resolution = await error.resolve(deadline=2)
        assert (resolution.status, round(hall.exchange.now() - start)) == (UNKNOWN, 2_000)
        assert len(resolution.evidence) >= 3
        with raising(InvalidRequest):
            await error.resolve(deadline=0)

    run(backend, main)


@backends
def test_copies(backend: Backend) -> None:
    """A copy from another process names the way to resolve it, and settles the original; no secret is in either."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        client = hall.client()
        error = await lose(client, placing())
        book.open = [order(7, "mine", at=0.0)]
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert other.sent_at == error.sent_at
            with raising(InvalidRequest) as caught:
                await other.resolve()
            assert "await client.spot.resolve(error)" in str(caught[0])
            assert not any(secret in repr(vars(each)) for secret in (KEY, SECRET) for each in (other, error))
        resolution: Resolution = await client.spot.resolve(copy.copy(error))
        assert (resolution.status, client.in_doubt) == (EXECUTED, ())
        with raising(InvalidRequest):
            await client.spot.resolve(ValueError())  # type: ignore[arg-type]

    run(backend, main)


@backends
def test_closed_client(backend: Backend) -> None:
    """After the client is closed, its errors say that another client has to ask."""

    async def main() -> None:
        book = Book()
        hall = Hall({**book.answers, PLACE: [LOST]})
        client = hall.client()
        error = await lose(client, placing())
        await client.aclose()
        with raising(ClientClosed) as caught:
            await error.resolve()
        assert "ask another client of the account" in str(caught[0])
        book.open = [order(7, "mine", at=0.0)]
        assert (await hall.client().spot.resolve(error)).status is EXECUTED

    run(backend, main)
