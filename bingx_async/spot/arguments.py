"""Arguments in the form in which they travel. One that the exchange could only refuse is an `InvalidRequest` that
says what to write instead."""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from math import inf
from typing import Any, TypeVar

from bingx_async.core.options import is_number, shown
from bingx_async.errors import InvalidRequest
from bingx_async.models.fields import CancelRestriction, OpenEnum

_SYMBOL = re.compile(r"[A-Z0-9]+-[A-Z0-9]+").fullmatch
_RARE_SYMBOL = re.compile(r"(?:[^\W_]|#)+-[A-Z0-9]+").fullmatch  # OTHR#99961-USDT, MØTH-USDT
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}").fullmatch
_NEW_CLIENT_ID = re.compile(r"[A-Za-z0-9_]{1,40}").fullmatch
_OCO_CLIENT_ID = re.compile(r"[0-9]{1,40}").fullmatch
_WORD = re.compile(r"[A-Za-z0-9]+").fullmatch
_ORDER_ID = re.compile(r"[0-9]{1,19}").fullmatch
_INT64 = 2**63 - 1
_LONGEST_ID = 10**40
_EARLIEST, _LATEST = 10**12, 10**14  # epoch ms of 2001 and 5138: seconds and microseconds lie outside

Number = Decimal | int | str
E = TypeVar("E", bound=OpenEnum)


def symbol(value: str) -> str:
    """A trading pair in upper case with a dash."""
    if isinstance(value, str) and (_SYMBOL(value) or (_RARE_SYMBOL(value) and value == value.upper())):
        return value
    raise InvalidRequest(
        f"symbol={shown(value)} is not a trading pair: write it as in 'BTC-USDT', upper case with a dash"
    )


