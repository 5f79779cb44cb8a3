"""bingx_async: the asyncio client for BingX spot whose governor is never rejected and never idle."""

import logging

__version__ = "0.1.0"

from bingx_async.catalogue import PROFILES
from bingx_async.client import BingXClient
from bingx_async.core import events
from bingx_async.core.events import Event
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.errors import (
    ApiError,
    AuthenticationError,
    BingXError,
    ClientClosed,
    ClockError,
    ConnectFailed,
    ErrorBudgetSpent,
    InsufficientBalance,
    InvalidRequest,
    LocalError,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    ReadFailed,
    ServerBusy,
    StoreUnavailable,
    TransportError,
    UnreadableReply,
)
from bingx_async.governor import Governor
from bingx_async.models import (
    CancelFailure,
    CancelOrdersResult,
    CancelOutcome,
    CancelRestriction,
    CancelStatus,
    OcoLeg,
    OcoOrder,
    OcoOrderType,
    OcoReference,
    Order,
    OrderStatus,
    OrderType,
    Priority,
    Side,
)
from bingx_async.runtime.governor.snapshot import BucketSnapshot, BudgetSnapshot, Snapshot

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless the program says otherwise

__all__ = [
    "PROFILES",
    "ApiError",
    "AuthenticationError",
    "BingXClient",
    "BingXError",
    "BucketSnapshot",
    "BudgetSnapshot",
    "CancelFailure",
    "CancelOrdersResult",
    "CancelOutcome",
    "CancelRestriction",
    "CancelStatus",
    "ClientClosed",
    "ClockError",
    "ConnectFailed",
    "ErrorBudgetSpent",
    "Event",
    "Governor",
    "InsufficientBalance",
    "InvalidRequest",
    "IpGroup",
    "LocalError",
    "OcoLeg",
    "OcoOrder",
    "OcoOrderType",
    "OcoReference",
    "Order",
    "OrderNotFound",
    "OrderRefused",
    "OrderStatus",
    "OrderType",
    "OutcomeUnknown",
    "Priority",
    "Quota",
    "QuotaWait",
    "RateLimited",
    "ReadFailed",
    "ServerBusy",
    "Side",
    "Snapshot",
    "StoreUnavailable",
    "TransportError",
    "UnreadableReply",
    "__version__",
    "events",
]
