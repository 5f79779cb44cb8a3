"""Replacing an order: two outcomes, in every shape of the reply, and no error that hides a half that was done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bingx_async import (
    AuthenticationError,
    BingXClient,
    InvalidRequest,
    NewOrder,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    ReplaceOutcome,
)
from bingx_async.spot import SpotApi
from bingx_async.spot.facts import Facts
from bingx_async.spot.queries import GET_ORDER
from bingx_async.spot.replacing import REPLACE_ORDER
from bingx_async.spot.symbols import LIST_SYMBOLS
from tests.client.exchange import HANG, Backend, Hall, Sent, backends, refused, run
from tests.client.test_placing import symbols

REPLACE, QUERY, SYMBOLS = REPLACE_ORDER.path, GET_ORDER.path, LIST_SYMBOLS.path
NOT_FOUND = refused(100404, "order not exist")
OLD, NEW = 1853127830044418071, 1853134290385977611
NO_ORDER = {"symbol": "", "orderId": 0, "price": "0", "status": "", "type": "", "side": ""}
GONE = {"symbol": "BTC-USDT", "orderId": OLD, "status": "CANCELED", "executedQty": "0.001"}
COME = {"symbol": "BTC-USDT", "orderId": NEW, "status": "PENDING", "clientOrderID": ""}
DONE, MISSING = {"code": 0, "msg": "", "result": True}, {"code": 100400, "msg": " order not exist", "result": False}
POOR = {"code": 100202, "msg": "Insufficient balance", "result": False}
NOTHING = {"code": 0, "msg": "", "result": False}


def new(**fields: Any) -> NewOrder:
    base = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.003", "price": "61250.5"}
    return NewOrder(**{**base, "client_order_id": "mine_1", **fields})


def halves(cancel: Any, placed: Any, old: Any = None, order: Any = None) -> str:
    """A reply of the documented shape."""
    data = {"cancelResult": cancel, "openResult": placed, "orderCancelResponse": old, "orderOpenResponse": order}
    return json.dumps({"code": 0, "data": data})


def worded(cancel: Any, placed: Any, old: Any = None, order: Any = None) -> str:
    """The shape of the newer texts."""
    data = {"cancelResult": cancel, "newOrderResult": placed, "cancelResponse": old, "newOrderResponse": order}
    return json.dumps({"code": 0, "data": data})


def telling(**fields: Any) -> str:
    return json.dumps({"code": 0, "data": fields})


def open_error(opened: str, done: str, words: str, code: int = 100500) -> str:
    return refused(code, f"order open error:{opened}, and the previous cancel order request result:{done},  {words}")


def asked_for(old: str = NOT_FOUND, order: str = NOT_FOUND) -> Any:
    """Answers a question by the id that it asks for."""

    def answer(sent: Sent) -> str:
        return old if "orderId" in sent.params else order

    return answer


def hall(answer: Any, query: Any = NOT_FOUND) -> Hall:
    return Hall({REPLACE: [answer], QUERY: [query], SYMBOLS: [symbols()]})


async def replace(client: BingXClient, **fields: Any) -> ReplaceOutcome:
    named: dict[str, Any] = {"cancel_order_id": OLD, "order": new(), **fields}
    return await client.spot.replace_order("BTC-USDT", **named)


def told(outcome: ReplaceOutcome) -> tuple[str, str]:
    return (outcome.cancel.status.value, outcome.place.status.value)


# The reply, the answers to questions for the old and the new order, and the outcomes.
SHAPES: dict[str, tuple[str, Any, tuple[str, str]]] = {
    "both": (halves(DONE, DONE, GONE, COME), NOT_FOUND, ("cancelled", "placed")),
    "both, in words": (worded("SUCCESS", "SUCCESS", GONE, COME), NOT_FOUND, ("cancelled", "placed")),
    "both, as flags": (worded(True, "true", GONE, COME), NOT_FOUND, ("cancelled", "placed")),
    "only the new one": (halves(MISSING, DONE, NO_ORDER, COME), NOT_FOUND, ("not found", "placed")),
    "only the old one": (halves(DONE, POOR, GONE, NO_ORDER), NOT_FOUND, ("cancelled", "refused")),
    "only the old one, in words": (worded("SUCCESS", "FAILURE", GONE, None), NOT_FOUND, ("cancelled", "refused")),
    "stopped": (halves(MISSING, NOTHING, NO_ORDER, NO_ORDER), NOT_FOUND, ("not found", "refused")),
    "stopped, in words": (worded("FAILURE", "NOT_ATTEMPTED"), NOT_FOUND, ("refused", "refused")),
    "too early to cancel again": (
        halves({"code": 100400, "msg": "once per second", "result": False}, NOTHING),
        NOT_FOUND,
        ("refused", "refused"),
    ),
    "not cancelled, and described": (
        halves({**MISSING, "msg": "is not NEW"}, NOTHING, {**GONE, "status": "PENDING"}),
        NOT_FOUND,
        ("refused", "refused"),
    ),
    "only orders": (halves(None, None, GONE, COME), NOT_FOUND, ("cancelled", "placed")),
    "placed, but where": (halves(DONE, DONE, GONE, NO_ORDER), NOT_FOUND, ("cancelled", "unknown")),
    "placed, and found": (halves(DONE, DONE, GONE, NO_ORDER), telling(**COME), ("cancelled", "placed")),
    "refused, but there it is": (halves(DONE, POOR, GONE, COME), NOT_FOUND, ("cancelled", "unknown")),
    "not cancelled, but gone": (halves(MISSING, DONE, GONE, COME), NOT_FOUND, ("unknown", "placed")),
    "taken and failed": (halves(DONE, DONE, GONE, {**COME, "status": "FAILED"}), NOT_FOUND, ("cancelled", "refused")),
    "perhaps placed": (
        halves(DONE, {"code": 101500, "msg": "rpc timeout", "result": False}, GONE, NO_ORDER),
        NOT_FOUND,
        ("cancelled", "unknown"),
    ),
    "an error that is none": (open_error("success", "false", "order not exist"), NOT_FOUND, ("not found", "unknown")),
    "an error that is none, and found": (
        open_error("success", "false", "order not exist"),
        asked_for(order=telling(**COME)),
        ("not found", "placed"),
    ),
    "an error without words": (open_error("", "true", ""), NOT_FOUND, ("cancelled", "unknown")),
    "nothing told": (telling(), NOT_FOUND, ("unknown", "unknown")),
    "nothing told, both found": (
        telling(),
        asked_for(telling(**GONE), telling(**COME)),
        ("cancelled", "placed"),
    ),
    "nothing told, the old one filled": (
        telling(),
        asked_for(telling(**{**GONE, "status": "FILLED"})),
        ("not found", "unknown"),
    ),
    "broken off": ('{"code":0,"data":{"cancelRes', NOT_FOUND, ("unknown", "unknown")),
    "nonsense": (halves([1], {"result": []}, "x", 5), NOT_FOUND, ("unknown", "unknown")),
    "an error of which one half is none": (
        open_error("success", "false", "order not exist"),
        asked_for(order=telling(**COME)),
        ("not found", "placed"),
    ),
    "an error of which one half is silent": (open_error("", "true", ""), NOT_FOUND, ("cancelled", "unknown")),
    "an error with two halves": (
        open_error("The current system is busy, please try again later", "false", "order not exist"),
        NOT_FOUND,
        ("not found", "refused"),
    ),
    "an error after the cancel": (open_error("Insufficient balance", "true", ""), NOT_FOUND, ("cancelled", "refused")),
    "an error that leaves the new one open": (
        open_error("rpc timeout", "true", ""),
        asked_for(order=telling(**COME)),
        ("cancelled", "placed"),
    ),
    "an error after which the old one is gone": (
        refused(100202, "Insufficient balance"),
        telling(**GONE),
        ("cancelled", "refused"),
    ),
    "an error after which the old one is not found": (
        refused(100202, "Insufficient balance"),
        NOT_FOUND,
        ("unknown", "refused"),
    ),
    "an error after which the old one is filled": (
        refused(100400, "the price is bad"),
        telling(**{**GONE, "status": "FILLED"}),
        ("not found", "refused"),
    ),
    "sent before": (
        refused(101481, "clientOrderId already used"),
        asked_for(telling(**GONE), telling(**COME)),
        ("cancelled", "placed"),
    ),
}


@backends
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str, backend: Backend) -> None:
    """Both outcomes, each under its own id, in every shape; what a reply leaves open is asked for, or unknown."""

    async def main() -> None:
        answer, query, wanted = SHAPES[shape]
        room = hall(answer, query)
        outcome = await replace(room.client())
        assert told(outcome) == wanted
        assert (outcome.cancel.id, outcome.place.client_order_id) == (OLD, "mine_1")
        if outcome.place.status.value == "placed":
            assert outcome.place.order is not None
            assert (outcome.place.order.order_id, outcome.place.order.client_order_id) == (NEW, "mine_1")
        for half in (outcome.cancel, outcome.place):
            assert bool(half.error) is (half.status.value not in ("cancelled", "placed"))
        assert len(room.exchange.calls(REPLACE)) == 1

    run(backend, main)


@backends
def test_what_is_told(backend: Backend) -> None:
    """The codes and words of either half, the order that went with what had been filled, and the reply itself."""

    async def main() -> None:
        outcome = await replace(hall(halves(DONE, POOR, GONE, NO_ORDER)).client())
        assert outcome.cancel.order is not None
        assert str(outcome.cancel.order.executed_quantity) == "0.001"
        assert (outcome.place.code, outcome.place.error, outcome.place.order) == (100202, "Insufficient balance", None)
        assert outcome.raw["openResult"]["msg"] == "Insufficient balance"
        outcome = await replace(hall(halves(MISSING, NOTHING)).client())
        assert (outcome.cancel.code, outcome.cancel.error) == (100400, "order not exist")
        assert outcome.place.error == "the old order was not cancelled"
        text = open_error("Insufficient balance", "false", "order not exist")
        outcome = await replace(hall(text).client())
        assert (outcome.cancel.error, outcome.place.error) == ("order not exist", "Insufficient balance")

    run(backend, main)


@backends
def test_parameters(backend: Backend) -> None:
    """Either id, the mode and the restriction travel under the exchange's names."""

    async def main() -> None:
        room = hall(halves(DONE, DONE, GONE, COME))
        client = room.client()
        await replace(client)
        named = {"cancel_order_id": None, "cancel_client_order_id": "old.1", "order": new(time_in_force="GTC")}
        await replace(client, **named, if_cancel_fails="place", only_if="PENDING")
        first, second = (call.params for call in room.exchange.calls(REPLACE))
        assert (first["cancelOrderId"], first["cancelReplaceMode"]) == (str(OLD), "STOP_ON_FAILURE")
        assert not {"cancelClientOrderID", "cancelRestrictions", "timeInForce"} & set(first)
        assert (second["cancelClientOrderID"], second["cancelReplaceMode"]) == ("old.1", "ALLOW_FAILURE")
        assert (second["cancelRestrictions"], second["newClientOrderId"]) == ("PENDING", "mine_1")
        assert (second["timeInForce"], "cancelOrderId" in second) == ("GTC", False)

    run(backend, main)


