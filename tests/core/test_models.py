"""Models are plain frozen values; their enums keep what they do not know."""

import copy
import pickle
from decimal import Decimal

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

import bingx_async.models as models
from bingx_async.models import (
    CancelFailure,
    CancelOrdersResult,
    CancelOutcome,
    CancelRestriction,
    CancelStatus,
    OcoLeg,
    OcoOrder,
    OcoOrderType,
    OcoReference,
    OpenEnum,
    Order,
    OrderStatus,
    OrderType,
    Priority,
    Side,
)

ENUMS: list[type[OpenEnum]] = [OrderStatus, OrderType, OcoOrderType, Side]
LEGS = (
    OcoLeg("1853127802573152267", order_type=OcoOrderType.LIMIT, price=Decimal("64000.10")),
    OcoLeg("1853127802573152269", order_type=OcoOrderType.STOP_LIMIT, order_list_id="1853127802573152265"),
)
VALUES = [
    Order("BTC-USDT", 1853127749402681347, status=OrderStatus("LIQUIDATED"), price=Decimal("1.50"), raw={"x": 1}),
    CancelFailure(1853127750918406999, error="order not exist"),
    CancelOrdersResult((Order(order_id=1),), (CancelFailure(2),), {"orders": []}),
    OcoOrder(LEGS, [{"orderId": "1"}]),
    OcoReference("1853127802573152267", "240917001"),
    *LEGS,
    CancelOutcome(1853127749402681347, CancelStatus.CANCELLED, Order(order_id=1853127749402681347)),
    CancelOutcome("ladder-7_03", CancelStatus.REFUSED, None, 100437, "no"),
]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            OrderStatus,
            ["NEW", "PENDING", "PARTIALLY_FILLED", "FILLED", "CANCELED", "FAILED", "WORKING", "RUNNING", "EXPIRED"],
        ),
        (
            OrderType,
            ["MARKET", "LIMIT", "TAKE_STOP_LIMIT", "TAKE_STOP_MARKET", "TRIGGER_LIMIT", "TRIGGER_MARKET"],
        ),
        (OcoOrderType, ["ocoLimit", "ocoTps"]),
        (Side, ["BUY", "SELL"]),
        (CancelRestriction, ["NEW", "PENDING", "PARTIALLY_FILLED"]),
    ],
)
def test_members_of_the_documents(kind: type[OrderStatus], values: list[str]) -> None:
    """Each enum has exactly the members the documents name."""
    assert [member.value for member in kind] == values


def test_the_states_of_an_order() -> None:
    """A state is open, final or, where it is not known, neither; the exchange writes one of them in two ways."""
    states = [*OrderStatus, OrderStatus(""), OrderStatus("LIQUIDATED")]
    assert [each.value for each in states if each.is_open] == [
        "NEW",
        "PENDING",
        "PARTIALLY_FILLED",
        "WORKING",
        "RUNNING",
    ]
    assert [each.value for each in states if each.is_final] == ["FILLED", "CANCELED", "FAILED", "EXPIRED"]
    assert OrderStatus("CANCELLED") is OrderStatus.CANCELED


@given(st.sampled_from(ENUMS), st.text().filter(lambda text: text != "CANCELLED"))
def test_enums_keep_what_they_do_not_know(kind: type[OpenEnum], value: str) -> None:
    """Any text becomes a member that equals it, hashes like it and says whether it is known."""
    member = kind(value)
    assert isinstance(member, kind)
    assert (member, str(member), member.value, hash(member)) == (value, value, value, hash(value))
    assert member == kind(value)
    assert member.is_known == (value in [known.value for known in kind])
    assert list(kind) == [known for known in kind.__members__.values() if known.is_known]


def test_a_members_name_is_not_its_value() -> None:
    """`LIMIT` is the name of a known OCO type, but as a value it is unknown."""
    assert (OcoOrderType("LIMIT").is_known, OcoOrderType("ocoLimit").is_known) == (False, True)


@pytest.mark.parametrize("kind", ENUMS)
def test_only_text_becomes_a_member(kind: type[OpenEnum]) -> None:
    """A value that is no text is no member."""
    with pytest.raises(ValueError, match="5 is not a valid"):
        kind(5)


@given(st.sampled_from(ENUMS), st.text())
def test_enums_survive_pickling(kind: type[OpenEnum], value: str) -> None:
    """A member, known or not, equals its pickle and its copies."""
    member = kind(value)
    copies = [pickle.loads(pickle.dumps(member)), copy.copy(member), copy.deepcopy(member)]
    assert copies == [member] * 3
    assert [type(each) for each in copies] == [kind] * 3


def test_priorities_order() -> None:
    """A kill switch goes before cancels, these before placing, that before reading."""
    assert sorted(Priority) == [Priority.KILL_SWITCH, Priority.CANCEL, Priority.PLACE, Priority.READ]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive_pickling(value: object) -> None:
    """A model equals its pickle and its copies, and has the hash of an equal one unless it holds `raw` lists."""
    copies = [pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)]
    assert copies == [value] * 3
    assert {hash(each) for each in copies} == {hash(value)}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_frozen(value: Order) -> None:
    """A model cannot be changed, and its repr leaves the raw reply out."""
    with pytest.raises(FrozenInstanceError):
        value.symbol = ""  # type: ignore[misc]
    assert "raw" not in repr(value)


def test_equality_ignores_the_raw_reply() -> None:
    """Two replies that say the same in the fields named here are equal."""
    assert Order("BTC-USDT", 7, raw={"new": 1}) == Order("BTC-USDT", 7)
    assert Order("BTC-USDT", 7) != Order("BTC-USDT", 8)
    assert OcoOrder(LEGS, []) == OcoOrder(LEGS, {})


def test_nothing_is_shared_between_values() -> None:
    """The default `raw` of one value is not that of another."""
    assert Order().raw is not Order().raw


def test_oco_order_finds_its_legs() -> None:
    """The legs are found by type, wherever they stand, and the list's id on either of them."""
    order = OcoOrder(LEGS[::-1])
    assert (order.limit_leg, order.stop_leg, order.order_list_id) == (*LEGS, "1853127802573152265")


def test_oco_order_without_legs() -> None:
    """A reply that named no legs still is an order."""
    assert (OcoOrder().limit_leg, OcoOrder().stop_leg, OcoOrder().order_list_id) == (None, None, "")


def test_public_names() -> None:
    """Every public name exists, and every model and enum is public."""
    public = {name for name, value in vars(models).items() if isinstance(value, type)}
    assert set(vars(models)["__all__"]) == public
