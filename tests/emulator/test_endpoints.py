"""How each endpoint changes the book, and the data it answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator.exchange import Exchange
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.queries import GET_ORDER
from tests.emulator.calls import NOW, SYMBOL, UID, account, call, exchange, read, rest

OCO: dict[str, Any] = {
    "symbol": SYMBOL,
    "side": "SELL",
    "quantity": "0.10",
    "limitPrice": "70000.5",
    "orderPrice": "59000",
    "triggerPrice": "60000",
}
LIMIT: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "price": "50000.10", "quantity": "0.2"}


def ask(each: Exchange, path: str, **params: Any) -> Any:
    """The JSON of the reply."""
    return read(each.handle(call(path, **params), NOW))


def refusal(each: Exchange, path: str, **params: Any) -> tuple[int, str]:
    """Code and text of a refusal."""
    answer = ask(each, path, **params)
    return answer["code"], answer["msg"]


def locked(each: Exchange) -> Decimal:
    """The amount of the quote asset that the first account has set aside."""
    return each.floor.ledger.wallet(UID, "USDT").locked


def with_balance(balance: str) -> Exchange:
    """An exchange whose first account has this balance."""
    return exchange(accounts=[account(balance=Decimal(balance))])


def test_get_order() -> None:
    """A query answers the order by either id and changes nothing, also when it is done."""
    each = exchange()
    (order_id,) = rest(each, client_order_id="mine")

    def query(**params: Any) -> Any:
        return read(each.handle(call(GET_ORDER.path, method="GET", symbol=SYMBOL, **params), NOW))

    found = [query(orderId=order_id)["data"], query(clientOrderID="mine")["data"]]
    assert [(order["orderId"], order["status"]) for order in found] == [(order_id, "NEW")] * 2
    ask(each, CANCEL_ORDER.path, symbol=SYMBOL, orderId=order_id)
    assert [
        query(orderId=id)["data"]["status"] if id == order_id else query(orderId=id)["code"] for id in (order_id, 7)
    ] == ["CANCELED", 100404]


def test_cancel() -> None:
    """A cancel answers the order, its id an unquoted int64 with every digit, its prices texts."""
    each = exchange()
    (order_id,) = rest(each, client_order_id="mine")
    answer = each.handle(call(CANCEL_ORDER.path, symbol=SYMBOL, orderId=order_id), NOW)
    assert f'"orderId":{order_id},'.encode() in answer.body
    assert read(answer)["data"] == {
        "symbol": SYMBOL,
        "orderId": order_id,
        "price": "50000",
        "stopPrice": "0",
        "origQty": "0.1",
        "executedQty": "0",
        "cummulativeQuoteQty": "0",
        "status": "CANCELED",
        "type": "LIMIT",
        "side": "BUY",
        "clientOrderID": "mine",
    }
    assert (each.floor.books[UID].orders, locked(each)) == ({}, 0)


def test_ids_are_beyond_float() -> None:
    """Order ids grow and lose their last digit as a float, so a client that uses floats is found out."""
    first, second = rest(exchange(), 2)
    assert first < second < 2**63
    assert int(float(first)) != first


def test_cancel_by_client_id() -> None:
    """An order is found by its client id, once."""
    each = exchange()
    (order_id,) = rest(each, client_order_id="mine")
    assert ask(each, CANCEL_ORDER.path, symbol=SYMBOL, clientOrderID="mine")["data"]["orderId"] == order_id
    assert refusal(each, CANCEL_ORDER.path, symbol=SYMBOL, clientOrderID="mine") == (
        100404,
        "order not exist, clientOrderID:mine",
    )


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"symbol": SYMBOL, "orderId": 7}, (100404, "order not exist, orderId:7")),
        ({"symbol": "ETH-USDT", "orderId": "ID"}, (100404, "order not exist, orderId:ID")),
        ({"symbol": SYMBOL}, (100400, "orderId or clientOrderID is required")),
        ({"symbol": SYMBOL, "orderId": "1.5"}, (100400, "orderId:1.5 is invalid")),
        ({"symbol": "btc-usdt", "orderId": 7}, (100400, "symbol:btc-usdt is unknown, please verify it")),
        ({"orderId": 7}, (100400, "symbol: is unknown, please verify it")),
        (
            {"symbol": SYMBOL, "orderId": "ID", "cancelRestrictions": "FILLED"},
            (100400, "cancelRestrictions must be one of NEW, PENDING, PARTIALLY_FILLED"),
        ),
        (
            {"symbol": SYMBOL, "orderId": "ID", "cancelRestrictions": "PENDING"},
            (100400, "orderId:ID order status :NEW is not PENDING"),
        ),
    ],
)
def test_cancel_refused(params: dict[str, Any], expected: tuple[int, str]) -> None:
    """A refused cancel says why and leaves the order where it is."""
    each = exchange()
    (order_id,) = rest(each)
    params = {name: order_id if value == "ID" else value for name, value in params.items()}
    code, text = refusal(each, CANCEL_ORDER.path, **params)
    assert (code, text.replace(str(order_id), "ID")) == expected
    assert list(each.floor.books[UID].orders) == [order_id]


def test_cancel_restriction_met() -> None:
    """An order that has the status asked for is cancelled."""
    each = exchange()
    (order_id,) = rest(each, status="PARTIALLY_FILLED")
    params = {"symbol": SYMBOL, "orderId": order_id, "cancelRestrictions": "PARTIALLY_FILLED"}
    assert ask(each, CANCEL_ORDER.path, **params)["code"] == 0


def test_orders_of_another_account_do_not_exist() -> None:
    """An account cannot cancel another's order."""
    each = exchange()
    (order_id,) = rest(each, uid="1002")
    assert refusal(each, CANCEL_ORDER.path, symbol=SYMBOL, orderId=order_id)[0] == 100404


