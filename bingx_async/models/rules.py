"""The trading rules of a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.models.fields import raw, text, wire

__all__ = ["SymbolRules"]

ONLINE = 1


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
