"""Asking for OCO orders: in every shape of a reply, and under each name of an id."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bingx_async import ApiError, Facts, OrderNotFound, OrderRefused
from bingx_async.spot.oco_queries import paired, read_legs
from tests.client.exchange import Backend, Hall, Sent, backends, raising, refused, run
from tests.client.listing import GONE, NOW, OCO_GET, OCO_HISTORY, OCO_OPEN, History, asked, ids, leg, listed, pair, said


@backends
@pytest.mark.parametrize("nothing", [said([]), said({"orders": None}), GONE, refused(100400, "miss arguments")])
def test_both_names_of_an_id(nothing: str, backend: Backend) -> None:
    """Where the documented parameter finds nothing the other is tried once, and goes first from then on."""

    def answer(sent: Sent) -> str:
        return said(pair(int(sent.params["orderId"]))) if "orderId" in sent.params else nothing

    async def main() -> None:
        hall = Hall({OCO_GET: [answer]})
        client = hall.client()
        for number in (11, 21):
            assert ids([await client.spot.get_oco_order(number)]) == [[str(number), str(number + 1)]]
        names = [
            name for call in hall.exchange.calls(OCO_GET) for name in ("orderListId", "orderId") if name in call.params
        ]
        assert names == ["orderListId", "orderId", "orderId"]
        other = hall.client(facts=Facts(oco_id="orderId"))
        await other.spot.get_oco_order("31")
        assert "orderId" in hall.exchange.calls(OCO_GET)[-1].params

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ([GONE, GONE], OrderNotFound, 100404),
        ([said([]), said([])], OrderNotFound, 0),
        ([GONE, refused(100400, "invalid parameter")], OrderNotFound, 100404),
        ([refused(100400, "invalid parameter"), GONE], OrderNotFound, 100404),
        ([said(pair(55)), said(pair(66))], OrderNotFound, 0),  # of other orders
        ([refused(100437, "restricted")], OrderRefused, 100437),
    ],
)
def test_not_found(answers: list[str], kind: type[ApiError], code: int, backend: Backend) -> None:
    """After two tries it is not found; another refusal is raised at once. Another order is never taken for it."""

    async def main() -> None:
        hall = Hall({OCO_GET: answers})
        with raising(kind) as caught:
            await hall.client().spot.get_oco_order("7")
        assert caught[0].code == code
        assert len(hall.exchange.calls(OCO_GET)) == len(answers)

    run(backend, main)


@backends
def test_by_client_id(backend: Backend) -> None:
    """The reply need not repeat a client order id, but of several pairs the one that has it is taken."""
    result, hall, _ = asked(backend, {OCO_GET: said(pair(1))}, lambda it: it.spot.get_oco_order(client_order_id=77))
    assert ids([result]) == [["1", "2"]]
    assert result.limit_leg.order_id == "1"
    assert hall.exchange.calls(OCO_GET)[0].params["clientOrderId"] == "77"
    many = said([*pair(1), *pair(3, clientOrderId="77")])
    result, _, _ = asked(backend, {OCO_GET: many}, lambda it: it.spot.get_oco_order(client_order_id="77"))
    assert ids([result]) == [["3", "4"]]


@backends
@pytest.mark.parametrize("shape", [lambda legs: legs, lambda legs: {"ocoOrders": legs, "total": 9}])
def test_open(shape: Any, backend: Backend) -> None:
    """Legs become pairs, whatever the reply's shape and the order of the legs."""
    legs = [*pair(1), leg(8, "ocoLimit", "77"), *reversed(pair(3)), leg(9, "ocoTps", "")]
    result, hall, _ = asked(backend, {OCO_OPEN: said(shape(legs))}, lambda it: it.spot.list_open_oco_orders())
    assert sorted(ids(result)) == [["1", "2"], ["3", "4"], ["8"], ["9"]]
    assert {order.limit_leg.order_id for order in result if len(order.legs) == 2} == {"1", "3"}
    assert [call.params["pageIndex"] for call in hall.exchange.calls(OCO_OPEN)] == ["1"]


@backends
def test_many_open(backend: Backend) -> None:
    """Pages are read until one is short; a pair may be divided by the end of a page."""
    rows = [leg(0, "ocoTps", "1"), *[each for n in range(1, 250, 2) for each in pair(n)], leg(999, "ocoLimit", "1")]

    def answer(sent: Sent) -> str:
        page, size = int(sent.params["pageIndex"]), int(sent.params["pageSize"])
        return said(rows[(page - 1) * size : page * size])

    result, hall, _ = asked(backend, {OCO_OPEN: answer}, lambda it: it.spot.list_open_oco_orders())
    assert len(result) == 126
    assert {len(order.legs) for order in result} == {2}
    assert [int(call.params["pageIndex"]) for call in hall.exchange.calls(OCO_OPEN)] == [1, 2, 3]


def test_pairs_of_one_list() -> None:
    """Legs of the same kind are never one pair, also where every leg has the same list."""
    legs = [leg(1), leg(2), leg(3, "ocoTps"), leg(4, "ocoTps"), leg(5, "ocoTps", symbol="ETH-USDT")]
    found = paired(read_legs(legs))
    assert sorted(ids(found)) == [["1"], ["2", "3"], ["4"], ["5"]]
    assert all(len({leg.order_type for leg in order.legs}) == len(order.legs) for order in found)


@backends
def test_history(backend: Backend) -> None:
    """Pairs come once each, oldest first, through every page."""
    history = History([NOW - (600 - n) * 60_000 for n in range(600)], "orders")
    for n, row in enumerate(history.rows):
        row.update(leg(row["orderId"], ("ocoTps", "ocoLimit")[n % 2], str(1 + n // 2)), transactionTime=row["time"])
    start = NOW - 599 * 60_000
    result, hall, _ = asked(backend, {OCO_HISTORY: history}, lambda it: listed(it.spot.iter_oco_history(start=start)))
    assert [order.order_list_id for order in result] == [*map(str, range(2, 301)), "1"]
    assert [len(order.legs) for order in result] == [2] * 299 + [1]
    assert int(hall.exchange.calls(OCO_HISTORY)[0].params["startTime"]) == start - 1000


def test_pages_of_pairs_keep_their_length() -> None:
    """A leg that cannot be read still counts for the length of its page."""
    assert len(read_legs(json.loads(json.dumps([*pair(1), None, 5])))) == 4
