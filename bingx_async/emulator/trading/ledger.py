"""Money: the wallets of all accounts, the counter account of the market, and the fees.

Rules: nothing appears and nothing is lost. For each asset the sum over all wallets, the market's account and the fees
never changes, to the last digit; `total` tells it. Only wallets that are bounded can be too small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from attrs import define

from bingx_async.emulator.trading.orders import ZERO, Hold, Order
from bingx_async.emulator.traffic import BusinessRefusal

ENDLESS = Decimal(10) ** 12  # what a wallet without bounds shows at first


@define(eq=False)
class Wallet:
    """One asset of one account."""

    free: Decimal = ZERO
    locked: Decimal = ZERO
    is_bounded: bool = True


class Ledger:
    """The wallets by account and asset.

    `bounded` has the assets of accounts that own these and nothing else; `balances` has accounts that own so much of
    each quote asset and any amount of the others. Every other account has as much as it wants of everything.
    """

    def __init__(self, bounded: Mapping[str, Mapping[str, Decimal]], balances: Mapping[str, Decimal]) -> None:
        self._bounded = bounded
        self._balances = balances
        self._wallets: defaultdict[str, dict[str, Wallet]] = defaultdict(dict)
        self.market: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        for account, assets in bounded.items():
            self._wallets[account] = {asset: Wallet(amount) for asset, amount in assets.items()}

    def wallets(self, account: str) -> dict[str, Wallet]:
        """The account's wallets by asset."""
        return self._wallets[account]

    def wallet(self, account: str, asset: str, is_quote: bool = False) -> Wallet:
        """One wallet; made if there is none."""
        wallets = self._wallets[account]
        if asset not in wallets:
            wallets[asset] = self.untouched(account, is_quote)
        return wallets[asset]

    def untouched(self, account: str, is_quote: bool) -> Wallet:
        """A wallet as it is at first, of an asset that the account was not given."""
        if account in self._bounded:
            return Wallet()
        if is_quote and account in self._balances:
            return Wallet(self._balances[account])
        return Wallet(ENDLESS, is_bounded=False)

    def total(self, asset: str) -> Decimal:
        """All that there is of an asset."""
        held = [wallets[asset] for wallets in self._wallets.values() if asset in wallets]
        return sum((each.free + each.locked for each in held), self.market[asset] + self.fees[asset])

    def lock(self, orders: list[Order], *, forced: bool = False) -> None:
        """Set aside what the dearest of these orders of one account needs, or refuse with 100202."""
        first = orders[0]
        hold = Hold(first.spent_asset, owners=orders)
        wallet, need = self._purse(first), hold.needed
        if need > wallet.free and wallet.is_bounded and not forced:
            raise BusinessRefusal(100202, "Insufficient balance")
        hold.amount = need
        wallet.free -= need
        wallet.locked += need
        for order in orders:
            order.hold = hold

    def release(self, order: Order) -> None:
        """Free what the owners of the order's hold need no more."""
        hold = order.hold
        if hold is not None:
            wallet, excess = self._purse(order), hold.amount - hold.needed
            hold.amount -= excess
            wallet.locked -= excess
            wallet.free += excess

    def exchange(self, order: Order, paid: Decimal, received: Decimal, fee: Decimal) -> None:
        """Pay the market out of the order's hold, and receive the other asset from it, less the fee."""
        assert order.hold is not None
        order.hold.amount -= paid
        self._purse(order).locked -= paid
        self.market[order.spent_asset] += paid
        self.market[order.fee_asset] -= received
        self.fees[order.fee_asset] += fee
        self.wallet(order.account, order.fee_asset, order.side == "SELL").free += received - fee

    def _purse(self, order: Order) -> Wallet:
        return self.wallet(order.account, order.spent_asset, order.side == "BUY")
