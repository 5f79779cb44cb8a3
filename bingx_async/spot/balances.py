"""Asking for the balances of the spot account, which a tracker needs too."""

from __future__ import annotations

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import many
from bingx_async.models import Balance
from bingx_async.spot.base import ACCOUNT, NEWER_PAGES

LIST_BALANCES = Endpoint(
    "list_balances",
    "GET",
    "/openApi/spot/v1/account/balance",
    IpGroup.TRADE,
    many(Balance, "balances"),
    quota=Quota(5, 1.0, ACCOUNT),
    profiles={"2025-10": Quota(5, 1.0, NEWER_PAGES)},
)