def test_symbols_are_settable() -> None:
    """With a list of symbols only these are traded."""
    each = exchange(symbols=("ABC-XYZ",))
    codes = [refusal(each, CANCEL_ORDER.path, symbol=symbol, orderId=1)[0] for symbol in ("ABC-XYZ", SYMBOL)]
    assert codes == [100404, 100400]


def test_cancel_orders() -> None:
    """A batch of valid ids is cancelled, each once, and there is no `fails`."""
    each = exchange()
    ids = rest(each, 3)
    data = ask(each, CANCEL_ORDERS.path, symbol=SYMBOL, orderIds=",".join(map(str, [*ids, ids[0]])))["data"]
    assert ([order["orderId"] for order in data["orders"]], sorted(data)) == (ids, ["orders"])


def test_cancel_orders_all_or_nothing() -> None:
    """With process 0, the default, one id that does not exist spares them all."""
    each = exchange()
    ids = rest(each, 2)
    assert refusal(each, CANCEL_ORDERS.path, symbol=SYMBOL, orderIds=f"{ids[0]},7,{ids[1]}") == (
        100404,
        "order not exist, orderId:7",
    )
    assert list(each.floor.books[UID].orders) == ids


def test_cancel_orders_partially() -> None:
    """With process 1 the valid ones go and the others are reported in `fails`, under code 0 and without an error."""
    each = exchange()
    ids = rest(each, 2)
    (named,) = rest(each, client_order_id="mine")
    params = {"orderIds": f"{ids[0]},7", "clientOrderIDs": "mine,other", "process": 1}
    answer = ask(each, CANCEL_ORDERS.path, symbol=SYMBOL, **params)
    assert [order["orderId"] for order in answer["data"]["orders"]] == [ids[0], named]
    assert answer["data"]["fails"] == [
        {"orderId": "7", "error": "the orderId:7 order not exist, please verify and retry later"},
        {
            "orderId": "",
            "clientOrderID": "other",
            "error": "the clientOrderID:other order not exist, please verify and retry later",
        },
    ]
    assert (answer["code"], each.tally.freeze().of(UID, CANCEL_ORDERS.path).errors) == (0, 0)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "orderIds and clientOrderIDs must name 1 to 10 orders, not 0"),
        ({"orderIds": ",".join(map(str, range(11)))}, "orderIds and clientOrderIDs must name 1 to 10 orders, not 11"),
        ({"orderIds": "1", "process": 2}, "process must be 0 or 1"),
        ({"orderIds": "1,x"}, "orderId:x is invalid"),
    ],
)
def test_cancel_orders_refused(params: dict[str, Any], text: str) -> None:
    """A batch that makes no sense is refused with 100400."""
    assert refusal(exchange(), CANCEL_ORDERS.path, symbol=SYMBOL, **params) == (100400, text)


def test_cancel_open_orders() -> None:
    """With a symbol only its orders go, without one all of them, and an empty book is no error."""
    each = exchange()
    ids, others = rest(each, 2), rest(each, 2, symbol="ETH-USDT")
    asked = [{"symbol": SYMBOL}, {}, {}]
    answers = [ask(each, CANCEL_OPEN_ORDERS.path, **params)["data"]["orders"] for params in asked]
    assert [[order["orderId"] for order in orders] for orders in answers] == [ids, others, []]
    assert refusal(each, CANCEL_OPEN_ORDERS.path, symbol="NO")[0] == 100400


def test_place_limit_order() -> None:
    """A LIMIT order rests under its client id until it is cancelled."""
    each = exchange()
    placed = ask(each, PLACE_ORDER.path, **LIMIT, newClientOrderId="mine")["data"]
    assert (placed["status"], placed["price"], placed["clientOrderID"], placed["transactTime"]) == (
        "PENDING",
        "50000.10",
        "mine",
        int(NOW),
    )
    assert ask(each, CANCEL_ORDER.path, symbol=SYMBOL, clientOrderID="mine")["data"]["orderId"] == placed["orderId"]


