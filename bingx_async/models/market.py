"""Market data."""

from __future__ import annotations

from decimal import Decimal

from attrs import NOTHING, frozen

from bingx_async.models.fields import wire

__all__ = ["Level"]


@frozen
class Level:
    """One price of an order book."""

    price: Decimal = wire("price", 0, default=NOTHING)
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal = wire("quantity", 1, default=NOTHING)
    """The quantity that is offered or wanted at this price, in the base asset."""
