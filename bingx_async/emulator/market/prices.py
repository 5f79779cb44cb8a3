"""The price of every symbol at every moment, and the moment at which it crosses a bound.

Rules: `mid` stands on the tick grid and changes once per step of the market. A price set by hand holds from then on: a
quiet market stays there, one that moves goes on from there. Once a price has been set by hand the symbol is *live*, as
every symbol is in a market that moves: limit orders are matched.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from operator import itemgetter

from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.market.market import Market
from bingx_async.emulator.market.paths import Given, Path, Points, Still, Walk


class Prices:
    """The prices of one market. `start` is the moment of its first use, epoch ms."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.start: int | None = None
        self._paths: dict[str, Path] = {}
        self._set: dict[str, list[tuple[int, Decimal]]] = {}  # by hand: (since when, price)
        given = {symbol for symbol, source in market.prices.items() if not isinstance(source, (Decimal, int, str))}
        self._live = given

    def is_live(self, symbol: str, _time: int, /) -> bool:
        """Whether limit orders of the symbol are matched."""
        return self.market.moves or symbol in self._live

    def set_price(self, symbol: str, price: Decimal, time: int, /) -> None:
        """Let the price be this from `time` on."""
        self._set.setdefault(symbol, []).append((time, price))
        self._live.add(symbol)

    def mid(self, listing: Listing, time: int) -> Decimal:
        """The middle of the market, on the grid."""
        return max(down_to(self._value(listing, time), listing.tick), listing.tick * (self.market.half_spread + 1))

    def best(self, listing: Listing, time: int) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask."""
        mid, half = self.mid(listing, time), listing.tick * self.market.half_spread
        return mid - half, mid + half

    def is_known(self, _symbol: str, /) -> bool:
        """Whether the symbol has a price."""
        return True

    def last(self, listing: Listing, time: int, /) -> Decimal:
        """The price by which conditional orders are triggered: that of the latest trade, or the middle."""
        return self.mid(listing, time)

    def first_crossing(
        self, listing: Listing, after: int, until: int, low: Decimal | None, high: Decimal | None, /
    ) -> int | None:
        """The first step of the market in (after, until] at which `mid` is at or below `low`, or at or above `high`."""
        step = self.market.step_ms
        path, spans = self._path(listing), [(after // step + 1, until // step)]
        below, above = float(low) if low is not None else -math.inf, float(high) if high is not None else math.inf
        while spans:
            first, last = spans.pop()
            if first > last:
                continue
            centre = (first + last) // 2
            mid = self.mid(listing, centre * step)
            reach = path.reach(centre * step, max(centre - first, last - centre) * step)
            margin = float(listing.tick) * 2
            if below < float(mid) * math.exp(-reach) - margin and float(mid) * math.exp(reach) + margin < above:
                continue
            if first == last:
                if (low is not None and mid <= low) or (high is not None and mid >= high):
                    return centre * step
                continue
            spans += [(centre + 1, last), (first, centre)]
        return None

    def _value(self, listing: Listing, time: int) -> Decimal:
        path, moments = self._path(listing), self._set.get(listing.symbol, ())
        step = self.market.step_ms
        now = path.at(time // step * step)
        index = bisect_right(moments, time, key=itemgetter(0)) - 1
        if index < 0:
            return now
        since, price = moments[index]
        then = path.at(since // step * step)
        return price if now == then else price * now / then

    def _path(self, listing: Listing) -> Path:
        if listing.symbol not in self._paths:
            self._paths[listing.symbol] = self._make(listing)
        return self._paths[listing.symbol]

    def _make(self, listing: Listing) -> Path:
        market = self.market
        source = market.prices.get(listing.symbol, listing.price)
        if callable(source):
            return Given(source)
        if not isinstance(source, (Decimal, int, str)):
            return Points(source, lambda: self.start or 0)
        if not market.moves:
            return Still(Decimal(source))
        return Walk(market.seed, listing.symbol, Decimal(source), market.volatility, market.step_ms)
