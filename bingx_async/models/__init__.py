"""Plain frozen values: what the exchange's replies become. Money is `Decimal`, never float."""

from bingx_async.models.enums import (
    CancelRestriction,
    OcoOrderType,
    OpenEnum,
    OrderStatus,
    OrderType,
    Priority,
    Side,
)
from bingx_async.models.oco import OcoLeg, OcoOrder, OcoReference
from bingx_async.models.orders import CancelFailure, CancelOrdersResult, Order
from bingx_async.models.outcome import CancelOutcome, CancelStatus

__all__ = [
    "CancelFailure",
    "CancelOrdersResult",
    "CancelOutcome",
    "CancelRestriction",
    "CancelStatus",
    "OcoLeg",
    "OcoOrder",
    "OcoOrderType",
    "OcoReference",
    "OpenEnum",
    "Order",
    "OrderStatus",
    "OrderType",
    "Priority",
    "Side",
]
