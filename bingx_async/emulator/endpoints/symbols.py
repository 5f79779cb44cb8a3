"""The rules of symbols."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params
from bingx_async.emulator.market.listings import OPENED_AT, Listing


def list_symbols(desk: Desk, params: Params) -> Any:
    """Every symbol, or the one that is named."""
    listings = [desk.listings.get(desk.symbol(params))] if params.get("symbol") else desk.listings.all()
    return {"symbols": [_form(desk, listing) for listing in listings]}


def _form(desk: Desk, listing: Listing) -> dict[str, Any]:
    flags = {"apiStateBuy": listing.can_buy, "apiStateSell": listing.can_sell}
    market = listing.max_market_notional
    return {
        "symbol": listing.symbol,
        "displayName": listing.symbol,
        # Out of use: made of the value and a price that has long changed, and no limits of an order.
        "minQty": _short(listing.min_notional / listing.price / 2),
        "maxQty": _short(listing.max_notional / listing.price / 2),
        "minNotional": listing.min_notional,
        "maxNotional": listing.max_notional,
        **({} if market is None else {"maxMarketNotional": market}),
        "status": listing.status,
        "tickSize": _scientific(listing.tick),
        "stepSize": _scientific(listing.step),
        **(flags if desk.variants.api_flags == "present" else {}),
        "timeOnline": OPENED_AT,
        "offTime": 0,
        "maintainTime": 0,
    }


def _short(number: Decimal) -> Decimal:
    return Decimal(f"{number:.7f}")


def _scientific(number: Decimal) -> Any:
    """As the exchange writes small numbers: 1e-05; a float has room for every grid."""
    return float(number)
