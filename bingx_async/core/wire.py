"""From the exchange's JSON to models: tolerant, and never raising.

Once the exchange has said code 0 the order is live or gone, so nothing in the reply may raise: unknown fields are
ignored, missing ones and nulls take the field's default, an unknown enum value is kept as it came, a number that
cannot be read is None. Numbers become `Decimal` from their text, ids keep all digits. `raw` keeps what came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

import cattrs
from cattrs.gen import make_dict_structure_fn, override

from bingx_async.models import (
    CancelFailure,
    CancelOrdersResult,
    OcoLeg,
    OcoOrder,
    OcoReference,
    OpenEnum,
    Order,
)

T = TypeVar("T")

LONGEST = 40  # digits of an integer; `1e999999999` is a few bytes of JSON and hours of arithmetic
_INT64 = 2**63  # what the exchange calls a long
_decode = json.JSONDecoder(parse_float=Decimal).decode
_CODE_ZERO = re.compile(r'\s*\{\s*"code"\s*:\s*"?0"?\s*[,}]').match


def parse(text: str) -> Mapping[str, Any] | None:
    """The reply's mapping, or None if it is not a JSON object. A cut-off object that says code 0 keeps its code."""
    try:
        value = _load(text)
    except (ValueError, RecursionError):
        return {"code": 0} if _CODE_ZERO(text) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _load(text: str) -> Any:
    try:
        return _decode(text)
    except (ValueError, InvalidOperation):  # perhaps a number beyond what int or Decimal can hold
        return json.loads(text, parse_float=decimal, parse_int=decimal)


def integer(value: object) -> int | None:
    """An int from an int, a digit string or an integral Decimal of at most 40 digits; else None."""
    if type(value) is int and -_INT64 <= value <= _INT64:
        return value
    number = decimal(value)
    if number is None or number.adjusted() >= LONGEST or number != number.to_integral_value():
        return None
    return int(number)


def decimal(value: object) -> Decimal | None:
    """A finite Decimal from a number or its text; else None."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def text(value: object) -> str:
    """A string from a string or an integer (ids come as either); else the empty string."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list, or none."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in found if isinstance(item, dict)]


_converter = cattrs.Converter(detailed_validation=False)
# By class: cattrs prefers its own hook for str, and so for string enums, to a hook with a predicate.
_converter.register_structure_hook(str, lambda value, _: text(value))
_converter.register_structure_hook(OpenEnum, lambda value, kind: kind(text(value)))
_converter.register_structure_hook(int | None, lambda value, _: integer(value))
_converter.register_structure_hook(Decimal | None, lambda value, _: decimal(value))
_converter.register_structure_hook_func(lambda kind: kind == Mapping[str, Any], lambda value, _: value)


def _reader(kind: type[T], **names: str) -> Callable[[object], T]:
    """A function from the exchange's mapping to `kind`; `names` maps our field names to the wire's."""
    renames = {ours: override(rename=wire) for ours, wire in names.items()}
    structure = make_dict_structure_fn(kind, _converter, **renames)  # type: ignore[arg-type]
    wanted = (*names.values(), "raw")

    def read(value: object) -> T:
        raw = mapping(value)
        fields = {name: raw[name] for name in wanted if raw.get(name) is not None}
        if fields.get("stopPrice") is None and raw.get("StopPrice") is not None:
            fields["stopPrice"] = raw["StopPrice"]  # both spellings are met
        fields["raw"] = raw
        return structure(fields, kind)

    return read


read_order = _reader(
    Order,
    symbol="symbol",
    order_id="orderId",
    client_order_id="clientOrderID",
    price="price",
    stop_price="stopPrice",
    original_quantity="origQty",
    executed_quantity="executedQty",
    cumulative_quote_quantity="cummulativeQuoteQty",
    status="status",
    type="type",
    side="side",
)
read_cancel_failure = _reader(CancelFailure, order_id="orderId", client_order_id="clientOrderID", error="error")
read_oco_leg = _reader(
    OcoLeg,
    order_id="orderId",
    client_order_id="clientOrderId",
    order_type="orderType",
    symbol="symbol",
    price="price",
    trigger_price="triggerPrice",
    quantity="quantity",
    status="status",
    side="side",
    order_list_id="orderListId",
)
read_oco_reference = _reader(OcoReference, order_id="orderId", client_order_id="clientOrderId")


def read_orders(data: object) -> list[Order]:
    """`data.orders` of cancelOpenOrders; a bare list is read as well."""
    return [read_order(item) for item in items(mapping(data).get("orders", data))]


def read_cancel_orders(data: object) -> CancelOrdersResult:
    """`data.orders` and `data.fails` of cancelOrders; either may be absent."""
    raw = mapping(data)
    fails = tuple(read_cancel_failure(item) for item in items(raw.get("fails")))
    return CancelOrdersResult(tuple(read_orders(data)), fails, raw)


def read_oco_order(data: object) -> OcoOrder:
    """The two legs: a list, or an object with `orders`."""
    legs = mapping(data).get("orders", data)
    return OcoOrder(tuple(read_oco_leg(item) for item in items(legs)), data)


def read_server_time(data: object) -> float | None:
    """`data.serverTime`, epoch milliseconds, or None."""
    millis = integer(mapping(data).get("serverTime"))
    return float(millis) if millis is not None and millis > 0 else None
