"""The statement of one account: its balances and fills, as its own client reads them once a second.

It is read like any caller would read it, by `list_balances` and `iter_fills`, whose quotas are not among those that
the demo drives. In the end the balances must be what was deposited and every fill together, to the last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import define, field

from bingx_async import Balance, BingXClient, Fill, Side

ZERO = Decimal(0)


@define(eq=False)
class Statement:
    """What was read so far; `symbol` is the one in which the account trades."""

    client: BingXClient
    symbol: str
    balances: dict[str, Balance] = field(init=False, factory=dict[str, Balance])  # by asset
    fills: dict[str, Fill] = field(init=False, factory=dict[str, Fill])  # by the id of the trade, oldest first

    @property
    def account(self) -> str:
        """The UID."""
        return self.client.account.owner

    @property
    def last(self) -> Fill | None:
        """The latest fill."""
        return next(reversed(self.fills.values()), None)

    async def read(self) -> None:
        """Read the balances, and the fills since the last one."""
        since = self.last.time if self.last is not None else None
        self.balances = {balance.asset: balance for balance in await self.client.account.list_balances()}
        async for fill in self.client.spot.iter_fills(self.symbol, start=since):
            self.fills[fill.trade_id] = fill

    def total(self, asset: str) -> Decimal:
        """All that the account has of an asset, in open orders or not."""
        balance = self.balances.get(asset)
        return balance.total or ZERO if balance is not None else ZERO

    def is_explained_by(self, deposits: Mapping[str, Decimal]) -> bool:
        """Whether every balance is the deposit and the fills together."""
        expected = defaultdict(Decimal, deposits)
        for fill in self.fills.values():
            _add(expected, fill)
        return all(self.total(asset) == expected[asset] for asset in {*expected, *self.balances})


def _add(amounts: defaultdict[str, Decimal], fill: Fill) -> None:
    base, _, quote = fill.symbol.partition("-")
    sign = 1 if fill.side == Side.BUY else -1
    amounts[base] += sign * (fill.quantity or ZERO)
    amounts[quote] -= sign * (fill.quote_quantity or ZERO)
    amounts[fill.fee_asset] -= fill.fee or ZERO


def fees(statements: Iterable[Statement]) -> dict[str, Decimal]:
    """The fees of every fill, by asset."""
    paid = defaultdict[str, Decimal](Decimal)
    for statement in statements:
        for fill in statement.fills.values():
            paid[fill.fee_asset] += fill.fee or ZERO
    return paid


def total(statements: Iterable[Statement], asset: str) -> Decimal:
    """All that the accounts have of an asset."""
    return sum((each.total(asset) for each in statements), ZERO)
