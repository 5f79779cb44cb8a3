"""Models as values that JSON can hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from bingx_async.models.fields import RAW

if TYPE_CHECKING:
    from cattrs import Converter


def to_dict(model: object) -> dict[str, Any]:
    """A model as plain values, for `json.dumps` or a web framework.

    Decimals become texts in plain notation, moments ISO 8601, enums their text. What a model computes, such as
    `Order.average_price`, is among them; `raw`, the exchange's own mapping, is not.
    """
    if not attrs.has(type(model)):
        raise TypeError(f"to_dict takes one model, such as an Order, not {type(model).__name__}")
    found: dict[str, Any] = _converter().unstructure(model)
    return found


@cache
def _converter() -> Converter:
    from cattrs import Converter  # its import takes longer than that of most of this package

    converter = Converter()
    converter.register_unstructure_hook(Decimal, lambda value: format(value, "f"))
    converter.register_unstructure_hook(datetime, datetime.isoformat)

    @converter.register_unstructure_hook_factory(attrs.has)
    def _writer(kind: type[attrs.AttrsInstance]) -> Any:  # pyright: ignore[reportUnusedFunction]
        names = [field.name for field in attrs.fields(kind) if field.name != RAW]
        names += [name for name, value in vars(kind).items() if isinstance(value, property)]

        def write(model: object) -> dict[str, Any]:
            return {name: converter.unstructure(getattr(model, name)) for name in names}

        return write

    return converter
