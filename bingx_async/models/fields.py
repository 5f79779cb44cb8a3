"""How a model's fields name what the exchange sends: the names stand on the field that they fill."""

from __future__ import annotations

from typing import Any

import attrs

WIRE = "wire"  # the key of a field's metadata
RAW = "raw"  # the name of the field that keeps the reply's own mapping


def wire(*names: str | int, default: Any = None, **more: Any) -> Any:
    """A field filled from the first of `names` that the reply has; an int is the place in a list.

    A field without any default (`default=attrs.NOTHING`) is required: an item of a list that lacks it is left out.
    """
    return attrs.field(default=default, metadata={WIRE: names}, **more)


def text(*names: str | int) -> Any:
    """A text; empty where the reply has none."""
    return wire(*names, default="")


def raw() -> Any:
    """The reply's own mapping, with every field that the model does not name."""
    return attrs.field(factory=dict[str, Any], repr=False, eq=False)
