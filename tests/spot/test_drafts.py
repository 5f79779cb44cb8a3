"""The rules of each type of order: what has to be given, what must not be, and the words that say so."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from bingx_async import InvalidRequest, NewOrder, Order, OrderStatus, OrderType, Side
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.drafts import draft

NOW = 1_790_000_000_000.0
AMOUNTS = {"quantity": "0.5", "quote_quantity": "20"}
PRICES = {"price": "40", "stop_price": "41"}
# By type and side: the arguments that are taken; a limit order takes either amount.
TAKEN: dict[tuple[str, str], list[set[str]]] = {
    **{("LIMIT", side): [{"price", "quantity"}, {"price", "quote_quantity"}] for side in ("BUY", "SELL")},
    **{
        (kind, side): [{"price", "stop_price", amount} for amount in AMOUNTS]
        for kind in ("TAKE_STOP_LIMIT", "TRIGGER_LIMIT")
        for side in ("BUY", "SELL")
    },
    ("MARKET", "BUY"): [{"quote_quantity"}],
    ("MARKET", "SELL"): [{"quantity"}],
    **{(kind, "BUY"): [{"stop_price", "quote_quantity"}] for kind in ("TAKE_STOP_MARKET", "TRIGGER_MARKET")},
    **{(kind, "SELL"): [{"stop_price", "quantity"}] for kind in ("TAKE_STOP_MARKET", "TRIGGER_MARKET")},
}
WIRE = {"quantity": "quantity", "quote_quantity": "quoteOrderQty", "price": "price", "stop_price": "stopPrice"}


def drafted(ids: ClientIds | None = None, **fields: Any) -> Any:
    base = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT"}
    return draft(NewOrder(**{**base, **fields}), ids or ClientIds(), NOW)


@pytest.mark.parametrize(("kind", "side"), TAKEN, ids="-".join)
def test_types(kind: str, side: str) -> None:
    """Of the sixteen ways to give amounts and prices each type takes those of the table, and sends just these; any
    other is refused."""
    for given in product([False, True], repeat=4):
        names = {name for name, is_given in zip(WIRE, given, strict=True) if is_given}
        values: dict[str, Any] = {name: {**AMOUNTS, **PRICES}[name] for name in names}
        if names not in TAKEN[kind, side]:
            with pytest.raises(InvalidRequest):
                drafted(side=side, type=kind, **values)
            continue
        params = drafted(side=side, type=kind, client_order_id="a", **values).params
        wanted = {WIRE[name]: value for name, value in values.items()}
        assert params == {"symbol": "BTC-USDT", "side": side, "type": kind, "newClientOrderId": "a", **wanted}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quantity": 1}, "a LIMIT order needs price: write price=Decimal('...')"),
        (
            {"price": 1},
            "a LIMIT order needs an amount: "
            "write quantity=Decimal('...') in BTC or quote_quantity=Decimal('...') in USDT",
        ),
        (
            {"price": 1, "quantity": 1, "quote_quantity": 1},
            "give quantity or quote_quantity, not both: the exchange would ignore quote_quantity",
        ),
        (
            {"price": 1, "stop_price": 1, "quantity": 1},
            "a LIMIT order takes no stop_price: leave it out, or write a type of "
            "TAKE_STOP_LIMIT, TRIGGER_LIMIT, TAKE_STOP_MARKET, TRIGGER_MARKET",
        ),
        (
            {"type": "MARKET", "quantity": 1},
            "a MARKET order that buys needs quote_quantity: write quote_quantity=Decimal('...') in USDT instead",
        ),
        (
            {"type": "MARKET", "side": "SELL", "quote_quantity": 1},
            "a MARKET order that sells needs quantity: write quantity=Decimal('...') in BTC instead",
        ),
        (
            {"type": "MARKET", "quote_quantity": 1, "time_in_force": "IOC"},
            "a MARKET order takes no time_in_force: leave it out, or write a limit type",
        ),
        (
            {"price": 1, "quantity": 1, "time_in_force": "POC"},
            "time_in_force='POC' must be one of GTC, IOC, FOK, PostOnly",
        ),
        (
            {"type": "STOP"},
            "type='STOP' must be one of "
            "MARKET, LIMIT, TAKE_STOP_LIMIT, TAKE_STOP_MARKET, TRIGGER_LIMIT, TRIGGER_MARKET",
        ),
        (
            {"type": None},
            "type=None must be one of MARKET, LIMIT, TAKE_STOP_LIMIT, TAKE_STOP_MARKET, TRIGGER_LIMIT, TRIGGER_MARKET",
        ),
        ({"side": "buy"}, "side='buy' must be 'BUY' or 'SELL'"),
        (
            {"symbol": "BTCUSDT"},
            "symbol='BTCUSDT' is not a trading pair: write it as in 'BTC-USDT', upper case with a dash",
        ),
        ({"price": 0.1, "quantity": 1}, "price=0.1 is a float: write price=Decimal('0.1')"),
        ({"price": 1, "quantity": -1}, "quantity=-1 must be a finite number above 0"),
        (
            {"price": 1, "quantity": 1, "client_order_id": "a-b"},
            "client_order_id='a-b' is no id for a new order: write 1 to 40 letters, digits and underscores",
        ),
        (
            {"price": 1, "quantity": 1, "client_order_id": ""},
            "client_order_id='' is no id for a new order: write 1 to 40 letters, digits and underscores",
        ),
    ],
)
def test_messages(fields: dict[str, Any], message: str) -> None:
    """The message says what to write."""
    with pytest.raises(InvalidRequest) as caught:
        drafted(**fields)
    assert str(caught.value) == message


def test_enums_and_time_in_force() -> None:
    """Enums serve as well as texts; the time in force travels under the exchange's name."""
    made = drafted(side=Side.SELL, type=OrderType.LIMIT, price=1, quantity="1e-7", time_in_force="PostOnly")
    assert {name: made.params[name] for name in ("side", "type", "quantity", "timeInForce")} == {
        "side": "SELL",
        "type": "LIMIT",
        "quantity": "0.0000001",
        "timeInForce": "PostOnly",
    }


