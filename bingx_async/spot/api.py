"""All methods of the spot product."""

from __future__ import annotations

from bingx_async.spot.many import ManyOrders
from bingx_async.spot.market import Market
from bingx_async.spot.oco import OcoOrders
from bingx_async.spot.orders import Orders


class SpotApi(Orders, OcoOrders, ManyOrders, Market):
    """`client.spot`: the endpoints of BingX spot as typed methods.

    Every method also takes `max_wait`, `priority`, `timeout` and `recv_window` (see `CallOptions`), and raises the
    errors of `bingx_async.errors`: `InvalidRequest` before anything is sent, `QuotaWait` if the wait for quota does
    not fit, `RateLimited` if the exchange has closed the endpoint for longer than that, other `ApiError`s where it
    refused, `OutcomeUnknown` where no readable answer came.
    """

    def __repr__(self) -> str:
        return "SpotApi()"
