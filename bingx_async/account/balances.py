"""Balances of an account."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import many
from bingx_async.models import AccountType, AccountValue, Balance
from bingx_async.spot import arguments
from bingx_async.spot.balances import LIST_BALANCES
from bingx_async.spot.base import ACCOUNT, Group

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

    async def list_balances(self, **options: Unpack[CallOptions]) -> list[Balance]:
        """The balances of the spot account. An asset of which nothing is held may be missing."""
        return await self._calls.call(Call(LIST_BALANCES, {}), options)

    async def list_fund_balances(self, asset: str | None = None, **options: Unpack[CallOptions]) -> list[Balance]:
        """The balances of the fund account, which is apart from spot; of one `asset`, such as USDT, or of all."""
        params: dict[str, Param] = {} if asset is None else {"asset": arguments.word(asset, "asset", "USDT")}
        return await self._calls.call(Call(LIST_FUND_BALANCES, params), options)

    async def get_overview(
        self, account_type: AccountType | str | None = None, **options: Unpack[CallOptions]
    ) -> list[AccountValue]:
        """The value in USDT of each account of the user: spot, futures, copy trading and so on; or of one of them."""
        params: dict[str, Param] = {}
        if account_type is not None:
            params["accountType"] = arguments.word(account_type, "account_type", AccountType.SPOT.value)
        return await self._calls.call(Call(GET_OVERVIEW, params), options)
