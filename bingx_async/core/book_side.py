"""One side of an order book: its prices in order, and the quantity at each.

The prices stand in a sorted list, so the best one is at its end or its beginning. The rows of the book are found by the
price as the exchange writes it, and quantities become numbers when they are read: most updates set the quantity of a
price that is known, which needs no arithmetic then. A price that is written in two ways is one price. No Decimal is a
key, since to hash a new one costs more than all the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, cast

from bingx_async.models.market import Level

LEAST, MOST = Decimal("1e-40"), Decimal("1e40")  # prices of ordinary size
LARGEST = 1e40  # the same for quantities
LONGEST = 10_000  # levels in one message; a hundred thousand would take seconds, in which nothing else happens
UNREADABLE = (ValueError, TypeError, ArithmeticError, LookupError)  # raised by levels that cannot be read
_two = itemgetter(0, 1)


def pairs(levels: object) -> Iterable[tuple[Any, Any]]:
    """Price and quantity of each level, from an object or from a list of lists; none from null."""
    if levels is None:
        return ()
    if len(cast("list[Any]", levels)) > LONGEST:
        raise ValueError("no book has so many levels")
    if isinstance(levels, dict):
        return cast("Mapping[Any, Any]", levels).items()
    return map(_two, cast("list[Any]", levels))


class BookSide:
    """Bids or asks. Numbers that are not positive and of ordinary size raise one of `UNREADABLE`; the side may have
    taken a part of the levels then."""

    __slots__ = ("_is_bids", "_most", "_prices", "_row_of", "_rows")

    def __init__(self, is_bids: bool, most: int) -> None:
        self._is_bids, self._most = is_bids, most
        self._prices: list[Decimal] = []  # rising
        self._rows: list[list[Any]] = []  # of the same prices: each has the price as it is written, and the quantity
        self._row_of: dict[Any, list[Any]] = {}  # by the price as it is written

    def __len__(self) -> int:
        return len(self._prices)

    @property
    def best_price(self) -> Decimal | None:
        """The best price, or None if the side is empty."""
        return self._prices[-1 if self._is_bids else 0] if self._prices else None

    def top(self, count: int) -> tuple[Level, ...]:
        """The best levels, best first."""
        best = slice(None, -count - 1, -1) if self._is_bids else slice(count)
        rows = zip(self._prices[best], self._rows[best], strict=True)
        return tuple([Level(price, Decimal(row[1])) for price, row in rows])

    def replace(self, levels: object) -> None:
        """Forget everything and take these levels, in whichever order they come."""
        self._prices.clear()
        self._rows.clear()
        self._row_of.clear()
        self.update(levels)

    def update(self, levels: object) -> None:
        """Set the quantities of these prices; 0 deletes a price, also one that is not there."""
        row_of = self._row_of.get
        for written, quantity in pairs(levels):
            number, row = float(quantity), row_of(written)
            if row is not None and 0.0 < number < LARGEST:
                row[1] = quantity
            else:
                self._change(written, quantity, number)
        if len(self._prices) > self._most:
            self._trim()

    def _change(self, written: Any, quantity: Any, number: float) -> None:
        """An update of a price that comes, or goes, or is written in another way."""
        price, prices = Decimal(written), self._prices
        if not 0.0 <= number < LARGEST:
            raise ValueError(quantity)
        place = bisect_left(prices, price)
        if place < len(prices) and prices[place] == price:
            if number:
                self._rows[place][1] = quantity
            else:
                del prices[place], self._row_of[self._rows.pop(place)[0]]
        elif number:
            if not LEAST <= price < MOST:
                raise ValueError(written)
            self._row_of[written] = row = [written, quantity]
            prices.insert(place, price)
            self._rows.insert(place, row)

    def _trim(self) -> None:
        excess = max(0, len(self._prices) - self._most)
        worst = slice(excess) if self._is_bids else slice(len(self._prices) - excess, None)
        for written, _ in self._rows[worst]:
            del self._row_of[written]
        del self._prices[worst], self._rows[worst]
