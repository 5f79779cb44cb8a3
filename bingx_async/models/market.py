"""Market data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import NOTHING, frozen

from bingx_async.models.fields import raw, wire

__all__ = ["Depth", "Level"]


@frozen(order=True)
class Level:
    """One price of an order book."""

    price: Decimal = wire("price", 0, default=NOTHING)
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal = wire("quantity", 1, default=NOTHING)
    """The quantity that is offered or wanted at this price, in the base asset."""


def _rising(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels))


def _falling(levels: Iterable[Level]) -> tuple[Level, ...]:
    return tuple(sorted(levels, reverse=True))


@frozen
class Depth:
    """An order book at `time`, best price first on both sides."""

    bids: tuple[Level, ...] = wire("bids", default=(), converter=_falling)
    asks: tuple[Level, ...] = wire("asks", default=(), converter=_rising)
    time: datetime | None = wire("ts")
    raw: Mapping[str, Any] = raw()
