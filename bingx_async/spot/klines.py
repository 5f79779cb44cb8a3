"""Candles.

An unfinished candle still changes. A reply has the newest first, and holds so many candles at most. Whether it includes
a candle that opens exactly at `startTime` is not documented, so the exchange is asked from a millisecond earlier.
"""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from itertools import takewhile
from math import inf
from typing import Unpack

from attrs import evolve, field, frozen

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions, shown
from bingx_async.core.signing import Param
from bingx_async.core.wire import many
from bingx_async.errors import InvalidRequest
from bingx_async.models import Kline
from bingx_async.spot import arguments
from bingx_async.spot.families import MarketGroup, public, quote

LIST_KLINES = public("list_klines", "/openApi/spot/v2/market/kline", many(Kline))
LIST_HISTORICAL_KLINES = public("list_historical_klines", "/openApi/market/his/v1/kline", many(Kline))
QUOTE_KLINES = quote(LIST_KLINES, "klines")
QUOTE_HISTORICAL_KLINES = quote(LIST_HISTORICAL_KLINES, "historicalKlines")

MOST_HISTORICAL = 500  # candles in one reply
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000  # ms
INTERVALS: Mapping[str, int] = {
    **{f"{each}m": each * MINUTE for each in (1, 3, 5, 15, 30)},
    **{f"{each}h": each * HOUR for each in (1, 2, 4, 6, 8, 12)},
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
    "1M": 31 * DAY,  # the longest month
}
SHORTEST_MONTH = 28 * DAY
MORE = 2  # candles that a reply may hold besides those asked for: the ones at both ends
ZONES = (0, 8)

Listing = Endpoint[list[Kline]]


@frozen
class Span:
    """Candles of `symbol` that open from `start` on and before `end`, epoch ms; `most` fit into a reply."""

    symbol: str
    interval: str
    zone: int
    most: int
    start: float = -inf
    end: float = inf
    step: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "step", INTERVALS[self.interval])

    @property
    def page_end(self) -> float:
        """Where its first page ends."""
        return min(self.end, self.start + (self.most - MORE) * self.step)

    @property
    def least(self) -> int:
        """The least time from one candle to the next, ms."""
        return SHORTEST_MONTH if self.interval == "1M" else self.step

    def params(self, limit: int) -> dict[str, Param]:
        """The parameters by which the exchange is asked for them."""
        asked: dict[str, Param] = {"symbol": self.symbol, "interval": self.interval, "timeZone": self.zone}
        if self.start > -inf:
            asked["startTime"] = int(self.start) - 1
        if self.end < inf:
            asked["endTime"] = int(self.end)
        return {**asked, "limit": limit}

    def sort(self, klines: list[Kline], now: float) -> list[Kline]:
        """Those of a reply that belong here, oldest first, each once; those that are over at `now` are closed."""
        found = {opened(each): each for each in klines if each.open_time is not None}
        ordered = [found[at] for at in sorted(found) if self.start <= at < self.end]
        still_open = takewhile(lambda each: not self._is_over(each, now), reversed(ordered))
        for each in ordered[: len(ordered) - len(list(still_open))]:
            object.__setattr__(each, "is_closed", True)  # nothing else has them yet, and a copy of each takes long
        return ordered

    def _is_over(self, kline: Kline, now: float) -> bool:
        """A month's last moment is told by the candle itself."""
        told = kline.close_time
        closes = opened(kline) + self.step if told is None else told.timestamp() * 1000.0
        return now > closes and now >= opened(kline) + self.least


def opened(kline: Kline) -> int:
    """When it opened, epoch ms."""
    assert kline.open_time is not None
    return round(kline.open_time.timestamp() * 1000.0)


