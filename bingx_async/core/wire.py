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

from bingx_async.core.columns import read_columns
from bingx_async.models.fields import RAW, WIRE, OpenEnum

T = TypeVar("T")

LONGEST = 40  # digits of an integer; `1e999999999` is a few bytes of JSON and hours of arithmetic
BLANKS = " \t\n\r"
_INT64 = 2**63  # the range of the exchange's ids
_decode = json.JSONDecoder(parse_float=Decimal).raw_decode  # `decode` looks for blanks as long as it reads
_CODE_ZERO = re.compile(r'\s*\{\s*"code"\s*:\s*"?0"?\s*[,}]').match
CUT_OFF: Mapping[str, Any] = {"code": 0}  # all that can be read of a reply that broke off after saying code 0


def parse(text: str) -> Mapping[str, Any] | None:
    """The reply's mapping, or None if it is not a JSON object; `CUT_OFF` if it broke off after saying code 0."""
    try:
        value = _load(text)
    except (ValueError, RecursionError):
        return CUT_OFF if _CODE_ZERO(text) else None
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _load(text: str) -> Any:
    text = text.strip(BLANKS)
    try:
        value, end = _decode(text)
        if end == len(text):
            return value
    except (ValueError, InvalidOperation):
        pass  # perhaps a number beyond what int or Decimal can hold
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
    if type(value) is not str and (isinstance(value, bool) or not isinstance(value, (int, str, Decimal))):
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
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def items(value: object) -> list[Any]:
    """The mappings and lists in a list, or none."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in found if isinstance(item, (dict, list))]


def one(kind: type[T]) -> Callable[[object], T]:
    """Reads the reply's `data` into a model. The reader is made at its first use: making all would slow the import."""
    return lambda data: _reader(kind)(data)


def many(kind: type[T], *names: str) -> Callable[[object], list[T]]:
    """Reads a list of models: the first field of `names` that `data` has, or `data` itself if it is a list."""

    def read(data: object) -> list[T]:
        found = mapping(data)
        return _read_items(next((found[name] for name in names if name in found), data), kind)

    return read


def _required_decimal(value: object) -> Decimal:
    number = decimal(value)
    if number is None:
        raise ValueError(value)
    return number


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _member_of(kind: type[OpenEnum]) -> Callable[[object], OpenEnum]:
    """Reads a member. The known ones are looked up by their texts: to call the class costs five times as much."""
    known: dict[str, OpenEnum] = {member.value: member for member in kind}
    return lambda value: known.get(word := text(value)) or kind(word)


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: text,
    int | None: integer,
    Decimal: _required_decimal,
    Decimal | None: decimal,
    datetime | None: moment,
    bool | None: flag,
}


def _reader_of(kind: Any) -> Callable[[Any], Any]:
    """Reads the value of a field of this type."""
    if _is_tuple(kind):
        return lambda value: tuple(_read_items(value, get_args(kind)[0]))
    return _member_of(kind) if isinstance(kind, type) and issubclass(kind, OpenEnum) else _READERS[kind]


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


def _column_of(field: attrs.Attribute[Any]) -> tuple[Any, Callable[[Any], Any], Any]:
    """The first name of a field, its reader and its default; no name where the exchange does not fill it."""
    name, *_ = field.metadata.get(WIRE, (None,))
    return name, text if name is None else _reader_of(field.type), field.default


def _make_reader(kind: Any) -> Callable[[object], Any]:
    """A function from the exchange's mapping to a class with wire names on its fields, of which `raw` is the last.
    A list in place of the mapping is read by place if the fields have places, else as the first list of the class."""
    fields = attrs.fields(attrs.resolve_types(kind))
    named = [(field, *field.metadata[WIRE]) for field in fields if WIRE in field.metadata]
    columns = [_column_of(field) for field in fields if field.name != RAW]
    others = [(name, other) for _, name, *more in named for other in more]
    has_places = any(isinstance(other, int) for _, other in others)
    listed = next((name for field, name, *_ in named if _is_tuple(field.type)), None)
    raw_type = next((field.type for field in fields if field.name == RAW), None)

    def source_of(value: list[object]) -> Mapping[Any, Any]:
        if has_places:
            return dict(enumerate(value))
        return {listed: value} if listed is not None else {}

    def read(value: object) -> Any:
        given = mapping(value)
        source = source_of(cast("list[object]", value)) if isinstance(value, list) else given
        for name, other in others:
            if source.get(name) is None and source.get(other) is not None:
                source = {**source, name: source[other]}
        get = source.get
        values = [  # a field without a default is read even where it is missing, which raises
            reader(found) if (found := get(name)) is not None or default is attrs.NOTHING else default
            for name, reader, default in columns
        ]
        if raw_type is not None:
            values.append(value if raw_type is Any else given)
        return kind(*values)

    return read


_reader: Callable[[Any], Callable[[object], Any]] = cache(_make_reader)
