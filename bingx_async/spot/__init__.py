"""The spot product: declarations of its endpoints, and the typed methods on them."""

from typing import Any

from bingx_async.core.channel import Channel
from bingx_async.core.options import CallOptions
from bingx_async.errors import InvalidRequest
from bingx_async.spot.killswitch import Killing
from bingx_async.spot.klines import Klines
from bingx_async.spot.market import Market
from bingx_async.spot.orders import Orders
from bingx_async.spot.resolving import Resolving
from bingx_async.spot.strategies import Strategy
from bingx_async.spot.streaming.streams import AccountStream, OrderBook, Stream, Streams
from bingx_async.spot.switch import Switch
from bingx_async.spot.symbols import Symbols
from bingx_async.spot.tracker.follower import Follower
from bingx_async.spot.tracker.tracker import QUEUE, RESOLVE_FOR, JournalLike, Tracker, tracker_of
from bingx_async.spot.trades import Trades

__all__ = ["AccountStream", "CallOptions", "OrderBook", "SpotApi", "Strategy", "Stream", "Streams", "Tracker"]


class SpotApi(Killing, Resolving, Orders, Switch, Market, Trades, Klines, Symbols):
    """`client.spot`: the endpoints of BingX spot as typed methods.

    Every method also takes `max_wait`, `priority`, `timeout` and `recv_window` (see `CallOptions`), and raises the
    errors of `bingx_async.errors`: `InvalidRequest` before anything is sent, `QuotaWait` if the wait for quota does
    not fit, `RateLimited` if the exchange has closed the endpoint for longer than that, other `ApiError`s where it
    refused, `OutcomeUnknown` where no readable answer came.
    """

    @property
    def streams(self) -> Streams:
        """What happens, as it happens: the market's channels, for which no key is needed, and the account's."""
        return Streams(self._calls.streams, self._follow)

    def as_strategy(self, name: str | None = None) -> Strategy:
        """The orders of the strategy `name` (1 to 11 letters and digits): what it places carries a mark, and it shows
        and cancels only that. Without a name, the strategy of the client."""
        if name is None and self._ids.strategy is None:
            raise InvalidRequest("name the strategy, as in as_strategy('grid7'): the client was made without one")
        return self._like(Strategy, self._ids if name is None else self._ids.of(name))

    def tracker(self, journal: JournalLike = None, *, resolve_for: float = RESOLVE_FOR, queue: int = QUEUE) -> Tracker:
        """The truth about the account's orders and balances; see `Tracker`, and docs/tracker.

        `journal`: a path, or a `Journal` of your own; without one an order is not known after the process has died.
        `resolve_for`: seconds for which the start waits until it is known what became of the orders of an earlier run;
        what is not known by then is found out in the background. `queue`: the changes that wait for the program.
        """
        return tracker_of(self, self._ids, True, journal, queue, resolve_for)

    def _follow(self, channel: Channel[Any]) -> Follower:
        return Follower(self._calls, self._like(Orders, self._ids), lambda _: True, {channel.topic: channel})

    def __repr__(self) -> str:
        return "SpotApi()"
