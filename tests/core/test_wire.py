"""From the samples to models, field by field; and from anything else to a model all the same."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.catalogue import CATALOGUE
from bingx_async.core import wire
from bingx_async.emulator.samples import load_sample
from bingx_async.emulator.traffic import encode
from bingx_async.models import (
    CancelFailure,
    CancelOrdersResult,
    Level,
    OcoLeg,
    OcoOrder,
    OcoReference,
    Order,
    OrderStatus,
    OrderType,
    Side,
)
from bingx_async.models.fields import raw as raw_field
from bingx_async.models.fields import wire as wire_field
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS
from bingx_async.spot.market import SERVER_TIME

ENDPOINTS = list(CATALOGUE)
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
read_order = wire.one(Order)
read_cancel_orders = wire.one(CancelOrdersResult)
read_cancel_failure = wire.one(CancelFailure)
read_oco_order = wire.one(OcoOrder)
read_oco_reference = wire.one(OcoReference)
read_orders = CANCEL_OPEN_ORDERS.read
read_server_time = SERVER_TIME.read


def sample(name: str) -> Any:
    """The data of a sample's reply, read as a reply is."""
    return parsed(load_sample(name)["reply"]["data"])


def parsed(data: object) -> Any:
    """Data as it comes out of a reply."""
    raw = wire.parse(encode({"code": 0, "data": data}))
    assert raw is not None
    return raw["data"]


@every_endpoint
def test_every_endpoint_has_a_sample(endpoint: Any) -> None:
    """Each endpoint reads its sample into something that is not empty."""
    assert endpoint.read(sample(endpoint.name)) != endpoint.read({})


def test_scale_is_kept() -> None:
    """A number keeps the digits and the scale of its text, whether it came as a text or as a JSON number."""
    order = read_order(parsed({"origQty": "0.00150000", "stopPrice": "60990.10"}))
    assert (str(order.original_quantity), str(order.stop_price)) == ("0.00150000", "60990.10")
    leg = read_oco_order([{"orderType": "ocoLimit", "price": Decimal("64000.10")}]).limit_leg
    assert leg is not None
    assert str(leg.price) == "64000.10"


def test_raw_is_the_reply() -> None:
    """Every model keeps the mapping that it was read from, with the fields that it does not name."""
    data = sample("cancel_orders")
    result = read_cancel_orders(data)
    assert result.raw is data
    assert result.orders[0].raw["transactTime"] == 1790000003218


def test_place_oco_order_as_object() -> None:
    """Two legs from an object with `orders`; ids that came as numbers keep all digits."""
    fields = {"symbol": "ETH-USDT", "side": "SELL", "clientOrderId": ""}
    stop = {"orderId": 1853127830044418063, "orderType": "ocoTps", "triggerPrice": 2300, **fields}
    data = parsed({"orders": [stop, {"orderId": 1853127830044418061, "orderType": "ocoLimit", **fields}]})
    order = read_oco_order(data)
    assert [leg.order_id for leg in order.legs] == ["1853127830044418063", "1853127830044418061"]
    assert order.limit_leg is not None
    assert order.limit_leg is order.legs[1]
    assert (order.limit_leg.trigger_price, order.order_list_id) == (None, "")
    assert order.raw is data


@attrs.frozen
class Pairs:
    """A list of pairs, and a moment."""

    pairs: tuple[Level, ...] = wire_field("pairs", default=())
    time: datetime | None = wire_field("ts")
    raw: Any = raw_field()


def test_lists_by_place() -> None:
    """A list in place of an object is read by place; an item that lacks a required field is left out."""
    data = parsed({"pairs": [["1.50", 2], {"price": 3, "quantity": "4"}, ["5"], [None, 1], "x", None, ["6", "7", "8"]]})
    found = [(str(level.price), str(level.quantity)) for level in wire.one(Pairs)(data).pairs]
    assert found == [("1.50", "2"), ("3", "4"), ("6", "7")]


@pytest.mark.parametrize(
    ("millis", "moment"),
    [
        (1790000000123, datetime(2026, 9, 21, 14, 13, 20, 123000, UTC)),
        ("1790000000123", datetime(2026, 9, 21, 14, 13, 20, 123000, UTC)),
        (0, None),
        (10**18, None),
        (-(10**18), None),
        ("soon", None),
        (None, None),
    ],
)
def test_moments(millis: Any, moment: datetime | None) -> None:
    """A time is aware UTC from epoch milliseconds; a missing, absurd or unreadable one is None."""
    assert wire.one(Pairs)(parsed({"ts": millis})).time == moment


@pytest.mark.parametrize("data", [None, {}, {"serverTime": 0}, {"serverTime": -1}, {"serverTime": "soon"}, []])
def test_no_server_time(data: object) -> None:
    """A reply without a time has none."""
    assert read_server_time(parsed(data)) is None


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
    assert read_order(parsed(fields)).stop_price == stop_price