class Klines(MarketGroup):
    """Methods on candles."""

    async def list_klines(
        self,
        symbol: str,
        interval: str,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        limit: int = 500,
        time_zone: int = 0,
        **options: Unpack[CallOptions],
    ) -> list[Kline]:
        """Candles of `symbol`, oldest first: up to `limit` (1 to 1440) of those that open from `start` on and before
        `end`. With `start` they are the first of these, without it the latest.

        `interval` is one of 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M. Days and longer ones begin at midnight
        UTC; with `time_zone=8` at midnight UTC+8. The newest candle is unfinished, see `Kline.is_closed`.
        """
        span = _span(symbol, interval, time_zone, self._facts.klines_per_page, start, end)
        most = arguments.whole(limit, "limit", 1, span.most)
        return await self._list(LIST_KLINES, QUOTE_KLINES, span, most, options)

    async def list_historical_klines(
        self,
        symbol: str,
        interval: str,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        limit: int = 500,
        time_zone: int = 0,
        **options: Unpack[CallOptions],
    ) -> list[Kline]:
        """The same from the exchange's archive, up to 500, for candles that `list_klines` does not go back to.

        It is not documented whether the archive heeds the time zone.
        """
        span = _span(symbol, interval, time_zone, MOST_HISTORICAL, start, end)
        most = arguments.whole(limit, "limit", 1, span.most)
        return await self._list(LIST_HISTORICAL_KLINES, QUOTE_HISTORICAL_KLINES, span, most, options)

    def iter_klines(
        self,
        symbol: str,
        interval: str,
        start: datetime | int,
        end: datetime | int | None = None,
        *,
        time_zone: int = 0,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Kline]:
        """All candles of `symbol` that open from `start` on and before `end` (None: now), oldest first, each once.

        Pages are asked for as they are needed, each with the `options`. After an error go on from the last candle that
        came. Begin where trading began (`SymbolRules.opens_at`): the empty time before costs calls too. `interval` and
        `time_zone` are those of `list_klines`. If `end` is None the last candle may be unfinished.
        """
        until = self._calls.now() if end is None else arguments.moment(end, "end")
        span = _span(symbol, interval, time_zone, self._facts.klines_per_page, start, int(until))
        return self._walk_klines(LIST_KLINES, QUOTE_KLINES, span, options)

    async def _walk_klines(
        self, endpoint: Listing, quoted: Listing, span: Span, options: CallOptions
    ) -> AsyncIterator[Kline]:
        """Page by page, each from the last candle on: a page may end early."""
        while span.start < span.end:
            page = await self._page(endpoint, quoted, span, options)
            for kline in page:
                yield kline
            span = evolve(span, start=opened(page[-1]) + span.least if page else span.page_end)

    async def _page(self, endpoint: Listing, quoted: Listing, span: Span, options: CallOptions) -> list[Kline]:
        """The first candles of `span`. If the exchange has cut the reply at its beginning, the rest is asked for."""
        whole = evolve(span, end=span.page_end)
        page = missing = await self._ask_span(endpoint, quoted, whole, whole.most, options)
        while missing and opened(page[0]) - whole.start >= whole.step:
            whole = evolve(whole, end=opened(page[0]))
            missing = await self._ask_span(endpoint, quoted, whole, whole.most, options)
            page = [*missing, *page]
        return page

    async def _list(
        self, endpoint: Listing, quoted: Listing, span: Span, limit: int, options: CallOptions
    ) -> list[Kline]:
        if span.start == -inf:
            asked = limit if span.end == inf else min(limit + 1, span.most)  # the exchange may include the end
            return (await self._ask_span(endpoint, quoted, span, asked, options))[-limit:]
        span = evolve(span, end=min(span.end, span.start + limit * span.step))
        return [each async for each in self._walk_klines(endpoint, quoted, span, options)][:limit]

    async def _ask_span(
        self, endpoint: Listing, quoted: Listing, span: Span, limit: int, options: CallOptions
    ) -> list[Kline]:
        now, params = self._calls.now(), span.params(limit)  # before the reply: a candle may end while it is under way
        return span.sort(await self._ask_many(Call(endpoint, params), Call(quoted, params), options), now)


def _span(
    symbol: str, interval: str, zone: int, most: int, start: datetime | int | None, end: datetime | int | None
) -> Span:
    """The candles asked for. Raises `InvalidRequest`."""
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise InvalidRequest(f"interval={shown(interval)} must be one of {', '.join(INTERVALS)}")
    if isinstance(zone, bool) or zone not in ZONES:
        raise InvalidRequest(f"time_zone={shown(zone)} must be 0 (UTC) or 8 (UTC+8)")
    begins = -inf if start is None else arguments.moment(start, "start")
    ends = inf if end is None else arguments.moment(end, "end")
    if begins >= ends:
        raise InvalidRequest(f"start={shown(start)} must be before end={shown(end)}")
    return Span(arguments.symbol(symbol), interval, int(zone), most, begins, ends)
