"""The trading rules of a symbol: what they allow, and the nearest number that they allow.

The exchange cuts off the digits that do not fit a grid and accepts the rest, so a number off the grid is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.errors import InvalidRequest
from bingx_async.models.fields import raw, text, wire
from bingx_async.models.grids import ceil, floor, is_usable, least_for, most_for, number, product, shown
from bingx_async.models.placing import NewOrder, Number

__all__ = ["SymbolRules"]

ONLINE = 1
_STATUSES = {0: "offline", 5: "not open yet", 25: "suspended", 29: "to be delisted", 30: "delisted"}


@frozen
class SymbolRules:
    """The trading rules of a symbol."""

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT: its base asset, then its quote asset."""
    display_name: str = text("displayName")
    """The pair as the exchange shows it."""
    tick_size: Decimal | None = wire("tickSize")
    """Prices are multiples of it."""
    step_size: Decimal | None = wire("stepSize")
    """Quantities are multiples of it."""
    min_notional: Decimal | None = wire("minNotional")
    """The smallest value of an order, in the quote asset."""
    max_notional: Decimal | None = wire("maxNotional")
    """The greatest value of an order, in the quote asset."""
    max_market_notional: Decimal | None = wire("maxMarketNotional")
    """The greatest value of a market order, in the quote asset; None where the reply has none."""
    status: int | None = wire("status")
    """0 offline, 1 online, 5 before opening, 10 accessed, 25 suspended, 29 to be delisted, 30 delisted."""
    can_api_buy: bool | None = wire("apiStateBuy")
    """Whether orders by API may buy; None where the reply does not tell."""
    can_api_sell: bool | None = wire("apiStateSell")
    """Whether orders by API may sell; None where the reply does not tell."""
    opens_at: datetime | None = wire("timeOnline")
    """When trading begins; None where it has begun long ago."""
    closes_at: datetime | None = wire("offTime")
    """When trading stops; None where that is not planned."""
    maintained_at: datetime | None = wire("maintainTime")
    """When the symbol is maintained; None where that is not planned."""
    raw: Mapping[str, Any] = raw()

    @property
    def base_asset(self) -> str:
        """The asset that is bought and sold."""
        return self.symbol.partition("-")[0]

    @property
    def quote_asset(self) -> str:
        """The asset in which prices are."""
        return self.symbol.partition("-")[2]

    @property
    def can_buy(self) -> bool:
        """Whether it is online and orders by API may buy. The exchange may leave that open; it decides then."""
        return self.status == ONLINE and self.can_api_buy is not False

    @property
    def can_sell(self) -> bool:
        """Whether it is online and orders by API may sell."""
        return self.status == ONLINE and self.can_api_sell is not False

    def quantize_price(self, price: Number, side: str) -> Decimal:
        """The nearest price on the grid that is no worse for you: a BUY price goes down, a SELL price up."""
        if side not in ("BUY", "SELL"):
            raise InvalidRequest(f"side={side!r} must be 'BUY' or 'SELL'")
        to_grid = floor if side == "BUY" else ceil
        return to_grid(number(price, "price"), self._grid("tick size", self.tick_size))

    def quantize_quantity(self, quantity: Number) -> Decimal:
        """The greatest quantity on the grid that is not above `quantity`; 0 if it is less than one step."""
        return floor(number(quantity, "quantity"), self._grid("step size", self.step_size))

    def quantize_quote_quantity(self, quote_quantity: Number, places: int = 8) -> Decimal:
        """The amount cut to `places` decimal places: how many the exchange reads is not documented."""
        return floor(number(quote_quantity, "quote_quantity"), Decimal(1).scaleb(-places))

    def check(self, order: NewOrder, quote_places: int = 8) -> None:
        """Raise `InvalidRequest` if the order breaks these rules; the message has the nearest numbers that do not.

        The value of a market order that sells is not known beforehand, nor is the band around the market price in
        which the exchange takes orders: it decides on both.
        """
        if order.symbol != self.symbol:
            raise InvalidRequest(f"these are the rules of {self.symbol}, and the order is for {order.symbol}")
        if order.side not in ("BUY", "SELL"):
            raise InvalidRequest(f"side={order.side!r} must be 'BUY' or 'SELL'")
        self._check_trading(order.side)
        prices = [
            self._fit(name, getattr(order, name), "tick size", self.tick_size) for name in ("price", "stop_price")
        ]
        quantity = self._fit("quantity", order.quantity, "step size", self.step_size)
        quote = self._fit("quote_quantity", order.quote_quantity, "smallest part", Decimal(1).scaleb(-quote_places))
        if quote is not None:
            self._check_value(order, "quote_quantity", quote, Decimal(1))
        elif quantity is not None and prices[0] is not None:
            self._check_value(order, "quantity", product(quantity, prices[0]), prices[0])

    def _check_trading(self, side: str) -> None:
        if self.status not in (None, ONLINE):
            state = _STATUSES.get(self.status or 0, "not online")
            raise InvalidRequest(
                f"{self.symbol} is {state} (status {self.status}): the exchange takes no orders for it"
            )
        if (self.can_api_buy if side == "BUY" else self.can_api_sell) is False:
            raise InvalidRequest(f"the exchange takes no {side} orders by API for {self.symbol}")

    def _grid(self, name: str, step: Decimal | None) -> Decimal:
        if is_usable(step):
            return step
        raise InvalidRequest(f"the exchange tells no {name} of {self.symbol}; check=False sends an order unchecked")

    def _fit(self, name: str, value: Number | None, grid: str, step: Decimal | None) -> Decimal | None:
        """The number, if it is on the grid."""
        if value is None:
            return None
        given, step = number(value, name), self._grid(grid, step)
        below = floor(given, step)
        if below == given:
            return given
        near = [shown(each) for each in (below, ceil(given, step)) if each]
        raise InvalidRequest(
            f"{name}={shown(given)} is not a multiple of the {grid} {shown(step)} of {self.symbol}: write "
            f"{' or '.join(near)}"
        )

    def _check_value(self, order: NewOrder, name: str, value: Decimal, price: Decimal) -> None:
        """The bounds of an order's value, and the amount `name` with which it would keep them."""
        step = self._grid("step size", self.step_size) if name == "quantity" else Decimal(1).scaleb(-8)
        bounds = [self.max_notional, self.max_market_notional if order.type.endswith("MARKET") else None]
        most, least = min(filter(is_usable, bounds), default=None), self.min_notional
        if is_usable(least) and value < least:
            cure = f"write {name}={shown(least_for(least, price, step))} or more"
            raise self._worth(value, f"less than the {shown(least)}", cure)
        if most is not None and value > most:
            greatest = most_for(most, price, step)
            cure = f"write {name}={shown(greatest)} or less" if greatest else "lower the price"
            raise self._worth(value, f"more than the {shown(most)}", cure)

    def _worth(self, value: Decimal, bound: str, cure: str) -> InvalidRequest:
        kind = f"{shown(value)} {self.quote_asset}"
        return InvalidRequest(f"the order is worth {kind}, {bound} that {self.symbol} allows: {cure}")
