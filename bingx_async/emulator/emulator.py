"""The emulator: an exchange with a clock, a lock and a network around it.

Rule: the clock is read and the request handled under one lock, so arrivals come in order whatever thread brings
them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from threading import RLock
from typing import TYPE_CHECKING

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.catalogue import Profile
from bingx_async.emulator.accounts import Account, default_accounts
from bingx_async.emulator.book import OcoPair, Order
from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.faults import Fault
from bingx_async.emulator.limits import Model
from bingx_async.emulator.log import Log
from bingx_async.emulator.network import Network
from bingx_async.emulator.parameters import CARRIERS, Carrier
from bingx_async.emulator.settings import EmulatorSettings, PenaltyStyle, Quotas, RateHeaders, profile_of
from bingx_async.emulator.stats import Stats
from bingx_async.emulator.traffic import Reply, Request
from bingx_async.emulator.transport import EmulatorTransport

if TYPE_CHECKING:
    from bingx_async.emulator.server import EmulatorServer

EXTRA = 'the emulator\'s server needs starlette and uvicorn: pip install "bingx_async[emulator]"'


def read_clock() -> float:
    """The system's clock, epoch ms."""
    return time.time() * 1000


class Emulator:
    """BingX spot for tests, demos and benchmarks: it checks signatures and enforces every quota.

    `profile` and `quotas` as for the governor · `model`: how arrivals are counted (see `emulator.limits`) ·
    `penalty_ms`, `penalty_style`: how long a breach closes an endpoint, and whether the answer names the moment ·
    `latency`, `jitter`: seconds each way · `seed`: of the randomness in jitter and faults · `carriers`: where
    parameters are read · `rate_headers`: the form of X-RateLimit-Requests-Expire, None for no such headers ·
    `clock_offset_ms`: how far the server's clock is ahead of `clock`, which returns epoch ms · `symbols`: the pairs
    traded, None for all that are well-formed · `error_limit`: business errors of one code per 480 s that are
    forgiven, None for all. Raises `InvalidRequest`.
    """

    def __init__(
        self,
        accounts: Iterable[Account] | None = None,
        *,
        profile: str | Profile = "documented",
        quotas: Quotas | None = None,
        model: Model = "sliding",
        penalty_ms: int = 5000,
        penalty_style: PenaltyStyle = "closed",
        latency: float = 0.0,
        jitter: float = 0.0,
        seed: int = 0,
        carriers: Collection[Carrier] = CARRIERS,
        rate_headers: RateHeaders | None = "epoch-ms",
        clock_offset_ms: float = 0,
        clock: Callable[[], float] | None = None,
        symbols: Collection[str] | None = None,
        error_limit: int | None = 20,
    ) -> None:
        self.settings = EmulatorSettings(
            accounts=default_accounts() if accounts is None else accounts,
            profile=profile_of(profile, quotas),
            model=model,
            penalty_ms=penalty_ms,
            penalty_style=penalty_style,
            latency=latency,
            jitter=jitter,
            seed=seed,
            carriers=carriers,
            rate_headers=rate_headers,
            clock_offset_ms=clock_offset_ms,
            clock=clock or read_clock,
            symbols=symbols,
            error_limit=error_limit,
        )
        self.accounts = self.settings.accounts
        self._exchange = Exchange(self.settings)
        self._network = Network(self.settings, self.handle)
        self._log = Log(self.accounts)
        self._lock = RLock()

    def __repr__(self) -> str:
        uids = ", ".join(dict.fromkeys(account.account for account in self.accounts))
        return f"<Emulator {self.settings.profile.name}, {self.settings.model}, accounts {uids}>"

    def transport(self, *, address: str = "127.0.0.1") -> EmulatorTransport:
        """An httpx transport that ends here, for any host; `address` is the IP its requests come from."""
        return EmulatorTransport(self._network.respond, address)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AbstractAsyncContextManager[EmulatorServer]:
        """Serve over a real socket while the context is open; `port=0` takes a free one. Loopback only."""
        try:
            from bingx_async.emulator.server import serve
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(EXTRA, name=error.name) from error
        return serve(self._network.respond, host, port)

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
        with self._lock:
            book = self._exchange.books[str(account)]
            ids = [self._exchange.next_order_id() for _ in range(n)]
            for order_id in ids:
                order = Order(order_id, symbol, side, price, quantity, "LIMIT", status, next(names, ""))
                book.locked += order.cost
                book.add(order)
        return ids

    def open_orders(self, account: str | int) -> list[Order]:
        """The account's open orders, oldest first."""
        with self._lock:
            return list(self._exchange.books[str(account)].orders.values())

    def open_oco_orders(self, account: str | int) -> list[OcoPair]:
        """The account's open OCO pairs, oldest first."""
        with self._lock:
            return self._exchange.books[str(account)].pairs

    def close_endpoint(self, account: str | int, endpoint: str, for_ms: int) -> int:
        """Close an endpoint for an account, as a breach would; the server moment (epoch ms) at which it opens.

        `endpoint` is the name of its method, as in `client.spot`, or its path. Raises `InvalidRequest`.
        """
        routes = [found.route for found in CATALOGUE.find_all(endpoint)]
        with self._lock:
            book, until = self._exchange.books[str(account)], self.server_time + for_ms
            return max(self._exchange.penalties.close((book.account, route), until).until for route in routes)

    def inject(self, fault: Fault) -> None:
        """Let `fault` strike from the next request on."""
        self._network.inject(fault)

    def clear_faults(self) -> None:
        """Forget every fault."""
        self._network.clear_faults()

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
