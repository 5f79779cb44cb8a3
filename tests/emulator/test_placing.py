"""Placing: rules and grids, batches, replacements, the dead man's switch, and keys of symbols that are odd."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator import Listing, Market, Request, Variants
from tests.emulator.calls import HEADERS, NOW, SECRET, SYMBOL, UID
from tests.emulator.trading import LIMIT, MARKET, STOP, Trading

PLACE_ORDER, PLACE_ORDERS = (CATALOGUE.find_all(name)[0].path for name in ("place_order", "place_orders"))


@pytest.mark.parametrize(
    ("symbol", "price", "quantity", "cut"),
    [
        (SYMBOL, "60000.129", "0.123456789", ("60000.12", "0.12345")),
        (SYMBOL, "60000.10", "0.5", ("60000.10", "0.5")),
        ("ODD-USDT", "0.01", "1000", ("0.00999", "999.6")),
        ("HALF-USDT", "1234.9", "0.11", ("1234.5", "0.100")),
    ],
)
def test_excess_digits_are_cut_in_silence(symbol: str, price: str, quantity: str, cut: tuple[str, str]) -> None:
    """Price and quantity are cut down to the grid, which may be no power of ten; a number on it stays as written."""
    order = Trading().place(**{**LIMIT, "symbol": symbol, "price": price, "quantity": quantity})
    assert (order["price"], order["origQty"]) == cut


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"symbol": "ODD-USDT", "price": "0.01", "quantity": "10"}, (100400, "the minimum amount per order is 5 USDT")),
        ({"quantity": "0.000009"}, (100400, "entrust volume too low")),
        ({"price": "0.001"}, (100400, "price must be a number above 0 on the grid of the symbol")),
        ({"quantity": "9"}, (100400, "the maximum amount per order is 500000 USDT")),
        ({**MARKET, "quoteOrderQty": "200001"}, (100400, "the maximum amount per order is 200000 USDT")),
        ({**MARKET, "quoteOrderQty": "", "quantity": "1"}, (100400, "quoteOrderQty can't be 0 in market bid order")),
        ({"symbol": "GONE-USDT"}, (100490, "the symbol GONE-USDT is offline")),
        ({"symbol": "HALT-USDT"}, (100490, "the symbol HALT-USDT is offline")),
        ({"symbol": "EXIT-USDT"}, (100421, "EXIT-USDT is not available for API buy orders")),
        ({"symbol": "ENTER-USDT", "side": "SELL"}, (100421, "ENTER-USDT is not available for API sell orders")),
        ({"timeInForce": "GTX"}, (100400, "timeInForce must be one of GTC, IOC, FOK, PostOnly, POC")),
        ({"type": "TRIGGER_LIMIT"}, (100400, "stopPrice: must be a number above 0")),
        ({"price": "75000"}, (100440, "the order price deviates too far from the market price")),
    ],
)
def test_rules(changes: dict[str, str], expected: tuple[int, str]) -> None:
    """An order that breaks a rule of its symbol is refused with the exchange's code."""
    trading = Trading(market=Market(moves=False, price_band=0.2))
    assert trading.refusal("place_order", **{**LIMIT, **changes}) == expected
    assert trading.data("list_open_orders")["orders"] == []


def test_a_limit_order_by_amount() -> None:
    """The quantity is what the amount buys at the order's price, cut to the grid."""
    order = Trading().place(**{**LIMIT, "quantity": "", "quoteOrderQty": "1000"})
    assert (order["origQty"], order["origQuoteOrderQty"]) == ("0.01666", "1000")


def test_too_many_orders() -> None:
    """One order beyond the most that may be open is 100421."""
    trading = Trading()
    trading.emulator.rest_orders(UID, SYMBOL, 999)
    assert trading.ask("place_order", **LIMIT)["code"] == 0
    assert trading.refusal("place_order", **LIMIT) == (100421, "pending orders exceed the limit of 1000")


def test_rules_can_change() -> None:
    """A symbol may be listed, and its rules changed, at any time."""
    trading = Trading()
    trading.emulator.set_listing(Listing("NEW#1-USDT", price="2", tick="0.1", step="1"))
    trading.emulator.set_listing(Listing(SYMBOL, price="61250", tick="0.5", step="0.1", status=25))
    rules = trading.data("list_symbols", symbol=SYMBOL)["symbols"][0]
    assert (rules["tickSize"], rules["stepSize"], rules["status"]) == (Decimal("0.5"), Decimal("0.1"), 25)
    assert "NEW#1-USDT" in [each["symbol"] for each in trading.data("list_symbols")["symbols"]]
    assert trading.refusal("place_order", **LIMIT)[0] == 100490