def test_unknown_values() -> None:
    """Unknown fields are kept in `raw`, unknown enum values as they came."""
    order = read_order(parsed({"orderId": 7, "status": "EXPIRED_IN_MATCH", "type": "", "side": 3, "feeRate": "1"}))
    assert (order.order_id, order.status, order.type, order.side) == (7, "EXPIRED_IN_MATCH", "", "3")
    assert (order.status.is_known, order.raw["feeRate"]) == (False, "1")


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if not each.is_public], ids=lambda each: each.name)
def test_nulls_are_as_good_as_nothing(endpoint: Any) -> None:
    """A field that is null reads as one that is missing."""
    names = [*sample("cancel_order"), *sample("place_oco_order")[0], "error"]
    nothing: dict[str, Any] = dict.fromkeys(names)
    wrapped = {"orders": [nothing], "fails": [nothing], **nothing}
    empty: dict[str, Any] = {"orders": [{}], "fails": [{}]}
    assert endpoint.read(wrapped) == endpoint.read(empty)


def test_null_legs() -> None:
    """A leg full of nulls is an empty leg."""
    assert read_oco_order([dict.fromkeys(sample("place_oco_order")[0])]).legs == (OcoLeg(),)


@pytest.mark.parametrize("name", sorted(sample("cancel_order")))
def test_missing_fields(name: str) -> None:
    """Any field may be missing without touching the others."""
    data = {key: value for key, value in sample("cancel_order").items() if key not in (name, "StopPrice")}
    whole, found = read_order(sample("cancel_order")), read_order(data)
    names = [field.name for field in attrs.fields(Order) if field.eq]
    changed = [field for field in names if getattr(whole, field) != getattr(found, field)]
    assert len(changed) == (0 if name == "StopPrice" else 1)
    assert all(getattr(found, field) == getattr(Order(), field) for field in changed)


@pytest.mark.parametrize("data", [{"orders": None}, {"orders": {}}, {"fails": [1]}, {}, None, "x", []])
def test_batches_without_orders(data: object) -> None:
    """Either list of a batch may be absent or be none."""
    result = read_cancel_orders(parsed(data))
    assert (result.orders, result.fails) == ((), ())
    assert read_orders(parsed(data)) == []


def test_bare_list_of_orders() -> None:
    """Orders that come as the data itself are read as well; what is no order in between is left out."""
    assert read_orders(parsed([{"orderId": 7}, None, "x", {"orderId": 8}])) == [
        Order(order_id=7),
        Order(order_id=8),
    ]


def test_field_named_raw() -> None:
    """Should the exchange send a field of that name, `raw` still is the whole reply."""
    data = {"raw": 1, "orderId": 7}
    assert read_order(data).raw is data


@given(st.integers(2**53, 2**63 - 1))
def test_ids_keep_all_digits(number: int) -> None:
    """Ids beyond 2**53 arrive whole, as numbers or strings, in either product."""
    for value in (number, str(number)):
        assert read_order(parsed({"orderId": value})).order_id == number
        assert read_oco_reference(parsed({"orderId": value})).order_id == str(number)
        assert read_cancel_failure(parsed({"orderId": value})).order_id == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_numbers_are_exact(number: Decimal) -> None:
    """A number keeps every digit and its scale, whether it came as text or as a JSON number."""
    for literal in (f'"{number}"', f"{number:f}" if abs(number.adjusted()) < 50 else f'"{number}"'):
        raw = wire.parse(f'{{"price": {literal}}}')
        price = read_order(raw).price
        assert price == number
        assert isinstance(price, Decimal)
    assert str(read_order({"price": str(number)}).price) == str(number)


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
READERS = [(endpoint.read, type(endpoint.read(sample(endpoint.name)))) for endpoint in ENDPOINTS]


@given(jsons)
def test_readers_never_raise(data: object) -> None:
    """After code 0 any data at all becomes the endpoint's model."""
    value = parsed(data)
    for read, kind in READERS:
        model = read(value)
        assert isinstance(model, (kind, type(None)) if kind is float else kind)
        assert repr(model)


@given(st.dictionaries(fields, st.integers() | texts | st.none(), max_size=10))
def test_models_have_the_declared_types(data: dict[str, Any]) -> None:
    """Whatever came, each field of an order is of its type or absent."""
    order = read_order(parsed(data))
    assert {type(order.symbol), type(order.client_order_id)} == {str}
    assert {type(order.order_id)} <= {int, type(None)}
    assert {type(order.price), type(order.stop_price), type(order.executed_quantity)} <= {Decimal, type(None)}
    assert (type(order.status), type(order.type), type(order.side)) == (OrderStatus, OrderType, Side)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (' \r\n{"a":1}\t\n', {"a": 1}),
        ('{"a":1}\u00a0', None),
        ('{"a":1} {}', None),
        ('{"code":0} {}', wire.CUT_OFF),
    ],
)
def test_blanks_may_surround_a_reply_and_nothing_else(text: str, parsed: object) -> None:
    """Blanks of JSON around a reply mean nothing; with anything else it is no JSON."""
    assert wire.parse(text) == parsed
