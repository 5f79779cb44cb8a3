"""The options that every call takes, as given and as complete settings."""

# Not every program is typed, so options are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NoReturn, TypedDict

from attrs import Attribute, evolve, field, frozen

from bingx_async.errors import InvalidRequest
from bingx_async.models.enums import Priority

LONGEST_RECV_WINDOW = 5000  # ms; the exchange's default and greatest
SHOWN = 100  # characters of a wrong value that a message shows


class CallOptions(TypedDict, total=False):
    """What every call takes besides its own arguments.

    `max_wait`: seconds it may queue for quota (0: now or never); `priority`: who goes first; `timeout`: seconds on
    the network; `recv_window`: milliseconds for which the exchange may accept it, at most 5000.
    """

    max_wait: float
    priority: Priority
    timeout: float
    recv_window: int


def shown(value: object) -> str:
    """A wrong value for a message: short, and whatever Python refuses to write out, such as 10**5000, by its type."""
    try:
        text = float.__repr__(value) if isinstance(value, float) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def is_number(value: object) -> bool:
    """Whether it is an int or a float; True and False are neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_wait(_instance: object, _attribute: object, value: Any) -> None:
    if not is_number(value) or not value >= 0:
        raise InvalidRequest(f"max_wait={shown(value)} must be seconds, 0 (now or never) or more")


def _is_timeout(_instance: object, _attribute: object, value: Any) -> None:
    if not is_number(value) or not 0 < value < inf:
        raise InvalidRequest(f"timeout={shown(value)} must be seconds above 0")


def _is_recv_window(_instance: object, _attribute: object, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LONGEST_RECV_WINDOW:
        raise InvalidRequest(f"recv_window={shown(value)} must be whole milliseconds from 1 to {LONGEST_RECV_WINDOW}")


def _is_priority(_instance: object, _attribute: object, value: Any) -> None:
    if value is not None and value not in tuple(Priority):
        raise InvalidRequest(f"priority={shown(value)} must be a Priority")


@frozen
class CallSettings:
    """The options of one call, complete: seconds in the queue, seconds on the network, validity in ms, priority."""

    max_wait: float = field(default=30.0, validator=_is_wait)
    timeout: float = field(default=10.0, validator=_is_timeout)
    recv_window: int = field(default=LONGEST_RECV_WINDOW, validator=_is_recv_window)
    priority: Priority | None = field(default=None, validator=_is_priority)

    def updated(self, options: CallOptions) -> CallSettings:
        """These settings with some of them replaced. Raises `TypeError` for an option that does not exist."""
        unknown = sorted(options.keys() - CallOptions.__annotations__.keys())
        if unknown:
            names = ", ".join(CallOptions.__annotations__)
            raise TypeError(f"unexpected argument {', '.join(unknown)}; every call takes {names}")
        return evolve(self, **options) if options else self


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
