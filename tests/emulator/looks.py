"""Looks at the open facts: what is seen under each choice, by the name of the fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulator.trading import Trading

Look = Callable[[Trading], Any]
LOOKS: dict[str, tuple[Look, dict[str, Any]]] = {}


def look(**expected: Any) -> Callable[[Look], Look]:
    """A look at the fact that the function is named after; `expected` by choice, or in pairs where it is no name."""

    def note(function: Look) -> Look:
        LOOKS[function.__name__] = function, expected.pop("by", {}) | expected
        return function

    return note
