"""The prices behind the best one: lines at even distances, with quantities that change every now and then.

Rules: the lines stand still while the market moves over them, and about a thirtieth of them has another quantity at
each step; so from step to step most of the book stays as it is, as on an exchange. Everything depends on seed, symbol,
side, line and step alone. A level that has not changed is the same object as before.
"""

from __future__ import annotations

import math
from decimal import Decimal

from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.market.paths import fraction

Level = tuple[Decimal, Decimal]  # price, quantity
BUY, SELL = "BUY", "SELL"
GAP = 50_000  # lines stand about this part of the price apart
ERA = 32  # steps for which a line keeps its quantity
Known = tuple[int, int, Level]  # first step, last step, level


class Lines:
    """The lines of every symbol. `seed` is that of the market, `depth` the worth of a level, roughly."""

    def __init__(self, seed: int, depth: Decimal) -> None:
        self._seed, self._depth = seed, depth
        self._known: dict[tuple[str, str, Decimal], dict[int, Known]] = {}

    def best(self, listing: Listing, side: str, price: Decimal, step: int) -> Level:
        """The level at the best price."""
        return price, self._quantity(listing, price, f"{step}/{side}/best")

    def behind(self, listing: Listing, side: str, best: Decimal, step: int, most: int) -> list[Level]:
        """The levels behind the best price, for an order of `side` to meet, nearest first."""
        gap = _gap(listing, best)
        name = listing.symbol, side, gap
        before, now, levels = self._known.get(name, {}), dict[int, Known](), list[Level]()
        first, way = (int(best // gap) + 1, 1) if side == BUY else (math.ceil(best / gap) - 1, -1)
        for line in range(first, first + way * most, way):
            if line <= 0:
                break
            known = before.get(line)
            if known is None or not known[0] <= step <= known[1]:
                known = self._make(listing, side, line, gap, step)
            now[line] = known
            levels.append(known[2])
        self._known[name] = now
        return levels

    def _make(self, listing: Listing, side: str, line: int, gap: Decimal, step: int) -> Known:
        shift = int(fraction(f"{listing.symbol}/{side}/{line}") * ERA)
        era = (step + shift) // ERA
        first, price = era * ERA - shift, gap * line
        return first, first + ERA - 1, (price, self._quantity(listing, price, f"{era}/{side}/{line}"))

    def _quantity(self, listing: Listing, price: Decimal, place: str) -> Decimal:
        share = Decimal(round(fraction(f"{self._seed}/{listing.symbol}/{place}") * 160) + 20) / 100
        return max(listing.step, down_to(self._depth * share / price, listing.step))


def _gap(listing: Listing, price: Decimal) -> Decimal:
    """The distance of the lines: the same for all prices between two powers of two."""
    power = Decimal(2) ** (math.frexp(float(price))[1] - 1)
    return max(listing.tick, down_to(power / GAP, listing.tick))
