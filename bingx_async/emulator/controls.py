"""The controls of an emulator: everything that a test does to the exchange, and everything that it reads off.

Rules: the clock is read and the request handled under one lock, so arrivals come in order whatever thread brings
them. Each way through the network takes `latency` plus or minus `jitter` seconds, drawn anew. A request that has left
arrives even if its caller gives up: at once, if that is sooner.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from copy import copy
from decimal import Decimal, InvalidOperation, localcontext
from functools import partial
from random import Random
from threading import RLock

from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.faults import Delay, Execute, Fault, FaultPlan
from bingx_async.emulator.floor import EXACT, Floor
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Stats
from bingx_async.emulator.trading.orders import Fill, OcoPair, Order
from bingx_async.emulator.traffic import Log, Reply, Request, Sleep, logger
from bingx_async.errors import InvalidRequest


def _number(price: Decimal | int | str) -> Decimal:
    try:
        number = Decimal(price)
    except InvalidOperation:
        number = Decimal(0)
    if isinstance(price, float) or not (number.is_finite() and number > 0):
        raise InvalidRequest(f"price must be a number above 0 such as '61250', not {price!r}")
    return number


def _listed(floor: Floor, symbol: str) -> Listing:
    if not floor.listings.has(symbol):
        raise InvalidRequest(f"no symbol {symbol!r}; list it with set_listing(Listing({symbol!r}, price=...))")
    return floor.listings.get(symbol)


class Controls:
    """An exchange with a clock, a lock and a network around it."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self.settings = settings
        self.accounts = settings.accounts
        self._exchange = Exchange(settings)
        self._log = Log(settings.accounts)
        self._travel = Random(settings.seed)
        self._faults = FaultPlan(Random(settings.seed + 1))
        self._lock = RLock()

    @property
    def clock_offset_ms(self) -> float:
        """How far the server's clock is ahead of the emulator's clock, ms. May be set at any time."""
        return self._exchange.clock_offset_ms

    @clock_offset_ms.setter
    def clock_offset_ms(self, offset_ms: float) -> None:
        with self._lock:
            self._exchange.clock_offset_ms = offset_ms

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

    def price(self, symbol: str) -> Decimal:
        """The middle of the market now. Raises `InvalidRequest`."""
        with self._at_present() as floor:
            return floor.engine.prices.mid(_listed(floor, symbol), floor.engine.time)

    def set_price(self, symbol: str, price: Decimal | int | str) -> None:
        """Let the price of a symbol be this from now on; orders that it reaches are filled. Raises `InvalidRequest`."""
        number = _number(price)
        with self._at_present() as floor:
            floor.timeline.set_price(_listed(floor, symbol).symbol, number)

    def set_listing(self, listing: Listing) -> None:
        """List a symbol, or change its rules, from now on."""
        with self._at_present() as floor:
            floor.listings.known[listing.symbol] = listing

    def close_endpoint(self, account: str | int, endpoint: str, for_ms: int) -> int:
        """Close an endpoint for an account, as a breach would; the server moment (epoch ms) at which it opens.

        `endpoint` is the name of its method, as in `client.spot`, or its path. Raises `InvalidRequest`.
        """
        routes = [found.route for found in CATALOGUE.find_all(endpoint)]
        with self._lock:
            book, until = self._exchange.floor.books[str(account)], self.server_time + for_ms
            return max(self._exchange.enforcement.close((book.account, route), until).until for route in routes)

    def inject(self, fault: Fault) -> None:
        """Let `fault` strike from the next request on."""
        with self._lock:
            self._faults.inject(fault)

    def clear_faults(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def stats(self) -> Stats:
        """Everything counted since the start, frozen."""
        with self._lock:
            return self._exchange.tally.freeze()

    def handle(self, request: Request) -> Reply:
        """The exchange's reply to a request that arrives now: no latency, no faults."""
        with self._lock:
            reply = self._exchange.handle(request, self.settings.clock())
        self._log.write(request, reply)
        return reply

    @contextmanager
    def _at_present(self) -> Generator[Floor]:
        """The trading floor, after everything that has happened until now."""
        with self._lock, localcontext(prec=EXACT):
            self._exchange.floor.timeline.advance(self.server_time)
            yield self._exchange.floor

    async def _respond(self, request: Request, sleep: Sleep) -> Reply:
        """The reply after both ways of the network and the faults that strike; raises `ConnectionClosed`."""
        with self._lock:
            effects = self._faults.strike(request)
        delays = [effect for effect in effects if isinstance(effect, Delay)]
        execute: Execute = partial(self.handle, request)
        for effect in reversed(effects):
            execute = partial(effect.around, execute)
        try:
            await self._travel_for(sleep, sum(delay.up for delay in delays))
        except BaseException:
            try:
                execute()
            except Exception:
                logger.debug("a connection was closed whose caller had already given up")
            raise
        reply = execute()
        await self._travel_for(sleep, sum(delay.down for delay in delays))
        return reply

    async def _travel_for(self, sleep: Sleep, extra: float) -> None:
        jitter = self.settings.jitter
        seconds = extra + self.settings.latency + self._travel.uniform(-jitter, jitter)
        if seconds > 0:
            await sleep(seconds)
