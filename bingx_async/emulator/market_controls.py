"""The controls of the market and of the books: what a test sets up, and what it looks at afterwards.

Rules: each first lets everything happen that is due by the emulator's clock, under one lock.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from copy import copy
from decimal import Decimal, InvalidOperation, localcontext
from threading import RLock

from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.floor import EXACT, Floor
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.trading.orders import Fill, OcoPair, Order
from bingx_async.errors import InvalidRequest


def _number(price: Decimal | int | str) -> Decimal:
    try:
        number = Decimal(price)
    except InvalidOperation:
        number = Decimal(0)
    if isinstance(price, float) or not (number.is_finite() and number > 0):
        raise InvalidRequest(f"price must be a number above 0 such as '61250', not {price!r}")
    return number


def listed(floor: Floor, symbol: str) -> Listing:
    """The listing of a symbol that there is; raises `InvalidRequest`."""
    if not floor.listings.has(symbol):
        raise InvalidRequest(f"no symbol {symbol!r}; list it with set_listing(Listing({symbol!r}, price=...))")
    return floor.listings.get(symbol)


class MarketControls:
    """An exchange with a clock and a lock around it."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self.settings = settings
        self.accounts = settings.accounts
        self._exchange = Exchange(settings)
        self._lock = RLock()

    @property
    def clock_offset_ms(self) -> float:
        """How far the server's clock is ahead of the emulator's clock, ms. May be set at any time."""
        return self._exchange.clock_offset_ms

    @clock_offset_ms.setter
    def clock_offset_ms(self, offset_ms: float) -> None:
        with self._lock:
            self._shift(offset_ms - self._exchange.clock_offset_ms)
            self._exchange.clock_offset_ms = offset_ms

    def _shift(self, span: float) -> None:
        """Keep everything that is due as far away as it is, by a clock that is set."""
        self._exchange.floor.agenda.shift(span)

    @property
    def server_time(self) -> int:
        """The server's clock, epoch ms."""
        return math.floor(self.settings.clock() + self.clock_offset_ms)

    def rest_orders(
        self,
        account: str | int,
        symbol: str,
        n: int,
        *,
        price: str = "50000",
        quantity: str = "0.001",
        side: str = "BUY",
        status: str = "NEW",
        client_order_ids: Iterable[str] = (),
    ) -> list[int]:
        """Put `n` limit orders on the book, unsigned and uncounted; their order ids."""
        names = iter(client_order_ids)
        with self._at_present() as floor:
            book = floor.books[str(account)]
            ids = [next(floor.engine.ids) for _ in range(n)]
            for order_id in ids:
                order = Order(order_id, symbol, side, price, quantity, "LIMIT", status, next(names, ""))
                order.account = book.account
                floor.engine.rest(order)
        return ids

    def open_orders(self, account: str | int) -> list[Order]:
        """The account's open orders, oldest first."""
        with self._at_present() as floor:
            return list(map(copy, floor.books[str(account)].orders.values()))

    def open_oco_orders(self, account: str | int) -> list[OcoPair]:
        """The account's open OCO pairs, oldest first."""
        with self._at_present() as floor:
            return list(map(copy, floor.books[str(account)].pairs))

    def fills(self, account: str | int) -> list[Fill]:
        """The account's fills, oldest first."""
        with self._at_present() as floor:
            return list(floor.books[str(account)].fills)

    def total(self, asset: str) -> Decimal:
        """All that there is of an asset: of every account, of the market and of the fees. It never changes."""
        with self._at_present() as floor:
            return floor.ledger.total(asset)

    def price(self, symbol: str) -> Decimal:
        """The middle of the market now. Raises `InvalidRequest`."""
        with self._at_present() as floor:
            return floor.engine.prices.mid(listed(floor, symbol), floor.engine.time)

    def set_price(self, symbol: str, price: Decimal | int | str) -> None:
        """Let the price of a symbol be this from now on; orders that it reaches are filled. Raises `InvalidRequest`."""
        number = _number(price)
        with self._at_present() as floor:
            floor.timeline.set_price(listed(floor, symbol).symbol, number)

    def set_listing(self, listing: Listing) -> None:
        """List a symbol, or change its rules, from now on."""
        with self._at_present() as floor:
            floor.listings.known[listing.symbol] = listing

    @contextmanager
    def _at_present(self) -> Generator[Floor]:
        """The trading floor, after everything that has happened until now."""
        with self._lock, localcontext(prec=EXACT):
            self._exchange.floor.agenda.play(self.server_time)
            yield self._exchange.floor
