"""Numbers as the exchange sends them: as texts or as numbers, at random in each endpoint, the same each time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from bingx_async.emulator.market.paths import fraction

AMOUNT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
NAMES = re.compile(r"(?i).*(?:price|qty|quantity|fee|commission|commissionRate|notional|size|balance|free|locked)")


def mixed(data: Any, endpoint: str) -> Any:
    """The data of a reply with every number as this endpoint writes it; `endpoint` also names the random choice."""
    if isinstance(data, list):
        return [mixed(item, endpoint) for item in cast("Sequence[Any]", data)]
    if not isinstance(data, dict):
        return data
    fields = cast("dict[str, Any]", data)
    return {name: _rewritten(name, value, endpoint) for name, value in fields.items()}


def _rewritten(name: str, value: Any, endpoint: str) -> Any:
    if not NAMES.fullmatch(name) or isinstance(value, (dict, list, bool)):
        return mixed(value, endpoint)
    is_text = fraction(f"{endpoint}/{name}") < 0.5
    if isinstance(value, str) and AMOUNT.fullmatch(value):
        return value if is_text else Decimal(value)
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return format(number, "f") if is_text else value
    return value