def send(trading: Trading, path: str, params: dict[str, Any], escaped: bool = True, body: str = "") -> Any:
    """A request whose raw text was signed and whose values were percent-encoded, or not; `body` sends it there."""
    pairs = sorted({**params, "timestamp": str(int(NOW))}.items())
    text = "&".join(f"{name}={value}" for name, value in pairs)
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    safe = "" if escaped else '[]{}":,#'
    query = "&".join(f"{name}={quote(value, safe=safe)}" for name, value in [*pairs, ("signature", signature)])
    if body == "json":
        request = Request("POST", path, "", HEADERS, json.dumps({**dict(pairs), "signature": signature}).encode())
    elif body == "form":
        request = Request("POST", path, "", HEADERS, f"{text}&signature={signature}".encode())
    else:
        request = Request("POST", path, query, HEADERS)
    return json.loads(trading.emulator.handle(request).body)


def batch(*changes: dict[str, Any]) -> str:
    """The text of a batch."""
    return json.dumps([{**LIMIT, **each} for each in changes], separators=(",", ":"))


@pytest.mark.parametrize("escaped", [True, False])
def test_a_batch(escaped: bool) -> None:
    """The text is signed raw and sent percent-encoded (or raw); each order of the reply bears its client id."""
    trading = Trading()
    data = batch({"newClientOrderId": "a"}, {"newClientOrderId": "b", "price": "59000.10"})
    orders = send(trading, PLACE_ORDERS, {"data": data, "sync": "false"}, escaped)["data"]["orders"]
    assert [(order["clientOrderID"], order["price"], order["status"]) for order in orders] == [
        ("a", "60000", "PENDING"),
        ("b", "59000.10", "PENDING"),
    ]


def test_numbers_in_a_batch_keep_their_digits() -> None:
    """A number without quotes is read as it was written."""
    trading = Trading()
    data = batch({"price": 60000.10}).replace("60000.1", "60000.10")
    assert send(trading, PLACE_ORDERS, {"data": data})["data"]["orders"][0]["price"] == "60000.10"


@pytest.mark.parametrize(
    ("data", "sync", "text"),
    [
        (batch({}, {"side": "SELL"}), "false", "with sync=false all orders must have the same symbol, side and type"),
        (batch(*[{}] * 6), "true", "data must hold 1 to 5 orders, not 6"),
        ("[]", "true", "data must hold 1 to 5 orders, not 0"),
        ("{}", "true", "data must be the JSON text of a list of orders"),
        ("[1]", "true", "data must be the JSON text of a list of orders"),
        ("[", "true", "data must be the JSON text of a list of orders"),
    ],
)
def test_batches_that_cannot_be(data: str, sync: str, text: str) -> None:
    """They are refused as a whole."""
    answer = send(Trading(), PLACE_ORDERS, {"data": data, "sync": sync})
    assert (answer["code"], answer["msg"]) == (100400, text)


def test_a_batch_one_after_another() -> None:
    """With sync=true the orders may differ."""
    trading = Trading()
    data = batch({}, {"side": "SELL", "symbol": "ETH-USDT", "price": "3000"})
    orders = send(trading, PLACE_ORDERS, {"data": data, "sync": "true"})["data"]["orders"]
    assert [order["symbol"] for order in orders] == [SYMBOL, "ETH-USDT"]


@pytest.mark.parametrize("symbol", ["OTHR#99961-USDT", "MØTH-USDT"])
def test_symbols_that_have_to_be_escaped(symbol: str) -> None:
    """Signed raw and sent percent-encoded they pass; sent raw the query is cut or does not fit; public paths too."""
    trading = Trading()
    order = {**LIMIT, "symbol": symbol, "price": "2", "quantity": "100"}
    assert send(trading, PLACE_ORDER, order)["data"]["symbol"] == symbol
    rules = trading.data("list_symbols", symbol=quote(symbol))["symbols"]
    assert [each["symbol"] for each in rules] == [symbol]


def replace(trading: Trading, mode: str = "STOP_ON_FAILURE", **params: Any) -> Any:
    """The reply to a replacement."""
    return trading.ask("replace_order", **{**LIMIT, "price": "59000", "cancelReplaceMode": mode, **params})


def test_a_replacement() -> None:
    """One order goes, one comes; both are in the reply."""
    trading = Trading()
    old = trading.place(**LIMIT, newClientOrderId="old")
    data = replace(trading, cancelClientOrderID="old", newClientOrderId="new")["data"]
    assert (data["cancelResult"], data["openResult"]) == ({"code": 0, "msg": "", "result": True},) * 2
    assert (data["orderCancelResponse"]["orderId"], data["orderCancelResponse"]["status"]) == (
        old["orderId"],
        "CANCELED",
    )
    assert (data["orderOpenResponse"]["clientOrderID"], data["orderOpenResponse"]["price"]) == ("new", "59000")


