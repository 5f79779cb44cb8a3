"""The options that every call takes, and validators: `field(validator=number(above=0, at_most=1))`.

Not every program is typed, so they are checked at run time. A wrong one is an `InvalidRequest` that says what to write.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, TypedDict

from attrs import Attribute, evolve, field, frozen
from attrs.validators import and_

from bingx_async.errors import InvalidRequest
from bingx_async.models.fields import Priority

LONGEST_RECV_WINDOW = 5000  # ms; the exchange's default and greatest
SHORTEST_RECV_WINDOW = 100  # ms; a shorter one expires on the way
LONGEST_TIMEOUT = 600.0  # seconds; a larger number is meant as milliseconds
SHOWN = 100  # characters of a wrong value that a message shows
MESSAGE = "{name} must be {wanted}, not {value}"

Validator = Callable[[Any, "Attribute[Any]", Any], None]


class CallOptions(TypedDict, total=False):
    """What every call takes besides its own arguments.

    `max_wait`: seconds it may queue for quota (0: now or never); `priority`: who goes first; `timeout`: seconds on
    the network, at most 600; `recv_window`: milliseconds for which the exchange may accept it, 100 to 5000.
    """

    max_wait: float
    priority: Priority
    timeout: float
    recv_window: int


OPTIONS = CallOptions.__annotations__


class Hidden(str):
    """A text that its repr does not show: a traceback may print the locals of a frame."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


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


def is_whole(value: object) -> bool:
    """Whether it is an int; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def kind_of(value: object) -> str:
    """The kind of a value, for a message that must not show the value itself."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _must_be(
    wanted: str, fits: Callable[[Any], bool], told: Callable[[object], str] = shown, message: str = MESSAGE
) -> Validator:
    def check(_instance: object, setting: Attribute[Any], value: Any) -> None:
        if not fits(value):
            raise InvalidRequest(message.format(name=setting.name, wanted=wanted, value=told(value)))

    return check


def number(*, above: float = -inf, at_least: float = -inf, at_most: float = inf, such_as: float = 0.5) -> Validator:
    """An int or a float within these bounds; NaN is in none."""
    lower = f"above {above:g}" if above > -inf else f"at least {at_least:g}" if at_least > -inf else ""
    upper = f"at most {at_most:g}" if at_most < inf else ""
    bounds = " and ".join(filter(None, (lower, upper)))
    is_within = _must_be(bounds, lambda value: value > above and at_least <= value <= at_most)
    return and_(_must_be(f"a number such as {such_as:g}", is_number), is_within)


def whole(at_least: int) -> Validator:
    """An int of this size at least."""
    return _must_be(f"a whole number, {at_least} or more", lambda value: is_whole(value) and value >= at_least)


def one_of(*choices: str) -> Validator:
    """One of these texts, two at least."""
    *others, last = map(repr, choices)
    return _must_be(f"{', '.join(others)} or {last}", lambda value: isinstance(value, str) and value in choices)


def has(method: str, such_as: str) -> Validator:
    """An object, not a class, with this method; the value is not shown, it may hold a password."""
    return _must_be(such_as, lambda it: not isinstance(it, type) and callable(getattr(it, method, None)), kind_of)


is_flag = _must_be("True or False", lambda value: isinstance(value, bool))


def _option(default: Any, wanted: str, fits: Callable[[Any], bool]) -> Any:
    return field(default=default, validator=_must_be(wanted, fits, message="{name}={value} must be {wanted}"))


@frozen
class CallSettings:
    """The options of one call, complete: seconds in the queue, seconds on the network, validity in ms, priority."""

    max_wait: float = _option(30.0, "seconds, 0 (now or never) or more", lambda it: is_number(it) and it >= 0)
    timeout: float = _option(
        10.0, f"seconds above 0 and at most {LONGEST_TIMEOUT:g}", lambda it: is_number(it) and 0 < it <= LONGEST_TIMEOUT
    )
    recv_window: int = _option(
        LONGEST_RECV_WINDOW,
        f"whole milliseconds from {SHORTEST_RECV_WINDOW} to {LONGEST_RECV_WINDOW}",
        lambda it: is_whole(it) and SHORTEST_RECV_WINDOW <= it <= LONGEST_RECV_WINDOW,
    )
    priority: Priority | None = _option(None, "a Priority", lambda it: it is None or it in tuple(Priority))

    def updated(self, options: CallOptions) -> CallSettings:
        """These settings with some of them replaced. Raises `TypeError` for an option that does not exist."""
        if unknown := options.keys() - OPTIONS.keys():
            raise TypeError(f"unexpected argument {', '.join(sorted(unknown))}; every call takes {', '.join(OPTIONS)}")
        return evolve(self, **options) if options else self
