"""Balances of an account."""

from __future__ import annotations

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import many
from bingx_async.models import AccountValue, Balance
from bingx_async.spot.base import ACCOUNT, NEWER_PAGES, Group

LIST_BALANCES = Endpoint(
    "list_balances",
    "GET",
    "/openApi/spot/v1/account/balance",
    IpGroup.TRADE,
    many(Balance, "balances"),
    quota=Quota(5, 1.0, ACCOUNT),
    profiles={"2025-10": Quota(5, 1.0, NEWER_PAGES)},
)
LIST_FUND_BALANCES = Endpoint(
    "list_fund_balances",
    "GET",
    "/openApi/fund/v1/account/balance",
    IpGroup.ACCOUNT,
    many(Balance, "balances", "assets"),
    quota=Quota(2, 1.0, ACCOUNT),  # the page allows 10, a client in production goes by 2
)
GET_OVERVIEW = Endpoint(
    "get_overview",
    "GET",
    "/openApi/account/v1/allAccountBalance",
    IpGroup.ACCOUNT,
    many(AccountValue, "result"),
    quota=Quota(5, 1.0, ACCOUNT),
)


class Balances(Group):
    """Methods on balances."""