@pytest.mark.parametrize(
    ("mode", "is_there", "changes", "results", "n_open"),
    [
        ("STOP_ON_FAILURE", False, {}, (False, False), 0),
        ("ALLOW_FAILURE", False, {}, (False, True), 1),
        ("STOP_ON_FAILURE", True, {"side": "SELL", "quantity": "9"}, (True, False), 0),
        ("ALLOW_FAILURE", True, {"quantity": "x"}, (True, False), 0),
        ("ALLOW_FAILURE", False, {"quantity": "x"}, (False, False), 0),
    ],
)
def test_halves_of_a_replacement(
    mode: str, is_there: bool, changes: dict[str, str], results: tuple[bool, bool], n_open: int
) -> None:
    """Code 0 though a half failed, or both; the order of a failed half is empty."""
    trading = Trading(balances={"USDT": "100000"})
    order_id = trading.place(**LIMIT)["orderId"] if is_there else 7
    answer = replace(trading, mode, cancelOrderId=order_id, **changes)
    data = answer["data"]
    assert (answer["code"], data["cancelResult"]["result"], data["openResult"]["result"]) == (0, *results)
    halves = data["orderCancelResponse"], data["orderOpenResponse"]
    assert [half["orderId"] != 0 for half in halves] == list(results)
    assert [half["status"] == "" for half in halves] == [not each for each in results]
    assert len(trading.data("list_open_orders")["orders"]) == n_open


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "exactly one of cancelOrderId and cancelClientOrderID is required"),
        ({"cancelOrderId": 1, "cancelClientOrderID": "a"}, "exactly one of cancelOrderId and cancelClientOrderID is"),
        (
            {"cancelOrderId": 1, "cancelReplaceMode": "x"},
            "cancelReplaceMode:x must be STOP_ON_FAILURE or ALLOW_FAILURE",
        ),
    ],
)
def test_replacements_that_cannot_be(changes: dict[str, Any], text: str) -> None:
    """They are refused as a whole."""
    answer = replace(Trading(), **changes)
    assert (answer["code"], answer["msg"][: len(text)]) == (100400, text)


def test_a_restriction_of_a_replacement() -> None:
    """The order is replaced only if it has the status asked for."""
    trading = Trading()
    order_id = trading.place(**LIMIT)["orderId"]
    results = [
        replace(trading, cancelOrderId=order_id, cancelRestrictions=status)["data"]["cancelResult"]["result"]
        for status in ("PARTIALLY_FILLED", "PENDING")
    ]
    assert results == [False, True]


def switch(trading: Trading, kind: str, seconds: int = 10) -> tuple[str, int]:
    """Status and trigger time of the dead man's switch, seconds from now."""
    data = trading.data("cancel_all_after", type=kind, timeOut=seconds)
    return data["status"], data["triggerTime"] - int(trading.now) // 1000


def test_the_dead_mans_switch() -> None:
    """It cancels everything, OCO orders too, at its moment by the exchange's clock, unless it is renewed or closed."""
    trading = Trading()
    for params in (LIMIT, STOP):
        trading.place(**params)
    prices = {"limitPrice": "63000", "triggerPrice": "58000", "orderPrice": "57900"}
    trading.data("place_oco_order", symbol=SYMBOL, side="SELL", quantity="1", **prices)

    def n_open() -> tuple[int, int]:
        return len(trading.emulator.open_orders(UID)), len(trading.emulator.open_oco_orders(UID))

    assert switch(trading, "ACTIVATE", 120) == ("ACTIVATED", 120)
    trading.now += 119_999
    assert switch(trading, "ACTIVATE") == ("ACTIVATED", 10)  # renewed
    trading.now += 9999
    assert n_open() == (2, 1)
    trading.now += 1
    assert n_open() == (0, 0)
    assert {order["updateTime"] for order in trading.data("iter_order_history")["orders"]} == {int(trading.now)}
    trading.now += 1999
    assert [switch(trading, kind)[0] for kind in ("ACTIVATE", "CLOSE")] == ["FAILED", "FAILED"]  # under code 0
    trading.now += 1
    trading.place(**LIMIT)
    assert [switch(trading, kind)[0] for kind in ("ACTIVATE", "CLOSE")] == ["ACTIVATED", "CLOSED"]
    trading.now += 20_000
    assert n_open() == (1, 0)


@pytest.mark.parametrize(("kind", "seconds"), [("ACTIVATE", 9), ("ACTIVATE", 121), ("STOP", 10)])
def test_switches_that_cannot_be(kind: str, seconds: int) -> None:
    """10 to 120 seconds."""
    assert Trading().refusal("cancel_all_after", type=kind, timeOut=seconds)[0] == 100400


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize(("variant", "code"), [("refused", 100001), ("accepted", 0)])
def test_a_batch_in_a_body(body: str, variant: str, code: int) -> None:
    """Whether brackets and quotes pass in a body is open."""
    trading = Trading(variants=Variants(unsafe_in_body=variant))
    assert send(trading, PLACE_ORDERS, {"data": batch({})}, body=body)["code"] == code
