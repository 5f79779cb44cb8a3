"""Exact arithmetic on grids of numbers, such as prices in ticks: nothing is ever rounded to a number of digits.

A step need not be a power of ten (0.00003 is one), so a number is brought to the grid by a division without remainder
and not by counting digits. `Decimal` rounds to 28 digits by default; here there is room for the longest numbers.
"""

# Not every caller is typed, so numbers are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from typing import TypeGuard

from bingx_async.errors import InvalidRequest

Number = Decimal | int | str

LONGEST = 40  # digits on each side of the point: a quotient of 28 digits has a few more places
_EXACT = Context(prec=200)  # a product of two of the longest has 160


def number(value: Number, name: str) -> Decimal:
    """A positive number that a market can have, digit by digit as it was written."""
    if isinstance(value, (float, bool)) or not isinstance(value, (Decimal, int, str)):
        raise InvalidRequest(f"{name} must be a Decimal, an int or a str such as '0.1', not a {type(value).__name__}")
    if isinstance(value, str) and "_" in value:  # Python's own notation
        raise InvalidRequest(f"{name}={value!r:.100} holds underscores: leave them out")
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise InvalidRequest(
            f"{name}={value!r:.100} is not a number: write a Decimal, or a str such as '0.1'"
        ) from None
    if not _is_positive(exact):
        raise InvalidRequest(f"{name} must be a finite number above 0 with at most {LONGEST} digits on each side")
    return exact


def is_usable(rule: Decimal | None) -> TypeGuard[Decimal]:
    """Whether a rule is there: the exchange may leave it out or send 0, and nonsense is no rule."""
    return rule is not None and _is_positive(rule)


def floor(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `value`."""
    return _EXACT.multiply(_EXACT.divide_int(value, step), step)


def ceil(value: Decimal, step: Decimal) -> Decimal:
    """The least multiple of `step` that is not below `value`."""
    below = floor(value, step)
    return below if below == value else _EXACT.add(below, step)


def product(one: Decimal, other: Decimal) -> Decimal:
    """Their product, every digit of it."""
    return _EXACT.multiply(one, other)


def least_for(value: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """The least multiple of `step` that is worth `value` at `price`."""
    found = most_for(value, price, step)
    return found if product(found, price) == value else _EXACT.add(found, step)


def most_for(value: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is worth no more than `value` at `price`."""
    return _EXACT.multiply(_EXACT.divide_int(value, product(price, step)), step)


def shown(value: Decimal) -> str:
    """Plain notation, without zeros at the end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_positive(value: Decimal) -> bool:
    if not value.is_finite() or value <= 0:
        return False
    exponent = value.as_tuple().exponent
    return value.adjusted() <= LONGEST and isinstance(exponent, int) and exponent >= -LONGEST
