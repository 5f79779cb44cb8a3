"""From the exchange's JSON to models: tolerant, and never raising.

Once the exchange has said code 0 the order is live or gone, so nothing in the reply may raise: missing fields and nulls
take the field's default, an unknown enum value is kept as it came, a number that cannot be read is None. The names on
the wire stand on the fields of the models; this module knows no endpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from bingx_async.core.columns import read_columns
from bingx_async.models.fields import RAW, WIRE, OpenEnum

T = TypeVar("T")

LONGEST = 40  # digits of an integer; `1e999999999` is a few bytes of JSON and hours of arithmetic
_INT64 = 2**63  # the range of the exchange's ids
_decode = json.JSONDecoder(parse_float=Decimal).decode
_CODE_ZERO = re.compile(r'\s*\{\s*"code"\s*:\s*"?0"?\s*[,}]').match
CUT_OFF: Mapping[str, Any] = {"code": 0}  # all that can be read of a reply that broke off after saying code 0


def parse(text: str) -> Mapping[str, Any] | None:
    """The reply's mapping, or None if it is not a JSON object; `CUT_OFF` if it broke off after saying code 0."""
    try:
        value = _load(text)
    except (ValueError, RecursionError):
        return CUT_OFF if _CODE_ZERO(text) else None
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


def millis(number: int | None) -> float | None:
    """Epoch milliseconds from seconds, milliseconds or microseconds: seconds have been met. None for 0 and less."""
    if number is None or number <= 0:
        return None
    if number < 1e11:
        return number * 1000.0
    return number / 1000.0 if number > 1e14 else float(number)


def moment(value: object) -> datetime | None:
    """An aware UTC moment from an epoch number in any of those units; else None."""
    at = millis(integer(value))
    with suppress(ValueError, OverflowError, OSError):
        return None if at is None else datetime.fromtimestamp(at / 1000.0, UTC)
    return None


def flag(value: object) -> bool | None:
    """True or False, also from their texts; else None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def text(value: object) -> str:
    """A string from a string or an integer (ids come as either); else the empty string."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """The mapping, or an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """The mappings and lists in a list, or none."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in found if isinstance(item, (dict, list))]


def one(kind: type[T]) -> Callable[[object], T]:
    """Reads the reply's `data` into a model. The reader is made at its first use: making all would slow the import."""
    return lambda data: cast(T, _reader(kind)(data))


def many(kind: type[T], *names: str) -> Callable[[object], list[T]]:
    """Reads a list of models: the first field of `names` that `data` has, or `data` itself if it is a list."""

    def read(data: object) -> list[T]:
        found = mapping(data)
        return _read_items(next((found[name] for name in names if name in found), data), kind)

    return read


_converter = cattrs.Converter(detailed_validation=False)


def _required_decimal(value: object) -> Decimal:
    number = decimal(value)
    if number is None:
        raise ValueError(value)
    return number


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


# By class: cattrs prefers its own hook for str, and so for string enums, to a hook with a predicate.
_converter.register_structure_hook(str, lambda value, _: text(value))
_converter.register_structure_hook(OpenEnum, lambda value, kind: kind(text(value)))
_converter.register_structure_hook(int | None, lambda value, _: integer(value))
_converter.register_structure_hook(Decimal, lambda value, _: _required_decimal(value))
_converter.register_structure_hook(Decimal | None, lambda value, _: decimal(value))
_converter.register_structure_hook(datetime | None, lambda value, _: moment(value))
_converter.register_structure_hook(bool | None, lambda value, _: flag(value))
_converter.register_structure_hook_func(lambda kind: kind == Mapping[str, Any], lambda value, _: value)
_converter.register_structure_hook_func(_is_tuple, lambda value, kind: tuple(_read_items(value, get_args(kind)[0])))


def _read_items(value: object, kind: type[T]) -> list[T]:
    """Every item of a list that can be read as `kind`."""
    if not attrs.has(kind):
        plain = cast("list[object]", value) if isinstance(value, list) else []
        return [kind(text(item)) for item in plain if text(item)]  # type: ignore[call-arg]
    rows = read_columns(value, cast("type[T]", kind))
    if rows is not None:
        return rows
    read, found = _reader(kind), list[T]()
    for item in items(value):
        with suppress(ValueError, TypeError, KeyError):
            found.append(read(item))
    return found


def _make_reader(kind: Any) -> Callable[[object], Any]:
    """A function from the exchange's mapping to a class with wire names on its fields.
    A list in place of the mapping is read by place if the fields have places, else as the first list of the class."""
    fields = attrs.fields(attrs.resolve_types(kind))
    names = {field.name: field.metadata[WIRE] for field in fields if WIRE in field.metadata}
    structure = make_dict_structure_fn(kind, _converter)
    wanted = [(ours, wire[0]) for ours, wire in names.items()]
    others = [(ours, other) for ours, wire in names.items() for other in wire[1:]]
    has_places = any(isinstance(other, int) for _, other in others)
    listed = next((names[field.name][0] for field in fields if _is_tuple(field.type)), None)
    raw_type = next((field.type for field in fields if field.name == RAW), None)

    def source_of(value: Any) -> Mapping[Any, Any]:
        if not isinstance(value, list):
            return mapping(value)
        if has_places:
            return dict(enumerate(cast("list[object]", value)))
        return {listed: value} if listed is not None else {}

    def read(value: object) -> Any:
        source = source_of(value)
        found = {name: source[wire] for name, wire in wanted if source.get(wire) is not None}
        for name, other in others:
            if name not in found and source.get(other) is not None:
                found[name] = source[other]
        if raw_type is not None:
            found[RAW] = value if raw_type is Any else mapping(value)
        return structure(found, kind)

    return read


_reader: Callable[[Any], Callable[[object], Any]] = cache(_make_reader)
