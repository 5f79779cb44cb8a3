"""The emulator: an exchange with a clock, a lock, a network around it and faults in between.

Rules: the clock is read and the request handled under one lock, so arrivals come in order whatever thread brings
them. Each way of the network takes `latency` plus or minus `jitter` seconds, drawn anew. A request that has left
arrives even if its caller gives up: at once, if that is sooner. The log never shows a key, a secret or a signature.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from random import Random
from threading import RLock
from typing import TYPE_CHECKING

from bingx_async.catalogue import CATALOGUE, PROFILES
from bingx_async.core.catalogue import Profile
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.emulator.accounts import Account, default_accounts
from bingx_async.emulator.book import OcoPair, Order
from bingx_async.emulator.exchange import Exchange, PenaltyStyle, RateHeaders
from bingx_async.emulator.faults import Delay, Effect, Execute, Fault, FaultPlan
from bingx_async.emulator.limits import Model
from bingx_async.emulator.parameters import CARRIERS, Carrier
from bingx_async.emulator.penalties import ErrorBudget
from bingx_async.emulator.stats import Stats
from bingx_async.emulator.traffic import Reply, Request, mask
from bingx_async.emulator.transport import EmulatorTransport

if TYPE_CHECKING:
    from bingx_async.emulator.server import EmulatorServer

logger = logging.getLogger("bingx_async.emulator")

SHOWN = 500  # characters of the parameters that a log line shows
EXTRA = 'the emulator\'s server needs starlette and uvicorn: pip install "bingx_async[emulator]"'


def read_clock() -> float:
    """The system's clock, epoch ms."""
    return time.time() * 1000


class Emulator:
    """BingX spot for tests, demos and benchmarks: it checks signatures and enforces every quota.

    `profile` and `quotas` as for the governor · `model`: how arrivals are counted (see `emulator.limits`) ·
    `penalty_ms`, `penalty_style`: how long a breach closes an endpoint, and whether the answer names the moment ·
    `latency`, `jitter`: seconds each way · `carriers`: where parameters are read · `rate_headers`: the form of
    X-RateLimit-Requests-Expire, None for no such headers · `clock_offset_ms`: how far the server's clock is ahead of
    `clock`, which returns epoch ms · `symbols`: the pairs traded, None for all that are well-formed ·
    `error_limit`: business errors of one code per 480 s that are forgiven, None for all.
    """

    def __init__(
        self,
        accounts: Iterable[Account] | None = None,
        *,
        profile: str | Profile = "documented",
        quotas: Mapping[str | IpGroup, Quota] | None = None,
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
        self.accounts = tuple(default_accounts() if accounts is None else accounts)
        self.latency, self.jitter = latency, jitter
        self._clock = clock or read_clock
        self._exchange = Exchange(
            self.accounts,
            find_profile(profile).override(quotas or {}),
            model=model,
            penalty_ms=penalty_ms,
            penalty_style=penalty_style,
            carriers=frozenset(carriers),
            rate_headers=rate_headers,
            clock_offset_ms=clock_offset_ms,
            symbols=symbols,
            budget=ErrorBudget(error_limit),
        )
        self._secrets = [text for each in self.accounts for text in (each.api_key, each.secret_key) if text]
        self._lock = RLock()
        self._travel = Random(seed)
        self._faults = FaultPlan(Random(seed + 1))

    def __repr__(self) -> str:
        uids = ", ".join(dict.fromkeys(account.account for account in self.accounts))
        return f"<Emulator {self._exchange.profile.name}, {self._exchange.model}, accounts {uids}>"

    def transport(self, *, address: str = "127.0.0.1") -> EmulatorTransport:
        """An httpx transport that ends here, for any host; `address` is the IP its requests come from."""
        return EmulatorTransport(self, address)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AbstractAsyncContextManager[EmulatorServer]:
        """Serve over a real socket while the context is open; `port=0` takes a free one. Loopback only."""
        try:
            from bingx_async.emulator.server import serve
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(EXTRA, name=error.name) from error
        return serve(self, host, port)

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
        return math.floor(self._clock() + self.clock_offset_ms)

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
        """Close an endpoint for an account, as a breach would; the server moment (epoch ms) at which it opens."""
        if str(account) not in self._exchange.books:
            raise ValueError(f"no account {account}")
        route = CATALOGUE.find(endpoint).route
        with self._lock:
            return self._exchange.close((str(account), route), self.server_time + for_ms).until

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
            reply = self._exchange.handle(request, self._clock())
        if logger.isEnabledFor(logging.DEBUG):
            self._log(request, reply)
        return reply

    async def respond(self, request: Request, sleep: Callable[[float], Awaitable[object]]) -> Reply:
        """The reply after both ways of the network and the faults that strike; raises `ConnectionClosed`."""
        with self._lock:
            effects = self._faults.strike(request)
        delays = [effect for effect in effects if isinstance(effect, Delay)]
        execute = _wrap(partial(self.handle, request), effects)
        try:
            await self._sleep(sleep, sum(delay.up for delay in delays))
        except BaseException:
            _arrive(execute)
            raise
        reply = execute()
        await self._sleep(sleep, sum(delay.down for delay in delays))
        return reply

    async def _sleep(self, sleep: Callable[[float], Awaitable[object]], extra: float) -> None:
        seconds = extra + self.latency + self._travel.uniform(-self.jitter, self.jitter)
        if seconds > 0:
            await sleep(seconds)

    def _log(self, request: Request, reply: Reply) -> None:
        account = next((a.account for a in self.accounts if a.api_key == request.headers.get("x-bx-apikey")), "-")
        text = " ".join(part for part in (request.query, request.body.decode(errors="replace")) if part)
        masked = mask(f"{request.path} {text}", self._secrets)[:SHOWN]
        answer = reply.body[:40].decode(errors="replace")
        logger.debug("%s %r account=%s -> %d %r", request.method, masked, account, reply.status, answer)


def find_profile(profile: str | Profile) -> Profile:
    """The profile of that name."""
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
    return PROFILES[profile]


def _wrap(execute: Execute, effects: Iterable[Effect]) -> Execute:
    for effect in reversed(tuple(effects)):
        execute = partial(effect.around, execute)
    return execute


def _arrive(execute: Execute) -> None:
    try:
        execute()
    except Exception:
        logger.debug("the connection of a request nobody waits for was closed")
