"""The synthetic order book around the middle price: quantities offered and wanted, of which orders take.

Rules: the book is made anew at each step of the market and whenever a price is set; taken quantities are gone until
then. In a market that is not live the best price takes any quantity.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.market.paths import fraction
from bingx_async.emulator.market.prices import Prices

Level = tuple[Decimal, Decimal]  # price, quantity
BUY, SELL = "BUY", "SELL"
ANY = Decimal(10) ** 24  # more than any order wants
GAP = 50_000  # levels stand about this part of the price apart


class Ladder:
    """The levels of every symbol, less of them what was taken."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._market = prices.market
        self._taken: dict[str, tuple[tuple[int, Decimal], defaultdict[Decimal, Decimal]]] = {}

    def levels(self, listing: Listing, side: str, time: int, /, most: int | None = None) -> list[Level]:
        """The levels that an order of `side` meets, best first; at most `most` of them."""
        taken, step = self._taken_at(listing, time), time // self._market.step_ms
        best = self._prices.best(listing, time)[side == BUY]
        gap = max(listing.tick, down_to(best / GAP, listing.tick))
        found: list[Level] = []
        for index in range(self._market.levels if most is None else min(most, self._market.levels)):
            price = best + gap * index if side == BUY else best - gap * index
            if price <= 0:
                break
            quantity = self._offered(listing, price, f"{step}/{side}/{index}") - taken[price]
            if quantity > 0:
                found.append((price, quantity))
        return found

    def for_taker(self, listing: Listing, side: str, time: int) -> list[Level]:
        """The levels that an order of `side` can take."""
        if not self._prices.is_live(listing.symbol, time):
            return [(self._prices.best(listing, time)[side == BUY], ANY)]
        return self.levels(listing, side, time)

    def at_best(self, listing: Listing, side: str, time: int) -> Decimal:
        """The quantity that an order of `side` still meets at the best price."""
        best = self._prices.best(listing, time)[side == BUY]
        return sum((quantity for price, quantity in self.levels(listing, side, time, 1) if price == best), Decimal(0))

    def take(self, listing: Listing, price: Decimal, quantity: Decimal, time: int, /) -> None:
        """Take a quantity off a level."""
        if self._prices.is_live(listing.symbol, time):
            self._taken_at(listing, time)[price] += quantity

    def update_id(self, _listing: Listing, time: int, /) -> int:
        """A number that grows with each new book."""
        return time // self._market.step_ms

    def _taken_at(self, listing: Listing, time: int) -> defaultdict[Decimal, Decimal]:
        stamp = time // self._market.step_ms, self._prices.mid(listing, time)
        if self._taken.get(listing.symbol, (None,))[0] != stamp:
            self._taken[listing.symbol] = stamp, defaultdict(Decimal)
        return self._taken[listing.symbol][1]

    def _offered(self, listing: Listing, price: Decimal, place: str) -> Decimal:
        share = Decimal(round(fraction(f"{self._market.seed}/{listing.symbol}/{place}") * 160) + 20) / 100
        return max(listing.step, down_to(self._market.depth * share / price, listing.step))
