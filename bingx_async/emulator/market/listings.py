"""Symbols as they are listed: their grids and bounds, their state, and the price they start from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen
from attrs.converters import optional

from bingx_async.errors import InvalidRequest

ONLINE = 1
OPENED_AT = 1_600_000_000_000  # when all of them were listed, epoch ms


@frozen(kw_only=True)
class Listing:
    """A symbol: prices are multiples of `tick`, quantities of `step`; an order is worth `min_notional` to
    `max_notional` in the quote asset, a market order at most `max_market_notional` (None: no such bound).

    `status` is 1 while it is traded; `can_buy`, `can_sell`: whether orders by API may. `price` is where the market
    starts. Numbers may be given as texts.
    """

    symbol: str = field(kw_only=False)
    price: Decimal = field(default=Decimal(1), converter=Decimal)
    tick: Decimal = field(default=Decimal("0.00000001"), converter=Decimal)
    step: Decimal = field(default=Decimal("0.00000001"), converter=Decimal)
    min_notional: Decimal = field(default=Decimal(0), converter=Decimal)
    max_notional: Decimal = field(default=Decimal(10**15), converter=Decimal)
    max_market_notional: Decimal | None = field(default=None, converter=optional(Decimal))
    status: int = ONLINE
    can_buy: bool = True
    can_sell: bool = True

    def __attrs_post_init__(self) -> None:
        if "-" not in self.symbol or min(self.price, self.tick, self.step) <= 0:
            raise InvalidRequest(
                "a Listing needs a symbol such as 'BTC-USDT', and a price, tick and step above 0, such as "
                f"Listing('BTC-USDT', price='61250', tick='0.01', step='0.00001'); this one is {self!r}"
            )

    @property
    def quote(self) -> str:
        """The asset in which prices are."""
        return self.symbol.rpartition("-")[2]

    def price_on_grid(self, text: str) -> str:
        """The price without the digits beyond the grid; as it was written if it has none."""
        return _cut(text, self.tick)

    def quantity_on_grid(self, text: str) -> str:
        """The quantity without the digits beyond the grid; as it was written if it has none."""
        return _cut(text, self.step)


def _cut(text: str, grid: Decimal) -> str:
    value = Decimal(text)
    return text if value % grid == 0 else format(value // grid * grid, "f")


def down_to(value: Decimal, grid: Decimal) -> Decimal:
    """The multiple of `grid` at or below `value`."""
    return value // grid * grid


def _usdt(base: str, price: str, tick: str, step: str, **more: object) -> Listing:
    bounds = {"min_notional": Decimal(1), "max_notional": Decimal(500_000), "max_market_notional": Decimal(200_000)}
    return Listing(f"{base}-USDT", price=price, tick=tick, step=step, **{**bounds, **more})  # type: ignore[arg-type]


# The last ones are there to be awkward: grids that are no powers of ten, states in which nothing is traded, names
# that have to be escaped.
LISTINGS: Mapping[str, Listing] = {
    listing.symbol: listing
    for listing in (
        _usdt("BTC", "61250", "0.01", "0.00001"),
        _usdt("ETH", "2950", "0.01", "0.0001"),
        _usdt("SOL", "160", "0.001", "0.001"),
        _usdt("XRP", "0.52", "0.0001", "0.1"),
        _usdt("DOGE", "0.12", "0.00001", "1"),
        _usdt("PEPE", "0.00000812", "0.00000000001", "1000"),
        Listing("BTC-USDC", price=61240, tick="0.01", step="0.00001", min_notional=1, max_notional=100_000),
        Listing("ETH-BTC", price="0.0482", tick="0.000001", step="0.0001", min_notional="0.0001", max_notional=20),
        _usdt("ODD", "0.01233", "0.00003", "0.7", min_notional=5),
        _usdt("HALF", "1234.5", "0.5", "0.025", min_notional=5),
        _usdt("GONE", "0.3", "0.001", "0.1", status=0),
        _usdt("SOON", "2", "0.001", "0.1", status=5),
        _usdt("BETA", "7", "0.001", "0.1", status=10),
        _usdt("HALT", "40", "0.01", "0.01", status=25),
        _usdt("EXIT", "0.9", "0.001", "0.1", can_buy=False),
        _usdt("ENTER", "0.9", "0.001", "0.1", can_sell=False),
        _usdt("OTHR#99961", "3", "0.001", "0.1"),
        _usdt("MØTH", "0.05", "0.0001", "1"),
    )
}
