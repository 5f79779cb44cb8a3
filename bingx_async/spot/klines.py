"""Candles."""

from __future__ import annotations

from bingx_async.core.endpoint import Auth, Endpoint
from bingx_async.core.quota import IpGroup
from bingx_async.core.wire import many
from bingx_async.models import Kline
from bingx_async.spot.base import Group

LIST_KLINES = Endpoint(
    "list_klines", "GET", "/openApi/spot/v2/market/kline", IpGroup.MARKET, many(Kline), auth=Auth.PUBLIC
)
LIST_HISTORICAL_KLINES = Endpoint(
    "list_historical_klines", "GET", "/openApi/market/his/v1/kline", IpGroup.MARKET, many(Kline), auth=Auth.PUBLIC
)


class Klines(Group):
    """Methods on candles."""
