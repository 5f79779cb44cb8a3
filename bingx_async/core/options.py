"""The options that every call takes, as given and as complete settings."""

# Not every program is typed, so options are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import math
from typing import Any, TypedDict

from attrs import evolve, field, frozen

from bingx_async.errors import InvalidRequest
from bingx_async.models.fields import Priority

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
    if not is_number(value) or not 0 < value < math.inf:
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