@pytest.mark.parametrize(
    ("amount", "value", "executed"), [("quantity", "3", "3"), ("quoteOrderQty", "61249.99", "1.00000")]
)
def test_place_market_order(amount: str, value: str, executed: str) -> None:
    """A MARKET order is filled at once at the best price, and does not rest."""
    each = exchange()
    params = {"symbol": SYMBOL, "side": "SELL", "type": "MARKET", amount: value}
    placed = ask(each, PLACE_ORDER.path, **params)["data"]
    assert (placed["status"], placed["executedQty"], each.floor.books[UID].orders) == ("FILLED", executed, {})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"type": "STOP"},
            "type must be one of MARKET, LIMIT, TAKE_STOP_LIMIT, TAKE_STOP_MARKET, TRIGGER_LIMIT, TRIGGER_MARKET",
        ),
        ({"price": "0.0"}, "price:0.0 must be a number above 0"),
        ({"quantity": "1e-05"}, "quantity:1e-05 must be a number above 0"),
        ({"side": "buy"}, "side:buy must be BUY or SELL"),
        ({"newClientOrderId": "a b"}, "client order id:a b is invalid"),
        ({"newClientOrderId": "a" * 41}, f"client order id:{'a' * 41} is invalid"),
        ({"newClientOrderId": "taken"}, "client order id is already in use"),
    ],
)
def test_place_order_refused(changes: dict[str, str], text: str) -> None:
    """A refused order leaves nothing on the book."""
    each = exchange()
    rest(each, client_order_id="taken")
    assert refusal(each, PLACE_ORDER.path, **{**LIMIT, **changes}) == (100400, text)
    assert len(each.floor.books[UID].orders) == 1


def test_place_oco() -> None:
    """An OCO order answers two legs, their ids texts, their prices numbers as they were written."""
    each = exchange()
    answer = each.handle(call(PLACE_OCO_ORDER.path, **OCO, listClientOrderId="7", aboveClientOrderId="8"), NOW)
    limit, stop = read(answer)["data"]
    assert b'"price":70000.5,"quantity":0.10,' in answer.body
    assert limit == {
        "transactionTime": int(NOW),
        "orderId": limit["orderId"],
        "clientOrderId": "8",
        "symbol": SYMBOL,
        "orderType": "ocoLimit",
        "side": "SELL",
        "triggerPrice": 0,
        "price": 70000.5,
        "quantity": 0.1,
        "orderListId": "7",
        "status": "NEW",
    }
    legs = {"orderType": "ocoTps", "triggerPrice": 60000, "price": 59000, "clientOrderId": ""}
    assert stop == {**limit, **legs, "orderId": str(int(limit["orderId"]) + 2)}


@pytest.mark.parametrize("leg", [0, 1])
@pytest.mark.parametrize("name", ["orderId", "clientOrderId"])
def test_cancel_oco(leg: int, name: str) -> None:
    """Either id of either leg cancels the pair, and the answer names that leg."""
    each = exchange()
    legs = ask(each, PLACE_OCO_ORDER.path, **OCO, aboveClientOrderId="8", belowClientOrderId="9")["data"]
    wanted: dict[str, Any] = {key: legs[leg][key] for key in ("orderId", "clientOrderId")}
    assert ask(each, CANCEL_OCO_ORDER.path, **{name: wanted[name]})["data"] == wanted
    others = [legs[1 - leg]["orderId"], legs[1 - leg]["clientOrderId"]]
    assert [refusal(each, CANCEL_OCO_ORDER.path, orderId=other)[0] for other in others] == [100404, 100404]
    assert (each.floor.books[UID].pairs, locked(each)) == ([], 0)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"quantity": "-1"}, "quantity:-1 must be a number above 0"),
        ({"triggerPrice": ""}, "triggerPrice: must be a number above 0"),
        ({"listClientOrderId": "abc"}, "client order id:abc is invalid"),
        ({"aboveClientOrderId": "7", "belowClientOrderId": "7"}, "client order id is already in use"),
        ({"side": ""}, "side: must be BUY or SELL"),
    ],
)
def test_place_oco_refused(changes: dict[str, str], text: str) -> None:
    """A refused OCO order leaves nothing on the book."""
    each = exchange()
    assert refusal(each, PLACE_OCO_ORDER.path, **{**OCO, **changes}) == (100400, text)
    assert each.floor.books[UID].pairs == []


def test_cancel_oco_needs_an_id() -> None:
    """Without any id the request is refused with 100400."""
    assert refusal(exchange(), CANCEL_OCO_ORDER.path) == (100400, "orderId or clientOrderId is required")


def test_balance() -> None:
    """Open orders lock their cost; an order that does not fit is 100202; a cancel frees it again."""
    each = with_balance("10000.02")
    buying = {**OCO, "side": "BUY"}
    assert ask(each, PLACE_ORDER.path, **LIMIT, newClientOrderId="mine")["code"] == 0
    assert refusal(each, PLACE_ORDER.path, **LIMIT) == (100202, "Insufficient balance")
    assert refusal(each, PLACE_OCO_ORDER.path, **buying) == (100202, "Insufficient balance")
    assert ask(each, CANCEL_ORDER.path, symbol=SYMBOL, clientOrderID="mine")["code"] == 0
    assert [refusal(each, PLACE_OCO_ORDER.path, **buying)[0] for _ in range(2)] == [0, 100202]
    assert locked(each) == Decimal("7000.050")
