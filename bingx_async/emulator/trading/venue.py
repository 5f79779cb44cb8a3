"""The market on which orders are matched: a synthetic one, or the public one of a recording or of live streams.

Rules for the public one: an order that rests is filled at its own price, by three things alone. A trade of the public
market beyond its price fills as much as was traded. One at its price fills what is left after the quantity that others
showed there when it came: it stands last in the queue, and cancels of others do not move it forward. And levels of the
other side that reach its price fill what they offer. Of each trade and level there is as much as the exchange told, for
all own orders together, better prices and older orders first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from bingx_async.core.recording import Frame
from bingx_async.emulator.market.ladder import BUY, Ladder
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.market import Market
from bingx_async.emulator.market.prices import Prices
from bingx_async.emulator.market.public import PublicBooks, PublicLadder, PublicPrices, PublicTape
from bingx_async.emulator.market.public_book import PublicBook
from bingx_async.emulator.market.quotes import Quote, quotes_in
from bingx_async.emulator.market.recording import Recording
from bingx_async.emulator.market.tape import Tape
from bingx_async.emulator.trading.orders import ZERO, Order
from bingx_async.emulator.traffic import logger

PULSE_MS = 100  # so often the emulator's own streams tell what is new in the public market


class Venue:
    """The synthetic market: see `market.ladder`. `pulse_ms`: how often something new can happen in it."""

    def __init__(self, market: Market) -> None:
        self.prices = Prices(market)
        self.ladder = Ladder(self.prices)
        self.tape = Tape(self.prices)
        self.pulse_ms = market.step_ms
        self.wanted: set[str] = set()  # the symbols in use on the emulator's own streams

    def gives(self, order: Order, listing: Listing, time: int, /) -> Decimal:
        """The quantity that a resting order is filled with now; it is gone then."""
        best, limit = self.prices.best(listing, time)[order.side == BUY], Decimal(order.price)
        if best != limit:
            is_through = best < limit if order.side == BUY else best > limit
            return order.remaining if is_through else ZERO
        quantity = min(order.remaining, self.ladder.at_best(listing, order.side, time))
        self.ladder.take(listing, best, quantity, time)
        return quantity

    def queue(self, order: Order, /) -> None:
        """An order begins to rest."""

    def why_stale(self, _symbol: str, _time: int, /) -> str:
        """The reason why nothing is filled now, where prices are followed; empty if there is none."""
        return ""

    def hear(self, _quote: Quote, _time: int, _socket: int = 0, /) -> bool:
        """Take a message of the public market; whether orders are to be matched against it."""
        return False

    def lose(self, _reason: str, _symbols: Iterable[str], /) -> None:
        """The connection over which the prices of these symbols came is gone."""

    def in_turn(self, orders: list[Order]) -> Iterable[Order]:
        """The open orders of a symbol in the order in which they are matched."""
        return orders

    def next_message(self, _until: int, /) -> tuple[int, Callable[[], Iterable[str]]] | None:
        """The moment of the next message of a recording up to `until`, and how to take it: it gives the symbols to
        match. None if there is none."""
        return None


class PublicVenue(Venue):
    """The public market; see the module."""

    def __init__(self, market: Market, stale_ms: float, frames: Iterator[Frame]) -> None:
        self.books = PublicBooks(stale_ms)
        self.prices = PublicPrices(market, self.books)
        self.ladder = PublicLadder(self.prices, self.books)
        self.tape = PublicTape(self.prices, self.books)
        self.pulse_ms, self.wanted = PULSE_MS, set()
        self._frames = frames
        self._next = next(frames, None)

    def gives(self, order: Order, _listing: Listing, time: int, /) -> Decimal:
        """The quantity that a resting order is filled with now; it is gone then."""
        book, limit = self.books[order.symbol], Decimal(order.price)
        self.queue(order)
        if book.passing is not None:
            return _from_trade(book, order, limit)
        return ZERO if book.why_stale(time) else _from_levels(book, order, limit)

    def queue(self, order: Order, /) -> None:
        """It stands behind what others show at its price, as soon as that is known."""
        if order.ahead is None:
            order.ahead = self.books[order.symbol].shown(order.side, Decimal(order.price))

    def why_stale(self, symbol: str, time: int, /) -> str:
        """See `Venue`."""
        return self.books[symbol].why_stale(time)

    def in_turn(self, orders: list[Order]) -> Iterable[Order]:
        """Better prices first, older orders first at one price."""
        return sorted(orders, key=lambda order: -Decimal(order.price) if order.side == BUY else Decimal(order.price))

    def hear(self, quote: Quote, time: int, socket: int = 0, /) -> bool:
        """See `Venue`."""
        book = self.books[quote.symbol]
        why, book.socket = book.why_stale(time), socket
        if not book.hear(quote, time):
            return False
        is_fresh = not book.why_stale(time)
        if why and is_fresh:
            logger.info("the prices of %s are fresh", quote.symbol)
        return is_fresh or book.passing is not None

    def lose(self, reason: str, symbols: Iterable[str], /) -> None:
        """See `Venue`."""
        for symbol in symbols:
            self.books[symbol].lose(reason)

    def next_message(self, until: int, /) -> tuple[int, Callable[[], Iterable[str]]] | None:
        """See `Venue`."""
        frame, start = self._next, self.prices.start
        if frame is None or start is None or start + math.floor(frame.at) > until:
            return None
        return start + math.floor(frame.at), self._take_next

    def _take_next(self) -> Iterator[str]:
        """Take the next message of the recording; the symbols to match, each while its trade is passing."""
        frame, self._next = self._next, next(self._frames, None)
        if frame is None or self.prices.start is None:
            return
        if frame.lost:
            self.lose(frame.lost, [symbol for symbol, book in self.books.items() if book.socket == frame.socket])
        time = self.prices.start + math.floor(frame.at)
        for quote in quotes_in(frame.text):
            if self.hear(quote, time, frame.socket):
                yield quote.symbol


def venue_of(market: Market) -> Venue:
    """The venue of a market."""
    follows = market.follows
    if follows is None:
        return Venue(market)
    frames = follows.frames() if isinstance(follows, Recording) else iter(())
    return PublicVenue(market, follows.stale_after * 1000, frames)


def _from_trade(book: PublicBook, order: Order, limit: Decimal) -> Decimal:
    """The part of the trade that is passing which is the order's."""
    passing, is_buy = book.passing, order.side == BUY
    if passing is None or (passing.price > limit if is_buy else passing.price < limit):
        return ZERO
    if passing.price == limit:
        if passing.is_buyer_maker is not is_buy or order.ahead is None:
            return ZERO
        before = min(order.ahead, passing.left)
        order.ahead -= before
        quantity = min(order.remaining, passing.left - before)
    else:
        quantity = min(order.remaining, passing.left)
    passing.left -= quantity
    return quantity


def _from_levels(book: PublicBook, order: Order, limit: Decimal) -> Decimal:
    """What the levels of the other side that reach the order's price offer."""
    quantity = ZERO
    for price, offered in book.met_by(order.side):
        if (price > limit if order.side == BUY else price < limit) or quantity == order.remaining:
            break
        taken = min(offered, order.remaining - quantity)
        book.take(price, taken)
        quantity += taken
    return quantity
