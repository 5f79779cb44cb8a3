"""The spot product: declarations of its endpoints, and the typed methods on them."""

from bingx_async.core.options import CallOptions
from bingx_async.spot.batch_placing import BatchPlacing
from bingx_async.spot.cancels import Cancels
from bingx_async.spot.klines import Klines
from bingx_async.spot.market import Market
from bingx_async.spot.oco import OcoOrders
from bingx_async.spot.placing import Placing
from bingx_async.spot.queries import Queries
from bingx_async.spot.replacing import Replacing
from bingx_async.spot.switch import Switch
from bingx_async.spot.symbols import Symbols

__all__ = ["CallOptions", "SpotApi"]


class SpotApi(Cancels, Placing, BatchPlacing, Replacing, Queries, Switch, OcoOrders, Market, Klines, Symbols):
    """`client.spot`: the endpoints of BingX spot as typed methods.

    Every method also takes `max_wait`, `priority`, `timeout` and `recv_window` (see `CallOptions`), and raises the
    errors of `bingx_async.errors`: `InvalidRequest` before anything is sent, `QuotaWait` if the wait for quota does
    not fit, `RateLimited` if the exchange has closed the endpoint for longer than that, other `ApiError`s where it
    refused, `OutcomeUnknown` where no readable answer came.
    """

    def __repr__(self) -> str:
        return "SpotApi()"
