"""Validators for settings, to be used as `field(validator=number(above=0, at_most=1))`.

Not every program is typed, so settings are checked when it runs, too. All of them raise `InvalidRequest`, which is
also a `ValueError`; its message names the setting, what was given and what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NoReturn

from attrs import Attribute

from bingx_async.core.options import is_number, shown
from bingx_async.errors import InvalidRequest

Validator = Callable[[Any, "Attribute[Any]", Any], None]


def number(*, above: float = -inf, at_least: float = -inf, at_most: float = inf, such_as: float = 0.5) -> Validator:
    """An int or a float within these bounds; a bool is none, and NaN is in no bounds."""
    lower = f"above {above:g}" if above > -inf else f"at least {at_least:g}" if at_least > -inf else ""
    upper = f"at most {at_most:g}" if at_most < inf else ""

    def check(_instance: object, setting: Attribute[Any], value: Any) -> None:
        if not is_number(value):
            _refuse(setting, f"a number such as {such_as:g}", value)
        if not (value > above and at_least <= value <= at_most):
            _refuse(setting, " and ".join(filter(None, (lower, upper))), value)

    return check


def whole(at_least: int) -> Validator:
    """An int of this size at least; a bool is none."""

    def check(_instance: object, setting: Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            _refuse(setting, f"a whole number, {at_least} or more", value)

    return check


def one_of(*choices: str) -> Validator:
    """One of these texts, two at least."""
    *others, last = map(repr, choices)
    names = f"{', '.join(others)} or {last}"

    def check(_instance: object, setting: Attribute[Any], value: object) -> None:
        if not isinstance(value, str) or value not in choices:
            _refuse(setting, names, value)

    return check


def has(method: str, such_as: str) -> Validator:
    """An object, not a class, with this method; the value is not shown, it may hold a password."""

    def check(_instance: object, setting: Attribute[Any], value: object) -> None:
        if isinstance(value, type) or not callable(getattr(value, method, None)):
            raise InvalidRequest(f"{setting.name} must be {such_as}, not {kind_of(value)}")

    return check


def kind_of(value: object) -> str:
    """The kind of a value, for a message that must not show the value itself."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _refuse(setting: Attribute[Any], wanted: str, value: object) -> NoReturn:
    raise InvalidRequest(f"{setting.name} must be {wanted}, not {shown(value)}")
