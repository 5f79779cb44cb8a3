"""What the exchange would refuse is refused here, with a message that says what to write instead."""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from bingx_async.errors import InvalidRequest
from bingx_async.models import CancelRestriction

_SYMBOL = re.compile(r"[A-Z0-9]+-[A-Z0-9]+").fullmatch
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}").fullmatch
_OCO_CLIENT_ID = re.compile(r"[0-9]{1,40}").fullmatch
_INT64 = 2**63 - 1

Number = Decimal | int | str


def symbol(value: str) -> str:
    """A trading pair in upper case with a dash (seed: "e.g., BTC-USDT")."""
    if isinstance(value, str) and _SYMBOL(value):
        return value
    raise InvalidRequest(f"symbol={value!r} is not a trading pair: write it as in 'BTC-USDT', upper case with a dash")


def order_id(value: int | str, name: str = "order_id") -> int:
    """A positive int64, from an int or its digits."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and text.isascii() and text.isdigit() and 0 < int(text[:20]) <= _INT64 and len(text) < 20:
        return int(text)
    raise InvalidRequest(
        f"{name}={value!r} is not an order id: write the whole number the exchange gave, as int or str"
    )


def client_order_id(value: str, name: str = "client_order_id") -> str:
    """1 to 40 characters (seed: trade/cancel), of those that need no escaping; no comma, which separates ids."""
    if isinstance(value, str) and _CLIENT_ID(value):
        return value
    raise InvalidRequest(f"{name}={value!r} is not a client order id: write 1 to 40 characters of A-Z a-z 0-9 . _ -")


def oco_client_order_id(value: str | int, name: str) -> str:
    """Digits only (seed: oco/order), at most 40."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and _OCO_CLIENT_ID(text):
        return text
    raise InvalidRequest(f"{name}={value!r} must be digits only, at most 40 of them, such as '123456'")


def side(value: str) -> str:
    """BUY or SELL."""
    if value in ("BUY", "SELL"):
        return str(value)
    raise InvalidRequest(f"side={value!r} must be 'BUY' or 'SELL'")


def amount(value: Number, name: str) -> str:
    """A positive decimal in plain notation. A float is refused: its digits are not the ones you wrote."""
    if isinstance(value, float):
        raise InvalidRequest(f"{name}={value!r} is a float: write {name}=Decimal('{value!r}')")
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise InvalidRequest(f"{name}={value!r} is not a number: write a Decimal, an int or a str such as '0.1'")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidRequest(f"{name}={value!r} is not a number: write a Decimal or a str such as '0.1'") from None
    if not number.is_finite() or number <= 0:
        raise InvalidRequest(f"{name}={value!r} must be a finite number above 0")
    if number.adjusted() > 30 or number.as_tuple().exponent < -30:  # type: ignore[operator]
        raise InvalidRequest(f"{name}={value!r} has more digits than any market; write at most 30 on each side")
    return format(number, "f")


def either(given: dict[str, object]) -> None:
    """Exactly one of the arguments must be given."""
    names = " or ".join(given)
    count = sum(value is not None for value in given.values())
    if count != 1:
        raise InvalidRequest(f"give exactly one of {names}, not {'none' if not count else 'both'}")


def order_ids(values: Iterable[int | str]) -> list[int]:
    """Order ids of a batch, each once, in the order given."""
    if isinstance(values, (str, bytes, int)):
        raise InvalidRequest(f"order_ids={values!r} must be a list, such as [1, 2]")
    return list(dict.fromkeys(order_id(value, "order_ids") for value in values))


def client_order_ids(values: Iterable[str]) -> list[str]:
    """Client order ids of a batch, each once, in the order given."""
    if isinstance(values, (str, bytes)):
        raise InvalidRequest(f"client_order_ids={values!r} must be a list, such as ['a', 'b']")
    return list(dict.fromkeys(client_order_id(value, "client_order_ids") for value in values))


def not_empty(values: list[int | str], name: str) -> None:
    """At least one id."""
    if not values:
        raise InvalidRequest(f"give at least one id in {name}; to cancel everything there is cancel_open_orders")


def restriction(value: str) -> str:
    """A status after which an order is cancelled (seed: `cancelRestrictions`)."""
    try:
        return CancelRestriction(value).value
    except ValueError:
        raise InvalidRequest(
            f"only_if={value!r} must be one of {', '.join(member.value for member in CancelRestriction)}"
        ) from None
