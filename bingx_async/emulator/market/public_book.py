"""The public market of one symbol, as its messages tell it: best prices, order book, latest trades.

Rules: best prices cut off the levels of the book that they leave behind. What own orders took from a price is gone
until that price has left the book, since the public market does not know of it. A book of which nothing was heard for
too long, or whose connection was lost, is *stale*: nothing is filled from it until it is heard of again.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from attrs import define, field

from bingx_async.emulator.market.quotes import Best, Deal, Level, Levels, Quote
from bingx_async.emulator.market.tape import Trade

KEPT = 5000  # trades
ZERO = Decimal(0)
BUY = "BUY"
Side = tuple[Level, ...]


@define(eq=False)
class Passing:
    """A trade of the public market while own orders are matched against it: what of it is left for them."""

    price: Decimal
    left: Decimal
    is_buyer_maker: bool


class PublicBook:
    """See the module. Moments are the emulator's, epoch ms; `stale_ms` is how long prices are believed."""

    def __init__(self, stale_ms: float) -> None:
        self._stale_ms = stale_ms
        self.bids: Side = ()
        self.asks: Side = ()
        self.heard_at: int | None = None
        self.lost = ""
        self.socket = 0
        self.updates = 0
        self.trades = Trades()
        self.passing: Passing | None = None
        self._update_id = 0
        self._taken: defaultdict[Decimal, Decimal] = defaultdict(Decimal)

    def hear(self, quote: Quote, time: int) -> bool:
        """Take a message; whether it tells anything new."""
        if isinstance(quote, Deal):
            is_new = self.trades.add(quote, time)
            self.passing = Passing(quote.price, quote.quantity, quote.is_buyer_maker) if is_new else None
            return is_new
        if isinstance(quote, Best):
            self.bids = (quote.bid, *(level for level in self.bids if level[0] < quote.bid[0]))
            self.asks = (quote.ask, *(level for level in self.asks if level[0] > quote.ask[0]))
        elif not self._replace(quote):
            return False
        self.heard_at, self.lost, self.passing = time, "", None
        self.updates += 1
        self._forget_taken()
        return True

    def lose(self, reason: str) -> None:
        """The connection is gone."""
        self.lost, self._update_id = reason, 0

    def why_stale(self, time: int) -> str:
        """The reason why nothing may be filled now; empty if there is none."""
        if self.heard_at is None:
            return f"no price has come yet. {self.lost}".strip(". ")
        age = f"the last prices are {(time - self.heard_at) / 1000:.1f} s old"
        if self.lost:
            return f"{age}; {self.lost}"
        return age if time - self.heard_at > self._stale_ms or not (self.bids and self.asks) else ""

    def met_by(self, side: str) -> list[Level]:
        """The levels that an order of this side meets, best first, without what was taken."""
        levels = self.asks if side == BUY else self.bids
        if not self._taken:
            return list(levels)
        return [(price, left) for price, offered in levels if (left := offered - self._taken.get(price, ZERO)) > 0]

    def take(self, price: Decimal, quantity: Decimal) -> None:
        """Take a quantity off a level."""
        self._taken[price] += quantity

    def shown(self, side: str, price: Decimal) -> Decimal | None:
        """The quantity of others at a price on the side where such an order rests; None beyond the end of the book."""
        own = self.bids if side == BUY else self.asks
        if not own or (price < own[-1][0] if side == BUY else price > own[-1][0]):
            return None
        return dict(own).get(price, ZERO)

    def _replace(self, book: Levels) -> bool:
        if book.update_id and book.update_id < self._update_id:
            return False
        self._update_id, known = book.update_id, {level: level for level in (*self.bids, *self.asks)}
        self.bids, self.asks = (tuple(known.get(level, level) for level in side) for side in (book.bids, book.asks))
        return True

    def _forget_taken(self) -> None:
        if self._taken:
            there = {price for price, _ in (*self.bids, *self.asks)}
            for price in [price for price in self._taken if price not in there]:
                del self._taken[price]


@define(eq=False)
class Trades:
    """The latest trades, each once, numbered as they came."""

    kept: list[Trade] = field(factory=list[Trade])
    _known: dict[str, None] = field(factory=dict[str, None])
    _count: int = 0

    def add(self, deal: Deal, time: int) -> bool:
        """Add a trade, unless it is known."""
        if deal.trade_id in self._known:
            return False
        self._known[deal.trade_id] = None
        self.kept.append(Trade(self._count, deal.price, deal.quantity, time, deal.is_buyer_maker))
        self._count += 1
        if len(self.kept) > 2 * KEPT:
            del self.kept[:KEPT]
            for trade_id in list(self._known)[:KEPT]:
                del self._known[trade_id]
        return True
