"""Time: plays everything that happens by itself, up to a moment.

Rules: the events are prices that reach orders, and dead man's switches that run out; they are played in their order, so
the outcome does not depend on how often `advance` is called. Time never goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from operator import itemgetter

from bingx_async.emulator.market.quotes import Quote
from bingx_async.emulator.trading.engine import Engine

BUSY_MS = 2000  # for so long after it ran out a dead man's switch takes no request
Event = tuple[int, Callable[[], None]]


class Timeline:
    """Moves an engine through time; knows the dead man's switches of the accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._switches: dict[str, int] = {}  # account -> when it cancels everything
        self._ran_out: dict[str, int] = {}

    def advance(self, time: int) -> None:
        """Play every event up to `time`."""
        engine = self._engine
        if engine.prices.start is None:
            engine.prices.start = engine.time = time
        while events := list(self._events(time)):
            engine.time, play = min(events, key=itemgetter(0))
            play()
        engine.time = max(engine.time, time)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the market of a symbol jump, now."""
        self._engine.prices.set_price(symbol, price, self._engine.time)
        self._engine.open.changed(symbol)
        self._engine.match(symbol)

    def set_switch(self, account: str, expires_at: int | None) -> bool:
        """Set or close an account's switch; False while the exchange is busy with one that has run out."""
        if self._engine.time < self._ran_out.get(account, -BUSY_MS) + BUSY_MS:
            return False
        self._switches.pop(account, None)
        if expires_at is not None:
            self._switches[account] = expires_at
        return True

    def _events(self, until: int) -> Iterator[Event]:
        """The next event of each kind, not later than `until`."""
        engine = self._engine
        for symbol in engine.open.symbols:
            if engine.prices.is_live(symbol, engine.time):
                listing = engine.listing(symbol)
                low, high = engine.open.due(symbol, listing.tick * engine.prices.market.half_spread)
                at = engine.prices.first_crossing(listing, engine.time, until, low, high)
                if at is not None:
                    yield at, partial(engine.match, symbol)
        if (message := engine.venue.next_message(until)) is not None:
            yield message[0], partial(self._hear, message[1])
        yield from ((at, partial(self._run_out, account)) for account, at in self._switches.items() if at <= until)

    def hear(self, quote: Quote) -> None:
        """A message of the public market has come now."""
        if self._engine.venue.hear(quote, self._engine.time):
            self._engine.match(quote.symbol)

    def _hear(self, take: Callable[[], Iterable[str]]) -> None:
        for symbol in take():
            self._engine.match(symbol)

    def _run_out(self, account: str) -> None:
        engine = self._engine
        del self._switches[account]
        self._ran_out[account] = engine.time
        takes_all = engine.variants.switch_takes == "everything"
        for order in list(engine.books[account].orders.values()):
            if takes_all or not order.is_conditional:
                engine.cancel(order)
        for pair in engine.books[account].pairs if takes_all else ():
            engine.cancel(pair.legs[0])
