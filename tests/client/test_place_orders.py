"""Placing several orders: one outcome for each, whatever the reply tells of them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from bingx_async import InvalidRequest, NewOrder, OrderRefused, OutcomeUnknown, PlaceOutcome, PlaceStatus
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.queries import GET_ORDER
from bingx_async.spot.symbols import LIST_SYMBOLS
from tests.client.exchange import HANG, Backend, Hall, Sent, backends, refused, run
from tests.client.test_placing import symbols

BATCH, QUERY, SYMBOLS = PLACE_ORDERS.path, GET_ORDER.path, LIST_SYMBOLS.path
NOT_FOUND = refused(100404, "order not exist")


def order(name: str | None = None, **fields: Any) -> NewOrder:
    base = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.003", "price": "61250.5"}
    return NewOrder(**{**base, **fields}, client_order_id=name)


def ladder(count: int) -> list[NewOrder]:
    return [order(f"level_{number}") for number in range(count)]


def orders_in(sent: Sent) -> list[dict[str, str]]:
    """The orders that a request asked for."""
    return json.loads(sent.params["data"])


def entry(asked: dict[str, str], **more: Any) -> dict[str, Any]:
    """An order that was placed."""
    return {"symbol": asked["symbol"], "orderId": 7, "clientOrderID": asked["newClientOrderId"], **more}


def accept(sent: Sent) -> str:
    """Place them all, and tell of them in another order."""
    return json.dumps({"code": 0, "data": {"orders": [entry(each) for each in reversed(orders_in(sent))]}})


def telling(data: Any) -> str:
    return json.dumps({"code": 0, "data": data})


def hall(*batch: Any, query: Any = NOT_FOUND) -> Hall:
    return Hall({BATCH: list(batch) or [accept], QUERY: [query], SYMBOLS: [symbols()]})


def short(outcomes: list[PlaceOutcome]) -> list[tuple[str, str]]:
    return [(outcome.client_order_id, outcome.status.value) for outcome in outcomes]


@backends
def test_chunks(backend: Backend) -> None:
    """Five orders travel in a request, by the query string and percent-encoded, with numbers as texts; the outcomes
    come in the order given, each with its order and the id that was made for it."""

    async def main() -> None:
        room = hall()
        done = await room.client().spot.place_orders([order() for _ in range(12)])
        sent = room.exchange.calls(BATCH)
        assert [len(orders_in(call)) for call in sent] == [5, 5, 2]
        assert {call.carrier for call in sent} == {"query"}
        assert not set('[]{}":') & set(sent[0].query)
        assert [name for name, _ in parse_qsl(sent[0].query)] == [
            "data",
            "recvWindow",
            "sync",
            "timestamp",
            "signature",
        ]
        assert sent[0].params["sync"] == "false"
        names = [each["newClientOrderId"] for call in sent for each in orders_in(call)]
        assert [(each.client_order_id, each.status) for each in done] == [(name, PlaceStatus.PLACED) for name in names]
        assert len(set(names)) == 12
        assert [each.order and each.order.client_order_id for each in done] == names
        fields = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.003", "price": "61250.5"}
        assert orders_in(sent[0])[0] == {**fields, "newClientOrderId": names[0]}

    run(backend, main)


@backends
def test_kinds(backend: Backend) -> None:
    """In parallel go orders of one symbol, side and type; one after another they travel as they are given."""

    async def main() -> None:
        room = hall()
        client = room.client(check_orders=False)
        mixed = [order(f"{side}{n}", side=side) for n in range(3) for side in ("BUY", "SELL")]
        wanted = [(str(each.client_order_id), "placed") for each in mixed]
        assert short(await client.spot.place_orders(mixed)) == wanted
        assert short(await client.spot.place_orders(mixed, sequential=True)) == wanted
        sent = room.exchange.calls(BATCH)
        assert [[each["side"] for each in orders_in(call)] for call in sent] == [
            ["BUY"] * 3,
            ["SELL"] * 3,
            ["BUY", "SELL", "BUY", "SELL", "BUY"],
            ["SELL"],
        ]
        assert [call.params["sync"] for call in sent] == ["false", "false", "true", "true"]

    run(backend, main)


# What the reply tells of level_0 to level_2, and the outcomes; a query finds none of them.
SHAPES: dict[str, tuple[Any, list[str]]] = {
    "fewer orders": ({"orders": [{"orderId": 7, "clientOrderID": "level_1"}]}, ["unknown", "placed", "unknown"]),
    "a plain list": ([{"orderId": 7, "clientOrderId": n} for n in ("level_0", "level_1", "level_2")], ["placed"] * 3),
    "an error in place of an order": (
        {
            "orders": [
                {"orderId": 7, "clientOrderID": "level_0"},
                {"clientOrderID": "level_1", "code": 100202, "msg": "no"},
            ]
        },
        ["placed", "refused", "unknown"],
    ),
    "an error text alone": (
        {"orders": [{"newClientOrderId": "level_2", "errorMsg": "bad"}]},
        ["unknown", "unknown", "refused"],
    ),
    "errors in a list of their own": (
        {
            "orders": [{"orderId": "7", "clientOrderID": "level_0"}],
            "fails": [{"clientOrderID": "level_1", "error": "no"}],
        },
        ["placed", "refused", "unknown"],
    ),
    "upper case": ({"orders": [{"orderId": 7, "clientOrderID": "LEVEL_0"}]}, ["placed", "unknown", "unknown"]),
    "an id of zero": ({"orders": [{"orderId": 0, "clientOrderID": "level_0"}]}, ["unknown"] * 3),
    "an id and an error": ({"orders": [{"orderId": 7, "clientOrderID": "level_0", "code": 1}]}, ["unknown"] * 3),
    "an error that may hide a success": (
        {"orders": [{"clientOrderID": "level_0", "code": 101500, "msg": "rpc timeout"}]},
        ["unknown"] * 3,
    ),
    "an id sent before": (
        {"orders": [{"clientOrderID": "level_0", "code": 101481, "msg": "already used"}]},
        ["unknown"] * 3,
    ),
    "told twice": (
        {"orders": [{"clientOrderID": "level_0", "code": 1, "msg": "no"}, {"orderId": 7, "clientOrderID": "level_0"}]},
        ["placed", "unknown", "unknown"],
    ),
    "taken and failed": (
        {"orders": [{"orderId": 7, "clientOrderID": "level_0", "status": "FAILED", "executedQty": "0"}]},
        ["refused", "unknown", "unknown"],
    ),
    "orders without an id": ({"orders": [{"orderId": 7}, {"orderId": 8}, {"orderId": 9}]}, ["unknown"] * 3),
    "nothing": (None, ["unknown"] * 3),
    "nonsense": ({"orders": [1, None, "a", [], {}], "x": {"y": 1}}, ["unknown"] * 3),
}


@backends
@pytest.mark.parametrize("shape", SHAPES)
def test_parts(shape: str, backend: Backend) -> None:
    """Each shape in which the exchange may tell of a part: what it leaves open is looked up, and unknown if it is not
    found. Nothing raises."""

    async def main() -> None:
        data, wanted = SHAPES[shape]
        room = hall(telling(data))
        done = await room.client().spot.place_orders(ladder(3))
        assert [outcome.status.value for outcome in done] == wanted
        asked = [call.params["clientOrderID"] for call in room.exchange.calls(QUERY)]
        assert asked == [each.client_order_id for each in done if each.status is PlaceStatus.UNKNOWN]
        for outcome in done:
            has_order = outcome.status is PlaceStatus.PLACED or (shape == "taken and failed" and outcome is done[0])
            assert (outcome.order is not None) is has_order
            if has_order:
                assert outcome.order is not None
                assert outcome.order.symbol == "BTC-USDT"

    run(backend, main)


@backends
def test_looked_up(backend: Backend) -> None:
    """An order that the reply does not tell of is found by its id; an order of that id that is another one is not it;
    a question that fails leaves it unknown. The error tells the whole story."""

    async def main() -> None:
        like = telling({"orderId": 8, "price": "61250.50", "status": "FILLED"})
        other = telling({"orderId": 9, "price": "1", "status": "FILLED"})
        room = hall(telling({"orders": [{"code": 5, "msg": "odd"}]}))
        room.exchange.answers[QUERY] = [like, other, NOT_FOUND, httpx.ReadError("lost")]
        done = await room.client().spot.place_orders(ladder(4), timeout=1)
        assert short(done) == [("level_0", "placed")] + [(f"level_{n}", "unknown") for n in (1, 2, 3)]
        assert [outcome.order and outcome.order.order_id for outcome in done] == [8, 9, None, None]
        silent = "the reply does not name it; without an id it says: 5 odd"
        assert done[1].error == f"{silent}; the order of that id is not like it"
        assert done[2].error == f"{silent}; it was not found right afterwards"
        assert done[3].error.startswith(f"{silent}; it could not be looked up: ")

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answer", "kind"), [(refused(100202, "Insufficient balance"), "InsufficientBalance"), (HANG, "OutcomeUnknown")]
)
def test_the_first_request_fails(answer: Any, kind: str, backend: Backend) -> None:
    """Then its error is raised, with the ids that it was about; no other request is sent, and a note says so."""

    async def main() -> None:
        room = hall(answer)
        with pytest.raises(Exception, match=r".") as caught:
            await room.client().spot.place_orders(ladder(7))
        assert type(caught.value).__name__ == kind
        assert caught.value.__notes__ == ["The 2 orders of later requests were not sent."]
        if isinstance(caught.value, OutcomeUnknown):
            assert caught.value.client_order_ids == tuple(f"level_{n}" for n in range(5))
        assert len(room.exchange.calls(BATCH)) == 1

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (refused(100202, "Insufficient balance"), "refused", 100202),
        (HANG, "unknown", None),
        ((504, ""), "unknown", None),
        (httpx.ConnectError("refused"), "not sent", None),
        (refused(100410, "rate limited"), "refused", 100410),
    ],
)
def test_a_later_request_fails(answer: Any, status: str, code: int | None, backend: Backend) -> None:
    """Once a request was accepted nothing raises: its orders stay placed, those of the one that failed have its
    outcome, and those behind it were not sent."""

    async def main() -> None:
        room = hall(accept, answer)
        done = await room.client(max_wait=1).spot.place_orders(ladder(12))
        assert [outcome.status.value for outcome in done] == ["placed"] * 5 + [status] * 5 + ["not sent"] * 2
        assert {outcome.code for outcome in done[5:10]} == {code}
        assert all(outcome.error for outcome in done[5:])
        assert [outcome.client_order_id for outcome in done] == [f"level_{n}" for n in range(12)]

    run(backend, main)


@backends
def test_a_lost_request_that_was_placed(backend: Backend) -> None:
    """The orders of a later request without an answer are looked up, and placed if they are found."""

    async def main() -> None:
        room = hall(accept, HANG, query=telling({"orderId": 9, "status": "PENDING"}))
        done = await room.client().spot.place_orders(ladder(6))
        assert short(done) == [(f"level_{n}", "placed") for n in range(6)]
        assert done[5].order is not None
        assert (done[5].order.order_id, done[5].order.client_order_id) == (9, "level_5")

    run(backend, main)


@backends
def test_nothing_is_sent(backend: Backend) -> None:
    """One order that cannot be placed holds back all, and so does an id that is given twice; no orders need nothing."""

    async def main() -> None:
        room = hall()
        spot = room.client().spot
        assert await spot.place_orders([]) == []
        with pytest.raises(InvalidRequest, match="is not a multiple of the tick size"):
            await spot.place_orders([*ladder(5), order(price="0.05")])
        with pytest.raises(InvalidRequest, match="client_order_id='a' is given to two orders: each needs its own"):
            await spot.place_orders([order("a"), order("A")])
        with pytest.raises(InvalidRequest, match="sequential='no' must be True or False"):
            await spot.place_orders([order()], sequential="no")  # type: ignore[arg-type]  # pyright: ignore
        for wrong in (order(), "orders", None, 5):
            with pytest.raises(InvalidRequest, match=r"orders must be a list, such as \[NewOrder"):
                await spot.place_orders(wrong)  # type: ignore[arg-type]  # pyright: ignore
        assert room.exchange.calls(BATCH) == []

    run(backend, main)


@backends
def test_rules_that_changed(backend: Backend) -> None:
    """A refusal of the whole or of one order that tells of new rules has them read again."""

    async def main() -> None:
        low = [{"clientOrderID": "level_0", "code": 100400, "msg": "the minimum amount is 20"}]
        room = hall(telling({"orders": low}), refused(100490, "offline"), accept)
        spot = room.client().spot
        await spot.place_orders(ladder(1))
        with pytest.raises(OrderRefused):
            await spot.place_orders(ladder(1))
        await spot.place_orders(ladder(1))
        assert len(room.exchange.calls(SYMBOLS)) == 3

    run(backend, main)
