"""Following the public market with a client of the exchange, for the symbols in use.

Rules: a symbol is in use from the first request or subscription that names it. That request waits until its prices are
there, or for `patience` seconds; after a failure none waits for as long again. Trading rules are the exchange's. What
the streams do not tell (older candles and trades, the last 24 hours) is asked of the exchange and passed on. Everything
runs in the event loop of the requests; `aclose` ends it there, and the next request begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import anyio
from attrs import evolve

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.channel import Channel, Push
from bingx_async.emulator.floor import Floor
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.live import Live
from bingx_async.emulator.market.quotes import quotes_of
from bingx_async.emulator.traffic import Refusal, Request, logger
from bingx_async.errors import BingXError, InvalidRequest
from bingx_async.models import SymbolRules
from bingx_async.spot.streaming.channels import BOOK_TICKER, DEPTH, TRADES

LIVE_HOST, LIVE_STREAMS = "https://open-api.bingx.com", "wss://open-api-ws.bingx.com/market"
NAMED = re.compile(r"""symbol[\\"']*\s*[=:]\s*[\\"']*([A-Za-z0-9#]+)[-_]([A-Za-z]+)""")
PASSED_ON = frozenset(("list_klines", "list_historical_klines", "list_tickers", "iter_historical_trades"))
ADDED = frozenset(("timestamp", "recvWindow", "signature"))  # by a client to each of its calls
UNAVAILABLE = 100503
Present = Callable[[], AbstractContextManager[Floor]]


class Following:
    """See the module. `present` gives the trading floor as it is now."""

    def __init__(self, live: Live, present: Present) -> None:
        self._live, self._present = live, present
        self._client: Any = None
        self._open = AsyncExitStack()
        self._followed: set[str] = set()
        self._retry_at = 0.0
        self._lock = anyio.Lock()

    async def prepare(self, request: Request) -> Request:
        """The request, once the symbols that it names are followed, with what the exchange itself has to answer."""
        named = {f"{base}-{quote}" for base, quote in NAMED.findall(f"{unquote(request.query)} {request.body!r}")}
        await self.follow(named)
        found = CATALOGUE.get(f"{request.method} {request.path}")
        if not found or found[0].name not in PASSED_ON:
            return request
        how: dict[str, Any] = {"quota": None, "auth": "public", "group": found[0].group}
        try:
            client = await self._connected()
            asked = {name: value for name, value in parse_qsl(request.query) if name not in ADDED}
            answer = await client.request("GET", request.path, asked, **how)
        except BingXError as error:
            code = getattr(error, "code", None)
            return evolve(request, answer=Refusal(code if isinstance(code, int) else UNAVAILABLE, str(error)))
        return evolve(request, answer=answer.get("data"))

    async def follow(self, symbols: Collection[str]) -> None:
        """Follow these symbols from now on, and return once their first prices are there, or it has failed."""
        if not set(symbols) - self._followed or anyio.current_time() < self._retry_at:
            return
        async with self._lock:
            for symbol in sorted(set(symbols) - self._followed):
                try:
                    with anyio.fail_after(self._live.patience):
                        await self._begin(symbol)
                except (BingXError, TimeoutError) as error:
                    why = str(error) or f"the exchange did not answer within {self._live.patience:g} s"
                    self._retry_at = anyio.current_time() + self._live.patience
                    self._lose((symbol,), why)

    async def aclose(self) -> None:
        """Follow nothing more. Twice is harmless."""
        with anyio.CancelScope(shield=True):
            stack, client, self._client = self._open, self._client, None
            self._open = AsyncExitStack()
            with self._present() as floor:
                floor.venue.lose("the emulator was closed", self._followed)
            self._followed.clear()
            await stack.aclose()
            if client is not None and client is not self._live.client:
                await client.aclose()

    async def _begin(self, symbol: str) -> None:
        client = await self._connected()
        sink = _Sink(self, symbol)
        topics: dict[str, Channel[Any]] = {
            TRADES.topic_of(symbol): TRADES,
            BOOK_TICKER.topic_of(symbol): BOOK_TICKER,
            DEPTH.topic_of(symbol, levels=20): DEPTH,
        }
        await self._open.enter_async_context(client.spot.streams.listen(topics, sink))
        self._followed.add(symbol)
        await sink.first.wait()

    async def _connected(self) -> Any:
        """The client; the trading rules are read with the first use of it."""
        if self._client is None:
            given = self._live.client
            client: Any = _keyless() if given is None else given() if callable(given) else given
            listings = map(_listing, await client.spot.list_symbols())
            with self._present() as floor:
                own = floor.engine.prices.market.listings
                floor.listings.known.update({each.symbol: each for each in (*filter(None, listings), *own)})
            self._client = client
        return self._client

    def take(self, push: Push) -> bool:
        """A message; whether it told the book."""
        quotes = quotes_of(push.topic, push.data)
        if quotes:
            with self._present() as floor:
                for quote in quotes:
                    floor.timeline.hear(quote)
        return bool(quotes) and not push.topic.endswith("@trade")

    def give_up(self, symbol: str, reason: str) -> None:
        """Nothing comes any more: the next use begins anew."""
        self._followed.discard(symbol)
        self._lose((symbol,), reason)

    def _lose(self, symbols: Sequence[str], reason: str) -> None:
        for symbol in symbols:
            logger.warning("the prices of %s are stale, nothing is filled: %s", symbol, reason)
        with self._present() as floor:
            floor.venue.lose(reason, symbols)

    def lost(self, symbol: str, reason: str) -> None:
        """The connection is gone for now."""
        self._lose((symbol,), reason)


class _Sink:
    """Takes the messages about one symbol."""

    def __init__(self, following: Following, symbol: str) -> None:
        self._following, self._symbol = following, symbol
        self.first = anyio.Event()  # set once a book has come

    def take(self, push: Push) -> None:
        """A message of one of the topics."""
        if self._following.take(push):
            self.first.set()

    def lost(self, _topics: Sequence[str], _since: datetime, reason: str, /) -> None:
        """Messages may be missing."""
        self._following.lost(self._symbol, reason)

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """The next book will tell."""

    def fail(self, error: BingXError) -> None:
        """Nothing comes any more."""
        self.first.set()
        self._following.give_up(self._symbol, str(error))


def _keyless() -> Any:
    """A client of the exchange itself, whatever the environment says: it may name this emulator."""
    from bingx_async.client import BingXClient

    return BingXClient.without_keys(base_url=LIVE_HOST, stream_url=LIVE_STREAMS)


def _listing(rules: SymbolRules) -> Listing | None:
    """The exchange's trading rules; None for a symbol that has none."""
    given: dict[str, Any] = {
        "tick": rules.tick_size,
        "step": rules.step_size,
        "min_notional": rules.min_notional,
        "max_notional": rules.max_notional,
        "max_market_notional": rules.max_market_notional,
        "status": rules.status,
        "can_buy": rules.can_api_buy,
        "can_sell": rules.can_api_sell,
    }
    try:
        return Listing(rules.symbol, **{name: value for name, value in given.items() if value is not None})
    except InvalidRequest:
        logger.debug("%s has no usable trading rules", rules.symbol)
        return None