def test_ids() -> None:
    """Every draft has an id of its own; a strategy's has the mark, and one without the mark is refused."""
    ids = ClientIds("grid7")
    one, two = (drafted(ids, price=1, quantity=1) for _ in range(2))
    assert one.client_order_id != two.client_order_id
    assert one.params["newClientOrderId"] == one.client_order_id
    assert one.client_order_id.startswith("bx_grid7_")
    assert drafted(ids, price=1, quantity=1, client_order_id="bx_grid7_a").client_order_id == "bx_grid7_a"
    with pytest.raises(InvalidRequest, match="lacks the mark of the strategy 'grid7'"):
        drafted(ids, price=1, quantity=1, client_order_id="a")


def test_mappings() -> None:
    """An order may be a mapping of the fields of NewOrder, as JSON brings it; anything else is refused."""
    fields = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "price": "1", "quantity": "2"}
    assert draft(fields, ClientIds(), NOW).order == NewOrder(**fields)
    with pytest.raises(InvalidRequest, match=r"is no NewOrder: .*'amount'"):
        draft({**fields, "amount": 1}, ClientIds(), NOW)
    with pytest.raises(InvalidRequest, match=r"an order must be a NewOrder\(.*, not of type str"):
        draft("BUY", ClientIds(), NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_likeness() -> None:
    """An order is like the draft unless a field that both have differs; numbers are compared as numbers."""
    made = drafted(price="61250.50", quantity="0.1", client_order_id="a")
    same = Order(symbol="BTC-USDT", price=Decimal("61250.5"), original_quantity=Decimal("0.10"), side=Side("BUY"))
    assert made.is_like(same)
    assert made.is_like(Order(status=OrderStatus.NEW))
    assert not made.is_like(Order(price=Decimal("61250.6")))
    assert not made.is_like(Order(side=Side.SELL))
    assert not made.is_like(Order(symbol="ETH-USDT"))
    assert not made.is_like(Order(original_quantity=Decimal("0.2")))


def test_description() -> None:
    """A reply may leave out the id and the symbol, which are known; what it has stays."""
    made = drafted(price=1, quantity=1, client_order_id="a")
    assert made.described(Order(order_id=7)) == Order(order_id=7, client_order_id="a", symbol="BTC-USDT")
    full = Order(order_id=7, client_order_id="A", symbol="BTC-USDT")
    assert made.described(full) is full
