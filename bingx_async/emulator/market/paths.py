"""Ways a price may go: it stays, it follows a list or a function, or it walks at random.

Rules: a path is asked for the price at a moment, epoch ms, in any order, and always gives the same. `reach` bounds the
change of its logarithm within some ms, so that a search for the moment at which a price was crossed can leave out
long spans.

A walk is a sum of octaves: octave k is a zigzag through random heights, one each `step * 2**k` ms, and twice as long
an octave is the square root of two higher, as in a random walk. The heights come from a hash of seed, symbol, octave
and place, so no moment has to be computed before another.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

OCTAVES = 20
HOUR = 3_600_000


class Path(Protocol):
    """The price of one symbol over time."""

    def at(self, time: int, /) -> Decimal:
        """The price at that moment, off any grid."""
        ...

    def reach(self, time: int, span: int, /) -> float:
        """The most by which the logarithm of the price differs from that at `time`, `span` ms around it."""
        ...


class Still:
    """A price that stays."""

    def __init__(self, price: Decimal) -> None:
        self._price = price

    def at(self, _time: int, /) -> Decimal:
        """That price."""
        return self._price

    def reach(self, _time: int, _span: int, /) -> float:
        """Nothing changes."""
        return 0.0


class Given:
    """A price that follows a function of epoch ms."""

    def __init__(self, price: Callable[[int], object]) -> None:
        self._price = price

    def at(self, time: int, /) -> Decimal:
        """The function's price."""
        return Decimal(str(self._price(time)))

    def reach(self, _time: int, _span: int, /) -> float:
        """Anything may happen."""
        return math.inf


class Points:
    """A price that follows a list of (ms after `start`, price): each holds until the next."""

    def __init__(self, points: Sequence[tuple[float, object]], start: Callable[[], int]) -> None:
        self._after = [after for after, _ in points]
        self._prices = [Decimal(str(price)) for _, price in points]
        self._start = start

    def at(self, time: int, /) -> Decimal:
        """The latest point's price; the first one's before it."""
        return self._prices[self._index(time)]

    def reach(self, time: int, span: int, /) -> float:
        """Nothing changes between two points, and anything may happen at one."""
        return 0.0 if self._index(time - span) == self._index(time + span) else math.inf

    def _index(self, time: int) -> int:
        return max(bisect_right(self._after, time - self._start()) - 1, 0)


class Walk:
    """A random walk around `price` that moves by about `volatility` (a fraction) in an hour."""

    def __init__(self, seed: int, symbol: str, price: Decimal, volatility: float, step: int) -> None:
        self._name = f"{seed}/{symbol}"
        self._price = float(price)
        self._step = step
        self._heights = [volatility * math.sqrt((step << octave) / HOUR) for octave in range(OCTAVES)]
        self._latest: tuple[int, Decimal] | None = None  # a moment is asked for several times

    def at(self, time: int, /) -> Decimal:
        """The walk's price."""
        place, total = time // self._step, 0.0
        if self._latest is not None and self._latest[0] == place:
            return self._latest[1]
        for octave, height in enumerate(self._heights):
            index, rest = place >> octave, place & ((1 << octave) - 1)
            start = _draw(self._name, octave, index)
            slope = (_draw(self._name, octave, index + 1) - start) if rest else 0.0
            total += height * (start + slope * rest / (1 << octave))
        self._latest = place, Decimal(repr(self._price * math.exp(total)))
        return self._latest[1]

    def reach(self, _time: int, span: int, /) -> float:
        """Each octave's steepest slope, and at most from its lowest to its highest height."""
        steps = span / self._step + 1
        return sum(2 * height * min(1.0, steps / (1 << octave)) for octave, height in enumerate(self._heights))


@lru_cache(maxsize=200_000)
def _draw(name: str, octave: int, index: int) -> float:
    """A number in [-1, 1) that depends on the arguments alone."""
    return fraction(f"{name}/{octave}/{index}") * 2 - 1


def fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56
