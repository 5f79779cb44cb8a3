"""Trades of the market, the latest and those before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Unpack

from attrs import evolve

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions
from bingx_async.core.signing import Param
from bingx_async.core.wire import integer, many
from bingx_async.models import Trade
from bingx_async.spot import arguments
from bingx_async.spot.families import MarketGroup, public, quote

LIST_TRADES = public("list_trades", "/openApi/spot/v1/market/trades", many(Trade))
ITER_HISTORICAL_TRADES = public("iter_historical_trades", "/openApi/market/his/v1/trade", many(Trade))
QUOTE_TRADES = quote(LIST_TRADES, "trades")
QUOTE_HISTORICAL_TRADES = quote(ITER_HISTORICAL_TRADES, "historicalTrades")

MOST = 500  # trades in one reply
BUYER_WAS_MAKER = 1  # `ms`, as one client reads it


class Seen:
    """The span of trade ids that have been seen, and from which id to go on.

    Whether the exchange gives the trades before an id or those after it is open: the first page shows it.
    """

    def __init__(self, from_id: int | None) -> None:
        self.next_id = self._lowest = self._highest = from_id

    def add(self, trades: list[Trade]) -> list[Trade]:
        """Those of a page that are new, each once. Afterwards `next_id` is the id to ask from, None at the end."""
        fresh = {number: it for it in trades if (number := integer(it.trade_id)) is not None and self._is_new(number)}
        self.next_id = self._follow(list(fresh)) if fresh else None
        return list(fresh.values())

    def _is_new(self, number: int) -> bool:
        return self._lowest is None or self._highest is None or not self._lowest <= number <= self._highest

    def _follow(self, fresh: list[int]) -> int:
        """The lowest id if there are trades before the ones seen, else the highest."""
        is_older = self._lowest is None or min(fresh) < self._lowest
        known = [each for each in (self._lowest, self._highest) if each is not None]
        self._lowest, self._highest = min(fresh + known), max(fresh + known)
        return self._lowest if is_older else self._highest


class Trades(MarketGroup):
    """Methods on trades of the market."""

    async def list_trades(self, symbol: str, limit: int = 100, **options: Unpack[CallOptions]) -> list[Trade]:
        """The latest trades of `symbol`, up to `limit` (1 to 500), newest first."""
        most = arguments.whole(limit, "limit", 1, MOST)
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol), "limit": most}
        return await self._ask_many(Call(LIST_TRADES, params), Call(QUOTE_TRADES, params), options)

    def iter_historical_trades(
        self, symbol: str, *, from_id: int | str | None = None, **options: Unpack[CallOptions]
    ) -> AsyncIterator[Trade]:
        """The trades of `symbol`, each once, page by page: from the latest backwards, or from the trade `from_id` on.

        Which way the exchange goes from an id is not documented: backwards or forwards, it goes on as it began, and
        ends where no new trade comes. Iterate for as long as you need; to go on later or after an error, pass the id of
        the last trade that came. The symbol may be missing in the trades' own fields.
        """
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol), "limit": MOST}
        seen = Seen(None if from_id is None else arguments.trade_id(from_id, "from_id"))
        return self._walk_trades(params, seen, options)

    async def _walk_trades(self, params: dict[str, Param], seen: Seen, options: CallOptions) -> AsyncIterator[Trade]:
        while True:
            if seen.next_id is not None:
                params = {**params, "fromId": str(seen.next_id)}
            page = Call(ITER_HISTORICAL_TRADES, params), Call(QUOTE_HISTORICAL_TRADES, params)
            for trade in seen.add(await self._ask_many(*page, options)):
                yield self._with_maker(trade)
            if seen.next_id is None:
                return

    def _with_maker(self, trade: Trade) -> Trade:
        """The trade, its maker read out of `ms` where the client's facts say so."""
        told = integer(trade.raw.get("ms"))
        if not self._facts.ms_tells_maker or told is None or trade.is_buyer_maker is not None:
            return trade
        return evolve(trade, is_buyer_maker=told == BUYER_WAS_MAKER)
