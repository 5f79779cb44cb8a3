"""From the samples to models, field by field; and from anything else to a model all the same."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core import wire
from bingx_async.models import (
    CancelFailure,
    CancelOrdersResult,
    OcoLeg,
    OcoOrder,
    OcoOrderType,
    OcoReference,
    Order,
    OrderStatus,
    OrderType,
    Side,
)
from bingx_async.spot import market, oco, orders

SAMPLES = Path(__file__).parent.parent / "samples"
ENDPOINTS = [
    orders.CANCEL_ORDER,
    orders.CANCEL_ORDERS,
    orders.CANCEL_OPEN_ORDERS,
    oco.PLACE_OCO_ORDER,
    oco.CANCEL_OCO_ORDER,
    market.TIME_ENDPOINTS[0],
]


def sample(name: str) -> Any:
    """The data of a sample reply, read as a reply is."""
    raw = wire.parse((SAMPLES / f"{name}.json").read_text())
    assert raw is not None
    assert raw["code"] == 0
    return raw["data"]


def parsed(data: object) -> Any:
    """Data as it comes out of a reply."""
    raw = wire.parse(json.dumps({"code": 0, "data": data}))
    assert raw is not None
    return raw["data"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_has_a_sample(endpoint: Any) -> None:
    """Each endpoint reads its sample into something that is not empty."""
    assert endpoint.read(sample(endpoint.name)) != endpoint.read({})


def test_cancel_order() -> None:
    """All fields of a cancelled order, digits and scale kept."""
    data = sample("cancel_order")
    order = wire.read_order(data)
    assert order == Order(
        symbol="BTC-USDT",
        order_id=1853127749402681347,
        client_order_id="ladder-7_03",
        price=Decimal("61250.5"),
        stop_price=Decimal("60990.10"),
        original_quantity=Decimal("0.00150000"),
        executed_quantity=Decimal("0.00050000"),
        cumulative_quote_quantity=Decimal("30.62525"),
        status=OrderStatus.CANCELED,
        type=OrderType.LIMIT,
        side=Side.BUY,
    )
    assert (str(order.original_quantity), str(order.stop_price)) == ("0.00150000", "60990.10")
    assert order.raw is data


def test_cancel_orders() -> None:
    """Cancelled orders, those that failed, and the reply's own mapping."""
    data = sample("cancel_orders")
    result = wire.read_cancel_orders(data)
    assert [(order.order_id, order.price, order.side) for order in result.orders] == [
        (1853127750918406659, Decimal("2417.33"), Side.SELL),
        (1853127750918406661, Decimal("2418.87"), Side.SELL),
    ]
    assert [order.stop_price for order in result.orders] == [Decimal(0), None]
    assert result.fails == (CancelFailure(1853127750918406999, "", "order not exist"),)
    assert result.raw is data
    assert result.orders[0].raw["transactTime"] == 1790000003218


def test_cancel_open_orders() -> None:
    """A list of orders; an id that came as a string is the same number."""
    (order,) = wire.read_orders(sample("cancel_open_orders"))
    assert (order.order_id, order.type, order.client_order_id) == (
        1853127761240088577,
        OrderType.TAKE_STOP_LIMIT,
        "sol-grid-11",
    )
    assert (order.stop_price, order.cumulative_quote_quantity) == (Decimal("147.5"), Decimal("370.05"))


def test_place_oco_order() -> None:
    """Two legs from a list; JSON numbers become the Decimals of their text."""
    order = wire.read_oco_order(sample("place_oco_order"))
    assert order.limit_leg == OcoLeg(
        order_id="1853127802573152267",
        client_order_id="240917001",
        order_type=OcoOrderType.LIMIT,
        symbol="BTC-USDT",
        price=Decimal("64000.10"),
        trigger_price=Decimal(0),
        quantity=Decimal("0.012345678901234567"),
        status=OrderStatus.NEW,
        side=Side.SELL,
        order_list_id="1853127802573152265",
    )
    assert order.stop_leg is not None
    assert (order.stop_leg.order_id, order.stop_leg.trigger_price) == ("1853127802573152269", Decimal("58000.5"))
    assert (order.stop_leg.status, order.stop_leg.price) == (OrderStatus.PENDING, Decimal(57900))
    assert order.order_list_id == "1853127802573152265"
    assert str(order.limit_leg and order.limit_leg.price) == "64000.10"


