"""JSON that keeps every digit: decimals are written and read as the text they are, never through float."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any, cast


def encode(value: Any) -> str:
    """`value` as compact JSON; a `Decimal` becomes a number in plain notation."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "{" + ",".join(f"{encode_basestring_ascii(name)}:{encode(item)}" for name, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encode, cast("Sequence[Any]", value))) + "]"
    return json.dumps(value)


def decode(text: str | bytes) -> Any:
    """The value of a JSON text; numbers with a point become `Decimal`."""
    return json.loads(text, parse_float=Decimal)
