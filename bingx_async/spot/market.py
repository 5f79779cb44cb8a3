"""Order books, prices and the exchange's clock. Market data need no key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, Unpack

from bingx_async.core.endpoint import Auth, Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup
from bingx_async.core.signing import Param
from bingx_async.core.wire import decimal, integer, items, many, mapping, moment, one, text
from bingx_async.errors import ApiError
from bingx_async.models import BookTicker, Depth, LastPrice, Ticker
from bingx_async.spot import arguments
from bingx_async.spot.families import NO_DATA, MarketGroup, public, quote

T = TypeVar("T")
Named = TypeVar("Named", Ticker, LastPrice, BookTicker)
BAD_PARAMETER = 100400


def _read_server_time(data: object) -> float | None:
    """`data.serverTime`, epoch milliseconds, or None."""
    millis = integer(mapping(data).get("serverTime"))
    return float(millis) if millis is not None and millis > 0 else None


def _server_time(path: str) -> Endpoint[float | None]:
    # Unstamped: a clock that is wrong must not keep the exchange from saying the right time.
    return Endpoint("server_time", "GET", path, IpGroup.MARKET, _read_server_time, auth=Auth.PUBLIC, is_stamped=False)


# The newest texts of the exchange name the first, older ones the second, so the second is asked if the first fails.
SERVER_TIME = _server_time("/openApi/swap/v2/server/time")
SERVER_TIME_OLD = _server_time("/openApi/spot/v1/server/time")
TIME_ENDPOINTS = (SERVER_TIME, SERVER_TIME_OLD)


def _listed(read: Callable[[object], list[T]]) -> Callable[[object], list[T]]:
    """A reader that takes a single item for a list of one."""
    return lambda data: read([data] if mapping(data) else data)


def _read_prices(data: object) -> list[LastPrice]:
    """The price of the first of `trades`, which is the latest; one text shows it without that list."""
    return [_read_price(mapping(item)) for item in items(data) if mapping(item)]


def _read_price(item: Any) -> LastPrice:
    trade = mapping(next(iter(items(item.get("trades"))), item))
    return LastPrice(text(item.get("symbol")), decimal(trade.get("price")), moment(trade.get("timestamp")), item)


GET_DEPTH = public("get_depth", "/openApi/spot/v1/market/depth", one(Depth))
GET_AGGREGATED_DEPTH = public("get_aggregated_depth", "/openApi/spot/v2/market/depth", one(Depth))
LIST_TICKERS = public("list_tickers", "/openApi/spot/v1/ticker/24hr", _listed(many(Ticker)))
LIST_PRICES = public("list_prices", "/openApi/spot/v2/ticker/price", _listed(_read_prices))
LIST_BOOK_TICKERS = public("list_book_tickers", "/openApi/spot/v1/ticker/bookTicker", _listed(many(BookTicker)))

QUOTE_DEPTH = quote(GET_DEPTH, "depth")  # the aggregated one too
QUOTE_TICKERS = quote(LIST_TICKERS, "ticker")
QUOTE_PRICES = quote(LIST_PRICES, "price")
QUOTE_BOOK_TICKERS = quote(LIST_BOOK_TICKERS, "bookTicker")


class Market(MarketGroup):
    """Methods on order books and prices."""

    async def get_depth(self, symbol: str, limit: int = 20, **options: Unpack[CallOptions]) -> Depth:
        """The order book of `symbol`, up to `limit` (1 to 1000) prices on each side, best first."""
        most = arguments.whole(limit, "limit", 1, 1000)
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol), "limit": most}
        return await self._ask(Call(GET_DEPTH, params), Call(QUOTE_DEPTH, params), options)

    async def get_aggregated_depth(
        self, symbol: str, step: int = 0, limit: int = 20, **options: Unpack[CallOptions]
    ) -> Depth:
        """The order book of `symbol` with prices put together, up to `limit` (1 to 1000) on each side, best first.

        Each price stands for a range of 10**`step` ticks, `step` from 0 to 5.
        """
        pair, kind = arguments.symbol(symbol), f"step{arguments.whole(step, 'step', 0, 5)}"
        most = arguments.whole(limit, "limit", 1, 1000)
        spelt = {"underscore": pair.replace("-", "_"), "hyphen": pair}
        quoted = Call(QUOTE_DEPTH, {"symbol": pair, "limit": most, "type": kind})

        async def ask(spelling: str) -> Depth:
            params: dict[str, Param] = {"symbol": spelt[spelling], "depth": most, "type": kind}
            return await self._ask(Call(GET_AGGREGATED_DEPTH, params), quoted, options)

        return await self._in_either_spelling(ask)

    async def get_ticker(self, symbol: str, **options: Unpack[CallOptions]) -> Ticker:
        """The last 24 hours of `symbol`. Raises `ApiError` if the exchange does not know it."""
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol)}
        found = await self._ask_many(Call(LIST_TICKERS, params), Call(QUOTE_TICKERS, params), options)
        return _only(found, symbol, LIST_TICKERS)

    async def list_tickers(self, **options: Unpack[CallOptions]) -> list[Ticker]:
        """The last 24 hours of every symbol."""
        return await self._ask_many(Call(LIST_TICKERS, {}), Call(QUOTE_TICKERS, {}), options)

    async def get_price(self, symbol: str, **options: Unpack[CallOptions]) -> LastPrice:
        """The price of the latest trade of `symbol`. Raises `ApiError` if the exchange does not know it."""
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol)}
        found = await self._ask_many(Call(LIST_PRICES, params), Call(QUOTE_PRICES, params), options)
        return _only(found, symbol, LIST_PRICES)

    async def list_prices(self, **options: Unpack[CallOptions]) -> list[LastPrice]:
        """The price of the latest trade of every symbol."""
        return await self._ask_many(Call(LIST_PRICES, {}), Call(QUOTE_PRICES, {}), options)

    async def get_book_ticker(self, symbol: str, **options: Unpack[CallOptions]) -> BookTicker:
        """The best prices of `symbol`. Raises `ApiError` if the exchange does not know it."""
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol)}
        found = await self._ask_many(Call(LIST_BOOK_TICKERS, params), Call(QUOTE_BOOK_TICKERS, params), options)
        return _only(found, symbol, LIST_BOOK_TICKERS)

    async def list_book_tickers(self, **options: Unpack[CallOptions]) -> list[BookTicker]:
        """The best prices of every symbol."""
        return await self._ask_many(Call(LIST_BOOK_TICKERS, {}), Call(QUOTE_BOOK_TICKERS, {}), options)

    async def get_server_time(self, **options: Unpack[CallOptions]) -> datetime:
        """The exchange's clock, as an aware UTC datetime; it is as old as the reply's way back."""
        try:
            found = await self._calls.call(Call(SERVER_TIME, {}), options)
        except ApiError:
            found = None
        found = found or await self._calls.call(Call(SERVER_TIME_OLD, {}), options)
        told = moment(int(found)) if found else None
        if told is None:
            raise ApiError(None, "the reply holds no time", SERVER_TIME_OLD.path, 200)
        return told.astimezone(UTC)

    async def _in_either_spelling(self, ask: Callable[[str], Any]) -> Depth:
        """The answer to a symbol with an underscore or a hyphen; the one that has been understood is kept."""
        kept = self._kept.get("aggregated_symbol")
        first = kept or self._facts.aggregated_symbol
        try:
            found: Depth = await ask(first)
        except ApiError as error:
            if kept is not None or error.code not in (NO_DATA, BAD_PARAMETER):
                raise
            refused, first = error, "hyphen" if first == "underscore" else "underscore"
            try:
                found = await ask(first)
            except ApiError:
                raise refused from None
        self._kept["aggregated_symbol"] = first
        return found


def _only(found: Sequence[Named], symbol: str, endpoint: Endpoint[Any]) -> Named:
    """The item of that symbol, which may be spelt with an underscore; an item alone need not name it."""
    named = {it.symbol.replace("_", "-"): it for it in found}
    item = named.get(symbol) or (named.get("") if len(found) == 1 else None)
    if item is None:
        raise ApiError(
            None, f"the exchange has nothing on {symbol!r}; list_symbols has all symbols", endpoint.path, 200
        )
    return item
