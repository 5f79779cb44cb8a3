"""Market data: so far the exchange's clock."""

from __future__ import annotations

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import SERVER_TIME, SERVER_TIME_OLD, IpGroup
from bingx_async.core.wire import read_server_time

# The vendor's newest text and most peers use the first, the older texts the second (WIRE.md).
TIME_ENDPOINTS: tuple[Endpoint[float | None], ...] = tuple(
    Endpoint("server_time", "GET", path, IpGroup.MARKET, read_server_time, is_signed=False)
    for path in (SERVER_TIME, SERVER_TIME_OLD)
)
