"""The trades and candles of the synthetic market: made of its prices, the same whenever they are asked for.

Rules: each step of the market has one trade, at the best bid or ask, of a size that depends on seed, symbol and step
alone. A candle looks at the price at `LOOKS` moments of its interval, up to the present one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.market.paths import fraction
from bingx_async.emulator.market.prices import Prices

LOOKS = 12
KEPT = 2000  # trades that can be asked for by their number


@frozen
class Trade:
    """A trade of the market; `number` is that of its step."""

    number: int
    price: Decimal
    quantity: Decimal
    time: int
    is_buyer_maker: bool

    @property
    def value(self) -> Decimal:
        """The price of all of it, in the quote asset."""
        return self.price * self.quantity


@frozen
class Candle:
    """An interval of the market; both times are inside it."""

    open_time: int
    close_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal

    @classmethod
    def still(cls, start: int, length: int, price: Decimal) -> Candle:
        """An interval without a trade."""
        return cls(start, start + length - 1, price, price, price, price, Decimal(0), Decimal(0))


class Tape:
    """The trades and candles of one market."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._step = prices.market.step_ms

    def trades(self, listing: Listing, time: int, /) -> Iterator[Trade]:
        """Every trade up to `time`, newest first, without end."""
        number = time // self._step
        while True:
            yield self.trade(listing, number)
            number -= 1

    def trade(self, listing: Listing, number: int) -> Trade:
        """The trade of one step."""
        share = self._share(listing, number)
        at = number * self._step
        bid, ask = self._prices.best(listing, at)
        is_sold = int(share * 1000) % 2 == 0
        price = bid if is_sold else ask
        return Trade(number, price, self._size(listing, price, share), at, is_sold)

    def numbers(self, _listing: Listing, time: int, /) -> range:
        """The numbers of the trades up to `time` that can be asked for."""
        newest = time // self._step
        return range(newest - KEPT + 1, newest + 1)

    def candle(self, listing: Listing, start: int, length: int, now: int) -> Candle | None:
        """The candle of [start, start + length), as far as it has come at `now`."""
        end = min(start + length, now + 1)
        looks = [self._prices.mid(listing, start + (end - 1 - start) * look // LOOKS) for look in range(LOOKS + 1)]
        steps = max(1, (end - start) // self._step)
        volume = self._size(listing, looks[-1], 0.5) * steps
        value = volume * (max(looks) + min(looks)) / 2
        return Candle(start, start + length - 1, looks[0], max(looks), min(looks), looks[-1], volume, value)

    def _share(self, listing: Listing, number: int) -> float:
        return fraction(f"{self._prices.market.seed}/{listing.symbol}/trade/{number}")

    def _size(self, listing: Listing, price: Decimal, share: float) -> Decimal:
        value = self._prices.market.depth * Decimal(round(share * 1000)) / 20_000
        return max(listing.step, down_to(value / price, listing.step))
