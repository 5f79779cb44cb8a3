"""One side of an order book: its prices in order, and the quantity at each.

The prices stand in a sorted list, so the best one is at its end or its beginning, and in a dict with their quantities:
most updates change the quantity of a price that is known, and need nothing but the dict.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, cast

from bingx_async.models.market import Level

LEAST, MOST = Decimal("1e-40"), Decimal("1e40")  # numbers of ordinary size
UNREADABLE = (ValueError, TypeError, ArithmeticError, LookupError)  # raised by levels that cannot be read
_two = itemgetter(0, 1)


def pairs(levels: object) -> Iterable[tuple[Any, Any]]:
    """Price and quantity of each level, from an object or from a list of lists; none from null."""
    if isinstance(levels, dict):
        return cast("Mapping[Any, Any]", levels).items()
    return () if levels is None else map(_two, cast("list[Any]", levels))


class BookSide:
    """Bids or asks. Numbers that are not positive and of ordinary size raise one of `UNREADABLE`; the side may have
    taken a part of the levels then."""

    __slots__ = ("_is_bids", "_most", "_prices", "_quantities")

    def __init__(self, is_bids: bool, most: int) -> None:
        self._is_bids, self._most = is_bids, most
        self._prices: list[Decimal] = []  # rising
        self._quantities: dict[Decimal, Decimal] = {}

    def __len__(self) -> int:
        return len(self._prices)

    @property
    def best_price(self) -> Decimal | None:
        """The best price, or None if the side is empty."""
        return self._prices[-1 if self._is_bids else 0] if self._prices else None

    def top(self, count: int) -> tuple[Level, ...]:
        """The best levels, best first."""
        prices = self._prices[: -count - 1 : -1] if self._is_bids else self._prices[:count]
        return tuple([Level(price, self._quantities[price]) for price in prices])

    def replace(self, levels: object) -> None:
        """Forget everything and take these levels, in whichever order they come."""
        read = {Decimal(price): Decimal(quantity) for price, quantity in pairs(levels)}
        self._quantities = {price: quantity for price, quantity in read.items() if _checked(price, quantity)}
        self._prices = sorted(self._quantities)
        self._trim()

    def update(self, levels: object) -> None:
        """Set the quantities of these prices; 0 deletes a price, also one that is not there."""
        prices, quantities = self._prices, self._quantities
        for written, amount in pairs(levels):
            price, quantity = Decimal(written), Decimal(amount)
            if price not in quantities:
                if _checked(price, quantity):
                    insort(prices, price)
                    quantities[price] = quantity
            elif LEAST <= quantity < MOST:
                quantities[price] = quantity
            else:
                _checked(price, quantity)
                del quantities[price], prices[bisect_left(prices, price)]
        if len(prices) > self._most:
            self._trim()

    def _trim(self) -> None:
        excess = max(0, len(self._prices) - self._most)
        worst = slice(excess) if self._is_bids else slice(len(self._prices) - excess, None)
        for price in self._prices[worst]:
            del self._quantities[price]
        del self._prices[worst]


def _checked(price: Decimal, quantity: Decimal) -> Decimal:
    """The quantity, which may be 0; raises `ValueError` where it or the price is none."""
    if LEAST <= price < MOST and (LEAST <= quantity < MOST or not quantity):
        return quantity
    raise ValueError((price, quantity))