def test_place_oco_order_as_object() -> None:
    """The same from an object with `orders`; ids that came as numbers keep all digits."""
    order = wire.read_oco_order(sample("place_oco_order_as_object"))
    assert [leg.order_id for leg in order.legs] == ["1853127830044418063", "1853127830044418061"]
    assert order.limit_leg is not None
    assert order.limit_leg is order.legs[1]
    assert (order.limit_leg.trigger_price, order.order_list_id) == (None, "")
    assert order.raw == sample("place_oco_order_as_object")


def test_cancel_oco_order() -> None:
    """The ids by which the cancelled OCO order is known."""
    assert wire.read_oco_reference(sample("cancel_oco_order")) == OcoReference("1853127802573152267", "240917001")


def test_server_time() -> None:
    """The exchange's clock in milliseconds."""
    assert wire.read_server_time(sample("server_time")) == 1790000000123.0


@pytest.mark.parametrize("data", [None, {}, {"serverTime": 0}, {"serverTime": -1}, {"serverTime": "soon"}, []])
def test_no_server_time(data: object) -> None:
    """A reply without a time has none."""
    assert wire.read_server_time(parsed(data)) is None


@pytest.mark.parametrize(
    ("fields", "stop_price"),
    [
        ({"StopPrice": "1.5"}, Decimal("1.5")),
        ({"stopPrice": None, "StopPrice": "1.5"}, Decimal("1.5")),
        ({"stopPrice": "2.5", "StopPrice": "1.5"}, Decimal("2.5")),
        ({"stopPrice": 2.50, "StopPrice": None}, Decimal("2.5")),
        ({"stopPrice": "", "StopPrice": None}, None),
        ({}, None),
    ],
)
def test_spellings_of_stop_price(fields: dict[str, Any], stop_price: Decimal | None) -> None:
    """`stopPrice` is also spelled `StopPrice`."""
    assert wire.read_order(parsed(fields)).stop_price == stop_price


def test_unknown_values() -> None:
    """Unknown fields are kept in `raw`, unknown enum values as they came."""
    order = wire.read_order(parsed({"orderId": 7, "status": "EXPIRED_IN_MATCH", "type": "", "side": 3, "feeRate": "1"}))
    assert (order.order_id, order.status, order.type, order.side) == (7, "EXPIRED_IN_MATCH", "", "3")
    assert (order.status.is_known, order.raw["feeRate"]) == (False, "1")


@pytest.mark.parametrize("endpoint", ENDPOINTS[:3] + ENDPOINTS[4:5], ids=lambda endpoint: endpoint.name)
def test_nulls_are_as_good_as_nothing(endpoint: Any) -> None:
    """A field that is null reads as one that is missing."""
    names = [*sample("cancel_order"), *sample("place_oco_order")[0], "error"]
    nothing: dict[str, Any] = dict.fromkeys(names)
    wrapped = {"orders": [nothing], "fails": [nothing], **nothing}
    empty: dict[str, Any] = {"orders": [{}], "fails": [{}]}
    assert endpoint.read(wrapped) == endpoint.read(empty)


def test_null_legs() -> None:
    """A leg full of nulls is an empty leg."""
    assert wire.read_oco_order([dict.fromkeys(sample("place_oco_order")[0])]).legs == (OcoLeg(),)


@pytest.mark.parametrize("name", sorted(sample("cancel_order")))
def test_missing_fields(name: str) -> None:
    """Any field may be missing without touching the others."""
    data = {key: value for key, value in sample("cancel_order").items() if key not in (name, "StopPrice")}
    whole, found = wire.read_order(sample("cancel_order")), wire.read_order(data)
    names = [field.name for field in attrs.fields(Order) if field.eq]
    changed = [field for field in names if getattr(whole, field) != getattr(found, field)]
    assert len(changed) == (0 if name == "StopPrice" else 1)
    assert all(getattr(found, field) == getattr(Order(), field) for field in changed)


@pytest.mark.parametrize("data", [{"orders": None}, {"orders": {}}, {"fails": [1]}, {}, None, "x", []])
def test_batches_without_orders(data: object) -> None:
    """Either list of a batch may be absent or be none."""
    result = wire.read_cancel_orders(parsed(data))
    assert (result.orders, result.fails) == ((), ())
    assert wire.read_orders(parsed(data)) == []


def test_bare_list_of_orders() -> None:
    """Orders that come as the data itself are read as well; what is no order in between is left out."""
    assert wire.read_orders(parsed([{"orderId": 7}, None, "x", {"orderId": 8}])) == [
        Order(order_id=7),
        Order(order_id=8),
    ]


def test_field_named_raw() -> None:
    """Should the exchange send a field of that name, `raw` still is the whole reply."""
    data = {"raw": 1, "orderId": 7}
    assert wire.read_order(data).raw is data


