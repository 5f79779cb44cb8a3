"""The public market in the place of a synthetic one: prices, levels and trades as the exchange told them.

Rules: a price is that of the message that came last. A symbol of which nothing has come has no price, and asking for
one is refused. Nothing is taken from prices that are stale.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from operator import attrgetter

from bingx_async.emulator.market.ladder import Ladder, Level
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.market import Market
from bingx_async.emulator.market.prices import Prices
from bingx_async.emulator.market.public_book import PublicBook
from bingx_async.emulator.market.tape import Candle, Tape, Trade
from bingx_async.emulator.traffic import BusinessRefusal
from bingx_async.errors import InvalidRequest

NO_PRICES = 100490
_TIME = attrgetter("time")


class PublicBooks(dict[str, PublicBook]):
    """The public book of each symbol."""

    def __init__(self, stale_ms: float) -> None:
        super().__init__()
        self._stale_ms = stale_ms

    def __missing__(self, symbol: str) -> PublicBook:
        return self.setdefault(symbol, PublicBook(self._stale_ms))


def _no_prices(symbol: str, why: str) -> BusinessRefusal:
    return BusinessRefusal(NO_PRICES, f"no current prices of {symbol}: {why}")


class PublicPrices(Prices):
    """The prices of symbols that have a public book."""

    def __init__(self, market: Market, books: PublicBooks) -> None:
        super().__init__(market)
        self._books = books

    def is_live(self, symbol: str, time: int) -> bool:
        """Whether orders are matched now: whether its prices are fresh."""
        return not self._books[symbol].why_stale(time)

    def is_known(self, symbol: str) -> bool:
        """Whether a book of it has come."""
        return bool(self._books[symbol].bids and self._books[symbol].asks)

    def set_price(self, symbol: str, price: Decimal, _time: int, /) -> None:
        """Prices that are followed cannot be set."""
        raise InvalidRequest(f"the price of {symbol} follows the public market; set it in another Market, not {price}")

    def mid(self, listing: Listing, time: int) -> Decimal:
        """The middle of the best prices, off the grid."""
        bid, ask = self.best(listing, time)
        return (bid + ask) / 2

    def best(self, listing: Listing, time: int) -> tuple[Decimal, Decimal]:
        """The best bid and the best ask that came last."""
        book = self._books[listing.symbol]
        if not (book.bids and book.asks):
            raise _no_prices(listing.symbol, book.why_stale(time))
        return book.bids[0][0], book.asks[0][0]

    def last(self, listing: Listing, time: int) -> Decimal:
        """The price of the latest trade; before one has come, the middle."""
        trades = self._books[listing.symbol].trades.kept
        return trades[-1].price if trades else self.mid(listing, time)

    def first_crossing(self, *_: object) -> None:
        """Prices change with messages alone."""


class PublicLadder(Ladder):
    """The levels of the public books."""

    def __init__(self, prices: PublicPrices, books: PublicBooks) -> None:
        super().__init__(prices)
        self._books = books

    def levels(self, listing: Listing, side: str, _time: int, /, most: int | None = None) -> list[Level]:
        """The levels that an order of `side` meets, best first, as they came last."""
        return self._books[listing.symbol].met_by(side)[:most]

    def for_taker(self, listing: Listing, side: str, time: int) -> list[Level]:
        """The levels that an order of `side` can take; refused where they are stale."""
        why = self._books[listing.symbol].why_stale(time)
        if why:
            raise _no_prices(listing.symbol, f"{why}; nothing is filled from stale prices")
        return self.levels(listing, side, time)

    def take(self, listing: Listing, price: Decimal, quantity: Decimal, _time: int, /) -> None:
        """Take a quantity off a level."""
        self._books[listing.symbol].take(price, quantity)

    def update_id(self, listing: Listing, _time: int, /) -> int:
        """A number that grows with each message about the book."""
        return self._books[listing.symbol].updates


class PublicTape(Tape):
    """The trades that came, and candles made of them; there are none of the time before."""

    def __init__(self, prices: PublicPrices, books: PublicBooks) -> None:
        super().__init__(prices)
        self._books = books

    def trades(self, listing: Listing, _time: int, /) -> Iterator[Trade]:
        """The trades that are kept, newest first."""
        return reversed(self._kept(listing))

    def trade(self, listing: Listing, number: int) -> Trade:
        """The trade of that number."""
        kept = self._kept(listing)
        return kept[number - kept[0].number]

    def numbers(self, listing: Listing, _time: int, /) -> range:
        """The numbers of the trades that are kept."""
        kept = self._kept(listing)
        return range(kept[0].number, kept[-1].number + 1) if kept else range(0)

    def candle(self, listing: Listing, start: int, length: int, now: int) -> Candle | None:
        """The candle of [start, start + length), as far as it has come; None before the first trade."""
        kept = self._kept(listing)
        first, end = (bisect_left(kept, moment, key=_TIME) for moment in (start, min(start + length, now + 1)))
        if end and first == end:
            return Candle.still(start, length, kept[end - 1].price)
        trades = kept[first:end]
        prices = [trade.price for trade in trades]
        if not prices:
            return None
        volume, value = (sum(map(attrgetter(name), trades), Decimal(0)) for name in ("quantity", "value"))
        return Candle(start, start + length - 1, prices[0], max(prices), min(prices), prices[-1], volume, value)

    def _kept(self, listing: Listing) -> list[Trade]:
        return self._books[listing.symbol].trades.kept
