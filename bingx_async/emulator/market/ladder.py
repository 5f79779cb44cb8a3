"""The synthetic order book around the middle price: quantities offered and wanted, of which orders take.

Rules: quantities that were taken are gone until the next step of the market, or until a price is set. In a market that
is not live the best price takes any quantity. While nothing has changed, `levels` returns the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field

from bingx_async.emulator.market.lines import BUY, SELL, Level, Lines
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.prices import Prices

__all__ = ["ANY", "BUY", "SELL", "Ladder", "Level"]

ANY = Decimal(10) ** 24  # more than any order wants


@define(eq=False)
class _Page:
    """The book of one symbol at one step and price: what was taken, and by side its levels, in full or the best one."""

    stamp: tuple[int, Decimal]
    taken: defaultdict[Decimal, Decimal] = field(factory=lambda: defaultdict[Decimal, Decimal](Decimal))
    levels: dict[str, list[Level]] = field(factory=dict[str, list[Level]])
    best: dict[str, list[Level]] = field(factory=dict[str, list[Level]])


class Ladder:
    """The levels of every symbol, less of them what was taken."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._market = prices.market
        self._lines = Lines(prices.market.seed, prices.market.depth)
        self._pages: dict[str, _Page] = {}

    def levels(self, listing: Listing, side: str, time: int, most: int | None = None) -> list[Level]:
        """The levels that an order of `side` meets, best first; at most `most` of them. Not to be changed."""
        page = self._page(listing, time)
        if most == 1 and side not in page.levels:
            return self._left(listing, side, page, time, page.best, 0)
        found = self._left(listing, side, page, time, page.levels, self._market.levels - 1)
        return found if most is None or most >= len(found) else found[:most]

    def for_taker(self, listing: Listing, side: str, time: int) -> list[Level]:
        """The levels that an order of `side` can take."""
        if not self._prices.is_live(listing.symbol):
            return [(self._prices.best(listing, time)[side == BUY], ANY)]
        return self.levels(listing, side, time)

    def at_best(self, listing: Listing, side: str, time: int) -> Decimal:
        """The quantity that an order of `side` still meets at the best price."""
        best = self._prices.best(listing, time)[side == BUY]
        return sum((quantity for price, quantity in self.levels(listing, side, time, 1) if price == best), Decimal(0))

    def take(self, listing: Listing, price: Decimal, quantity: Decimal, time: int) -> None:
        """Take a quantity off a level."""
        if self._prices.is_live(listing.symbol):
            page = self._page(listing, time)
            page.taken[price] += quantity
            page.levels, page.best = {}, {}

    def _page(self, listing: Listing, time: int) -> _Page:
        page, stamp = self._pages.get(listing.symbol), (time // self._market.step_ms, self._prices.mid(listing, time))
        if page is None or page.stamp != stamp:
            page = self._pages[listing.symbol] = _Page(stamp)
        return page

    def _left(
        self, listing: Listing, side: str, page: _Page, time: int, kept: dict[str, list[Level]], behind: int
    ) -> list[Level]:
        if side not in kept:
            best = self._prices.best(listing, time)[side == BUY]
            step, found = page.stamp[0], list[Level]()
            if best > 0:
                found = [self._lines.best(listing, side, best, step)]
                found += self._lines.behind(listing, side, best, step, behind) if behind else ()
            kept[side] = _less(found, page.taken) if page.taken else found
        return kept[side]


def _less(levels: list[Level], taken: Mapping[Decimal, Decimal]) -> list[Level]:
    """The levels without what was taken of them; one of which nothing was taken is the same object."""
    rest = [(price, quantity - taken[price]) if price in taken else (price, quantity) for price, quantity in levels]
    return [old if old == new else new for old, new in zip(levels, rest, strict=True) if new[1] > 0]