@given(st.integers(2**53, 2**63 - 1))
def test_ids_keep_all_digits(number: int) -> None:
    """Ids beyond 2**53 arrive whole, as numbers or strings, in either product."""
    for value in (number, str(number)):
        assert wire.read_order(parsed({"orderId": value})).order_id == number
        assert wire.read_oco_reference(parsed({"orderId": value})).order_id == str(number)
        assert wire.read_cancel_failure(parsed({"orderId": value})).order_id == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_numbers_are_exact(number: Decimal) -> None:
    """A number keeps every digit and its scale, whether it came as text or as a JSON number."""
    for literal in (f'"{number}"', f"{number:f}" if abs(number.adjusted()) < 50 else f'"{number}"'):
        raw = wire.parse(f'{{"price": {literal}}}')
        price = wire.read_order(raw).price
        assert price == number
        assert isinstance(price, Decimal)
    assert str(wire.read_order({"price": str(number)}).price) == str(number)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (Decimal("7.0"), 7),
        ("7e2", 700),
        ("1" * 40, int("1" * 40)),
        ("1" * 41, None),
        ("1e999999999", None),
        ("1e-999999999", None),
        ("7.5", None),
        ("NaN", None),
        ("Infinity", None),
        ("", None),
        ("seven", None),
        (7.0, None),
        (True, None),
        (None, None),
        ([7], None),
    ],
)
def test_integer(value: object, number: int | None) -> None:
    """Integers come from integers, their texts and integral Decimals; from nothing else, and never at great cost."""
    assert wire.integer(value) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (7, "7"), (Decimal("7.50"), "7.50"), (True, ""), (None, ""), (7.5, ""), ([], ""), ({}, "")],
)
def test_text(value: object, text: str) -> None:
    """Texts come from texts and exact numbers; anything else is the empty text."""
    assert wire.text(value) == text


@pytest.mark.parametrize("text", ["", "[]", "1", '"x"', "null", "{", "<html>", "\ufeff{}", "[" * 100_000])
def test_parse_of_no_object(text: str) -> None:
    """What is not a JSON object is none."""
    assert wire.parse(text) is None


def test_parse_beyond_bounds() -> None:
    """A number that neither int nor Decimal can hold is null or a Decimal; the rest of the object is read."""
    raw = wire.parse('{"a": 1e9999999999999999999, "b": %s, "c": 7, "d": 1.50}' % ("9" * 5000))
    assert raw == {"a": None, "b": Decimal("9" * 5000), "c": 7, "d": Decimal("1.50")}


texts = st.text(st.characters(exclude_categories=()), max_size=20)
fields = st.sampled_from(
    [*sample("cancel_order"), *sample("place_oco_order")[0], "orders", "fails", "error", "serverTime", "raw"]
)
numbers = st.integers() | st.floats() | st.sampled_from(["1e999999999", "NaN", "-0", "1_0", "sNaN123"])
jsons = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(fields | texts, inner, max_size=8),
    max_leaves=15,
)
READERS: list[tuple[Callable[[object], object], type | tuple[type, ...]]] = [
    (wire.read_order, Order),
    (wire.read_cancel_orders, CancelOrdersResult),
    (wire.read_orders, list),
    (wire.read_oco_order, OcoOrder),
    (wire.read_oco_reference, OcoReference),
    (wire.read_server_time, (float, type(None))),
]


def test_readers_are_those_of_the_endpoints() -> None:
    """Nothing that reads an endpoint's reply is left out below."""
    assert [read for read, _ in READERS] == [endpoint.read for endpoint in ENDPOINTS]


@given(jsons)
def test_readers_never_raise(data: object) -> None:
    """After code 0 any data at all becomes the endpoint's model."""
    value = parsed(data)
    for read, kind in READERS:
        model = read(value)
        assert isinstance(model, kind)
        assert repr(model)


@given(st.dictionaries(fields, st.integers() | texts | st.none(), max_size=10))
def test_models_have_the_declared_types(data: dict[str, Any]) -> None:
    """Whatever came, each field of an order is of its type or absent."""
    order = wire.read_order(parsed(data))
    assert {type(order.symbol), type(order.client_order_id)} == {str}
    assert {type(order.order_id)} <= {int, type(None)}
    assert {type(order.price), type(order.stop_price), type(order.executed_quantity)} <= {Decimal, type(None)}
    assert (type(order.status), type(order.type), type(order.side)) == (OrderStatus, OrderType, Side)
