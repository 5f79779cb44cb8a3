"""What is done with the items of one topic in the order in which they come."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field

from bingx_async.core.order_book import OLDEST
from bingx_async.core.wire import integer
from bingx_async.models import Depth, Kline, Trade

REMEMBERED = 1000  # ids, twice as many at most


@define
class Once:
    """Leaves out trades that came before: the exchange repeats some."""

    _new: set[str] = field(factory=set[str])
    _old: set[str] = field(factory=set[str])

    def refined(self, items: Sequence[Trade]) -> Sequence[Trade]:
        """Those that are new."""
        return [trade for trade in items if self._is_new(trade.trade_id)]

    def lost(self) -> None:
        """What came before may still come twice."""

    def _is_new(self, trade_id: str) -> bool:
        if trade_id in self._new or trade_id in self._old:
            return False
        if len(self._new) >= REMEMBERED:
            self._new, self._old = set[str](), self._new
        if trade_id:
            self._new.add(trade_id)
        return True


@define
class Closing:
    """Gives a candle once more, as closed, when a later one has come: the exchange does not say so itself. One of
    which the end was missed is not called closed, and one that changes afterwards is given closed again."""

    _now: Kline | None = None
    _closed: Kline | None = None

    def refined(self, items: Sequence[Kline]) -> Sequence[Kline]:
        """The candles, each after the one that it closes."""
        return [each for item in items for each in self._next(item)]

    def lost(self) -> None:
        """The end of the candle may be missed."""
        self._now = self._closed = None

    def _next(self, item: Kline) -> Sequence[Kline]:
        now, closed = self._now, self._closed
        if now is None or _opened(item) == _opened(now):
            self._now = item
            return (item,)
        if _opened(item) > _opened(now):
            self._now, self._closed = item, evolve(now, is_closed=True)
            return (self._closed, item)
        late = evolve(item, is_closed=True)
        if closed is None or late == closed or _opened(late) != _opened(closed):
            return ()
        self._closed = late
        return (late,)


def _opened(candle: Kline) -> float:
    return candle.open_time.timestamp() if candle.open_time is not None else 0.0


@define
class Rising:
    """Leaves out books that are older than the one before, unless all are: then ids have begun anew."""

    _last: int = 0
    _olds: int = 0  # books that were left out, since the last one that was not

    def refined(self, items: Sequence[Depth]) -> Sequence[Depth]:
        """Those that are not older."""
        return [depth for depth in items if self._is_newer(depth)]

    def lost(self) -> None:
        """Another server may count differently."""
        self._last = 0

    def _is_newer(self, depth: Depth) -> bool:
        number = integer(depth.raw.get("lastUpdateId"))
        if number is None:
            return True
        self._olds = self._olds + 1 if number < self._last else 0
        if 0 < self._olds < OLDEST:
            return False
        self._last, self._olds = number, 0
        return True
