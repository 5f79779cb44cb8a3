"""The spot product: declarations of its endpoints and the typed methods on them."""

from typing import Any

from bingx_async.core.endpoint import Endpoint
from bingx_async.spot.api import SpotApi
from bingx_async.spot.calling import Caller, CallOptions
from bingx_async.spot.market import TIME_ENDPOINTS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.orders import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS

CATALOGUE: tuple[Endpoint[Any], ...] = (
    CANCEL_ORDER,
    CANCEL_ORDERS,
    CANCEL_OPEN_ORDERS,
    PLACE_OCO_ORDER,
    CANCEL_OCO_ORDER,
    *TIME_ENDPOINTS,
)

__all__ = ["CATALOGUE", "TIME_ENDPOINTS", "CallOptions", "Caller", "SpotApi"]
