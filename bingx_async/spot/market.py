"""Market data, which needs no key."""

from __future__ import annotations

from bingx_async.core.endpoint import Auth, Endpoint
from bingx_async.core.quota import IpGroup
from bingx_async.core.wire import integer, mapping
from bingx_async.spot.calling import Group


def _read_server_time(data: object) -> float | None:
    """`data.serverTime`, epoch milliseconds, or None."""
    millis = integer(mapping(data).get("serverTime"))
    return float(millis) if millis is not None and millis > 0 else None


def _server_time(path: str) -> Endpoint[float | None]:
    # Unstamped: a clock that is wrong must not keep the exchange from saying the right time.
    return Endpoint("server_time", "GET", path, IpGroup.MARKET, _read_server_time, auth=Auth.PUBLIC, is_stamped=False)


# The newest texts of the exchange name the first, older ones the second, so the second is asked if the first fails.
SERVER_TIME = _server_time("/openApi/swap/v2/server/time")
SERVER_TIME_OLD = _server_time("/openApi/spot/v1/server/time")
TIME_ENDPOINTS = (SERVER_TIME, SERVER_TIME_OLD)


class Market(Group):
    """Methods on market data."""