STILL_OPEN = telling(orderId=OLD, status="PENDING", symbol="BTC-USDT")


@backends
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(100001, "signature mismatch"), AuthenticationError),
        (NOT_FOUND, OrderNotFound),
        (refused(100400, "the price is bad"), OrderRefused),
        (HANG, OutcomeUnknown),
        ((504, ""), OutcomeUnknown),
    ],
)
def test_errors(answer: Any, kind: type[Exception], backend: Backend) -> None:
    """An error is raised where neither half was done (the old order is still open), and where no answer came: then it
    names the id of the new order."""

    async def main() -> None:
        room = hall(answer, STILL_OPEN)
        with pytest.raises(kind) as caught:
            await replace(room.client())
        assert getattr(caught.value, "client_order_ids", ("mine_1",)) == ("mine_1",)
        assert len(room.exchange.calls(QUERY)) == (1 if kind is OrderRefused else 0)

    run(backend, main)


@backends
@pytest.mark.parametrize("answer", [NOT_FOUND, refused(100400, "order already FILLED or CANCELLED")])
def test_not_found_and_placed_all_the_same(answer: str, backend: Backend) -> None:
    """Where the new order is to be placed in any case, an old one that is not found says nothing of it: it is looked
    up."""

    async def main() -> None:
        found = await replace(hall(answer, telling(**COME)).client(), if_cancel_fails="place")
        assert told(found) == ("not found", "placed")
        missing = await replace(hall(answer).client(), if_cancel_fails="place")
        assert told(missing) == ("not found", "unknown")

    run(backend, main)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cancel_client_order_id": "a"}, "give exactly one of cancel_order_id or cancel_client_order_id, not both"),
        ({"cancel_order_id": None}, "give exactly one of cancel_order_id or cancel_client_order_id, not none"),
        ({"cancel_order_id": "x"}, "cancel_order_id='x' is not an order id"),
        ({"if_cancel_fails": "go on"}, "if_cancel_fails='go on' must be 'stop' or 'place'"),
        ({"only_if": "FILLED"}, "only_if='FILLED' must be one of"),
        ({"order": new(symbol="ETH-USDT")}, "order.symbol must be 'BTC-USDT' too"),
        ({"order": new(time_in_force="PostOnly")}, "time_in_force=PostOnly may be ignored where an order is replaced"),
        ({"order": new(price="61250.55")}, "is not a multiple of the tick size"),
    ],
)
def test_nothing_is_sent(fields: dict[str, Any], message: str) -> None:
    """What cannot be meant is refused here."""

    async def main() -> None:
        room = hall(halves(DONE, DONE, GONE, COME))
        with pytest.raises(InvalidRequest, match=message):
            await replace(room.client(), **fields)
        assert room.exchange.calls(REPLACE) == []

    run("asyncio", main)


@backends
def test_time_in_force(backend: Backend) -> None:
    """With the fact that it is heeded, a time in force travels."""

    async def main() -> None:
        room = hall(halves(DONE, DONE, GONE, COME))
        client = room.client()
        client.spot = SpotApi(client.spot._calls, facts=Facts(replacing_heeds_time_in_force=True))
        await replace(client, order=new(time_in_force="PostOnly"))
        assert room.exchange.calls(REPLACE)[0].params["timeInForce"] == "PostOnly"

    run(backend, main)