def order_id(value: int | str, name: str = "order_id") -> int:
    """A positive int64, from an int or its digits."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if (is_whole or (isinstance(value, str) and _ORDER_ID(value))) and 0 < int(value) <= _INT64:
        return int(value)
    if hasattr(value, "__index__") and not isinstance(value, int):  # an int of another library
        raise InvalidRequest(f"{name}={shown(value)} is of type {type(value).__name__}: write int({name})")
    raise InvalidRequest(
        f"{name}={shown(value)} is not an order id: write the whole number the exchange gave, as int or str"
    )


def seconds(value: float | None, name: str) -> float:
    """A span above 0; None is for ever."""
    if value is None:
        return inf
    if is_number(value) and value > 0:
        return float(value)
    raise InvalidRequest(f"{name}={shown(value)} must be seconds above 0, or None")


def client_order_id(value: str, name: str = "client_order_id") -> str:
    """1 to 40 characters, of those that need no escaping; no comma, which separates ids."""
    if isinstance(value, str) and _CLIENT_ID(value):
        return value
    raise InvalidRequest(
        f"{name}={shown(value)} is not a client order id: write 1 to 40 characters of A-Z a-z 0-9 . _ -"
    )


def oco_client_order_id(value: str | int, name: str) -> str:
    """Digits only, at most 40."""
    text = digits(value)
    if isinstance(text, str) and _OCO_CLIENT_ID(text):
        return text
    raise InvalidRequest(f"{name}={shown(value)} must be digits only, at most 40 of them, such as '123456'")


def side(value: str) -> str:
    """BUY or SELL."""
    if isinstance(value, str) and value in ("BUY", "SELL"):
        return str(value)
    raise InvalidRequest(f"side={shown(value)} must be 'BUY' or 'SELL'")


def amount(value: Number, name: str) -> str:
    """A positive decimal in plain notation. A float is refused: its digits are not the ones you wrote."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str, float)):
        raise InvalidRequest(f"{name}={shown(value)} is not a number: write a Decimal, an int or a str such as '0.1'")
    if isinstance(value, str) and "_" in value:  # Python's own notation
        raise InvalidRequest(f"{name}={shown(value)} holds underscores: write '{value.replace('_', '')}'")
    try:
        number = Decimal(float.__repr__(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise InvalidRequest(f"{name}={shown(value)} is not a number: write a Decimal or a str such as '0.1'") from None
    if not number.is_finite() or number <= 0:
        raise InvalidRequest(f"{name}={shown(value)} must be a finite number above 0")
    if number.adjusted() > 30 or number.as_tuple().exponent < -30:  # type: ignore[operator]
        raise InvalidRequest(f"{name}={shown(value)} has more digits than any market; write at most 30 on each side")
    if isinstance(value, float):
        raise InvalidRequest(f"{name}={shown(value)} is a float: write {name}=Decimal('{shown(value)}')")
    return format(number, "f")


def moment(value: datetime | int, name: str) -> int:
    """Epoch ms from an aware datetime or from epoch ms; a datetime without a zone could be any of 24 moments."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return round(value.timestamp() * 1000)
    if isinstance(value, int) and not isinstance(value, bool) and _EARLIEST <= value < _LATEST:
        return int(value)
    raise InvalidRequest(
        f"{name}={shown(value)} must be a datetime with a time zone, such as datetime.now(UTC), or epoch milliseconds"
    )


def flag(value: bool, name: str) -> bool:
    """True or False: `partial="no"` would mean yes."""
    if isinstance(value, bool):
        return value
    raise InvalidRequest(f"{name}={shown(value)} must be True or False")


def order_ref(number: int | str | None, name: str | None) -> int | str:
    """One order, named by exactly one of its ids: an int is an order id, a text a client order id."""
    if (number is None) is (name is None):
        either({"order_id": number, "client_order_id": name})
    return order_id(number) if number is not None else client_order_id(name or "")


def whole(value: int, name: str, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return int(value)
    raise InvalidRequest(f"{name}={shown(value)} must be a whole number from {least} to {most}")


def either(given: dict[str, object]) -> None:
    """Exactly one of the arguments must be given."""
    names = " or ".join(given)
    count = sum(value is not None for value in given.values())
    if count != 1:
        raise InvalidRequest(f"give exactly one of {names}, not {'none' if not count else 'both'}")


def order_ids(values: Iterable[int | str], name: str = "order_ids") -> list[int]:
    """Order ids of a batch, in the order given."""
    return [order_id(value, name) for value in _listed(values, name, "[1, 2]")]


def client_order_ids(values: Iterable[str]) -> list[str]:
    """Client order ids of a batch, in the order given."""
    name = "client_order_ids"
    return [client_order_id(value, name) for value in _listed(values, name, "['a', 'b']")]


def not_empty(values: list[int | str], name: str) -> None:
    """At least one id."""
    if not values:
        raise InvalidRequest(f"give at least one id in {name}; to cancel everything there is cancel_open_orders")


def restriction(value: str) -> str:
    """A status after which an order is cancelled."""
    try:
        return CancelRestriction(value).value
    except ValueError:
        raise InvalidRequest(
            f"only_if={shown(value)} must be one of {', '.join(member.value for member in CancelRestriction)}"
        ) from None


def digits(value: Any) -> Any:
    """An int as its digits, if they can be an id; anything else as it is."""
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST_ID
    return str(int(value)) if is_id else value


def _listed(values: Iterable[Any], name: str, example: str) -> Iterable[Any]:
    """Several values. A text is one value, though Python can iterate over its characters."""
    if isinstance(values, (str, bytes, bytearray, memoryview)) or not isinstance(values, Iterable):
        raise InvalidRequest(f"{name}={shown(values)} must be a list, such as {example}")
    return values


def symbols(values: Iterable[str]) -> list[str]:
    """Trading pairs, each once."""
    return list(dict.fromkeys(symbol(value) for value in _listed(values, "symbols", "['BTC-USDT']")))


def span(start: datetime | int | None, end: datetime | int | None) -> tuple[int | None, int | None]:
    """Both bounds as epoch ms, in order."""
    first = None if start is None else moment(start, "start")
    last = None if end is None else moment(end, "end")
    if first is not None and last is not None and first > last:
        raise InvalidRequest(f"start={shown(start)} must not be later than end={shown(end)}")
    return first, last


def member(value: str, among: Iterable[E], name: str) -> E:
    """The member of an enum that has this text."""
    members = list(among)
    found = [each for each in members if isinstance(value, str) and each == value]
    if not found:
        raise InvalidRequest(f"{name}={shown(value)} must be one of {', '.join(members)}")
    return found[0]


def filled(mapping: Any, name: str) -> Any:
    """A mapping that can be filled; a new one if none is given."""
    if mapping is None:
        return {}
    if isinstance(mapping, MutableMapping):
        return mapping  # pyright: ignore[reportUnknownVariableType]
    raise InvalidRequest(f"{name}={shown(mapping)} must be a mapping that can be filled, such as an empty dict")


def trade_id(value: int | str, name: str) -> int:
    """The id of a trade: a whole number, of up to 40 digits."""
    found = digits(value)
    if isinstance(found, str) and _OCO_CLIENT_ID(found):
        return int(found)
    raise InvalidRequest(f"{name}={shown(value)} is not the id of a trade: write its digits, as int or str")


def word(value: str, name: str, such_as: str) -> str:
    """A name of the exchange, such as that of an asset: letters and digits."""
    if isinstance(value, str) and _WORD(value):
        return str(value)
    raise InvalidRequest(f"{name}={shown(value)} must be letters and digits, such as {such_as!r}")


def new_client_order_id(value: str) -> str:
    """An id for an order to be placed: fewer characters than an id that is only asked for."""
    if isinstance(value, str) and _NEW_CLIENT_ID(value):
        return value
    raise InvalidRequest(
        f"client_order_id={shown(value)} is no id for a new order: write 1 to 40 letters, digits and underscores"
    )


def choice(value: str, name: str, *choices: str) -> str:
    """One of these texts."""
    if isinstance(value, str) and value in choices:
        return value
    raise InvalidRequest(f"{name}={shown(value)} must be {' or '.join(map(repr, choices))}")
