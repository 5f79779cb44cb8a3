"""Market data, which needs no key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from bingx_async.core.endpoint import Auth, Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup
from bingx_async.core.wire import integer, many, mapping, one
from bingx_async.models import BookTicker, Depth, LastPrice, Ticker, Trade
from bingx_async.spot import arguments
from bingx_async.spot.base import Group

T = TypeVar("T")


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


def _public(name: str, path: str, read: Callable[[Any], T]) -> Endpoint[T]:
    return Endpoint(name, "GET", path, IpGroup.MARKET, read, auth=Auth.PUBLIC)


GET_DEPTH = _public("get_depth", "/openApi/spot/v1/market/depth", one(Depth))
GET_AGGREGATED_DEPTH = _public("get_aggregated_depth", "/openApi/spot/v2/market/depth", one(Depth))
LIST_TRADES = _public("list_trades", "/openApi/spot/v1/market/trades", many(Trade))
ITER_HISTORICAL_TRADES = _public("iter_historical_trades", "/openApi/market/his/v1/trade", many(Trade))
LIST_TICKERS = _public("list_tickers", "/openApi/spot/v1/ticker/24hr", many(Ticker))
LIST_PRICES = _public("list_prices", "/openApi/spot/v2/ticker/price", many(LastPrice))
LIST_BOOK_TICKERS = _public("list_book_tickers", "/openApi/spot/v1/ticker/bookTicker", many(BookTicker))


class Market(Group):
    """Methods on market data."""

    async def get_depth(self, symbol: str, limit: int = 20, **options: Unpack[CallOptions]) -> Depth:
        """The order book of `symbol`, up to `limit` (1 to 1000) prices on each side."""
        pair, most = arguments.symbol(symbol), arguments.whole(limit, "limit", 1, 1000)
        return await self._calls.call(Call(GET_DEPTH, {"symbol": pair, "limit": most}), options)
