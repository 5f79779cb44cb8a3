"""A desk: one request to an endpoint with everything the endpoint works on, and the readers of its parameters.

A behaviour takes a desk and the parameters, raw tokens by name. It either returns the data or raises a
`BusinessRefusal` having changed nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from attrs import define, frozen

from bingx_async.emulator.market.listings import ONLINE, Listing
from bingx_async.emulator.settings import Account
from bingx_async.emulator.trading.book import Book
from bingx_async.emulator.trading.engine import Engine
from bingx_async.emulator.trading.orders import Order
from bingx_async.emulator.trading.timeline import Timeline
from bingx_async.emulator.traffic import BusinessRefusal
from bingx_async.emulator.variants import Variants

SYMBOL = re.compile(r"[A-Z0-9]{2,20}-(?:USDT|USDC|BTC|ETH|EUR)", re.ASCII)
POSITIVE = re.compile(r"(?=.*[1-9])[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)

Params = Mapping[str, str]


@frozen(eq=False)
class Listings:
    """The symbols. `traded` None takes every well-formed pair against USDT, USDC, BTC, ETH or EUR."""

    known: dict[str, Listing]
    traded: Collection[str] | None = None

    def get(self, symbol: str) -> Listing:
        """The listing of a symbol; one that is not known has the finest grid and no bounds."""
        return self.known.get(symbol) or Listing(symbol)

    def has(self, symbol: str) -> bool:
        """Whether there is such a symbol."""
        if self.traded is not None:
            return symbol in self.traded
        return symbol in self.known or SYMBOL.fullmatch(symbol) is not None

    def all(self) -> list[Listing]:
        """Every symbol that is listed."""
        return [self.get(symbol) for symbol in (self.known if self.traded is None else self.traded)]


@define(eq=False)
class Desk:
    """A request at `time`, ms of the server, by `account` (None at a public endpoint) with its `book`."""

    book: Book
    time: int
    path: str
    account: Account | None
    engine: Engine
    timeline: Timeline
    listings: Listings
    listen_keys: dict[str, tuple[str, int]]  # key -> account, valid until

    @property
    def variants(self) -> Variants:
        """The choices of the exchange's open facts."""
        return self.engine.variants

    def symbol(self, params: Params) -> str:
        """The parameter `symbol`, if there is such a symbol."""
        symbol = params.get("symbol", "")
        if not self.listings.has(symbol):
            raise invalid(f"symbol:{symbol} is unknown, please verify it")
        return symbol

    def listing(self, params: Params, side: str = "") -> Listing:
        """The listing of the parameter `symbol`, if an order of that side may be placed by API."""
        listing = self.listings.get(self.symbol(params))
        if listing.status != ONLINE:
            raise BusinessRefusal(100490, f"the symbol {listing.symbol} is offline")
        if (side == "BUY" and not listing.can_buy) or (side == "SELL" and not listing.can_sell):
            raise BusinessRefusal(100421, f"{listing.symbol} is not available for API {side.lower()} orders")
        return listing

    def is_seen(self, order: Order) -> bool:
        """Whether queries find the order already."""
        delay = self.variants.lookup_delay_ms
        return not delay or order.placed_at + delay <= self.time

    def missing(self, reference: str) -> BusinessRefusal:
        """No such order of this account."""
        return BusinessRefusal(int(self.variants.missing_order), f"order not exist, {reference}")


Behaviour = Callable[[Desk, Params], Any]


def invalid(text: str) -> BusinessRefusal:
    """A parameter the endpoint does not take."""
    return BusinessRefusal(100400, text)


def positive(params: Params, name: str) -> str:
    """The parameter `name`, which is a number above 0 in plain notation."""
    text = params.get(name, "")
    if not POSITIVE.fullmatch(text):
        raise invalid(f"{name}:{text} must be a number above 0")
    return text


def whole(params: Params, name: str, default: int, at_most: int = 2**63) -> int:
    """The parameter `name`, a whole number; a greater one is taken for `at_most`."""
    text = params.get(name) or str(default)
    if not DIGITS.fullmatch(text):
        raise invalid(f"{name}:{text} must be a whole number")
    return min(int(text), at_most)


def one_of(params: Params, name: str, *choices: str) -> str:
    """The parameter `name`, one of these."""
    value = params.get(name, "")
    if value not in choices:
        raise invalid(f"{name}:{value} must be {' or '.join(choices)}")
    return value


def side_of(params: Params) -> str:
    """The parameter `side`."""
    return one_of(params, "side", "BUY", "SELL")


def plain(number: Decimal) -> str:
    """A number as the exchange writes it in texts."""
    return format(number, "f")
