"""JSON that keeps every digit: decimals are written and read as the text they are, never through float."""

from __future__ import annotations

import json
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any


def encode(value: Any) -> str:
    """`value` as compact JSON; a `Decimal` becomes a number in plain notation."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode_basestring_ascii(key)}:{encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encode, value)) + "]"
    return json.dumps(value)


def decode(text: str | bytes) -> Any:
    """The value of a JSON text; numbers with a point become `Decimal`."""
    return json.loads(text, parse_float=Decimal)
