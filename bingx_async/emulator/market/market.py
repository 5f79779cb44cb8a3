"""The settings of the market: whether prices move, how, and how much can be traded at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from attrs import field, frozen
from attrs.validators import optional

from bingx_async.core.options import number, shown, whole
from bingx_async.emulator.market.listings import LISTINGS, Listing
from bingx_async.emulator.market.live import Live
from bingx_async.emulator.market.recording import Recording
from bingx_async.errors import InvalidRequest

MarketKind = Literal["walk", "quiet", "live"]
PriceSource = Decimal | int | str | Sequence[tuple[float, Decimal | int | str]] | Callable[[int], Any]


def _are_listings(_instance: object, _setting: object, values: Any) -> None:
    for value in values:
        if not isinstance(value, Listing):
            raise InvalidRequest(f"listings must be values such as Listing('BTC-USDT', price='61250'), not {value!r}")


def _are_prices(_instance: object, _setting: object, values: Any) -> None:
    for symbol, value in values.items():
        if not value or not (callable(value) or isinstance(value, (Decimal, int, str, list, tuple))):
            raise InvalidRequest(
                f"prices[{symbol!r}] must be a price such as '61250', a list of (ms, price) or a function of epoch "
                f"ms, not {shown(value)}"
            )


def _is_followed(_instance: object, _setting: object, value: Any) -> None:
    if value is not None and not isinstance(value, (Recording, Live)):
        raise InvalidRequest(f"follows must be Recording('prices.jsonl'), Live() or None, not {shown(value)}")


@frozen(kw_only=True)
class Market:
    """The market of an emulator.

    `moves`: prices move by themselves, and limit orders are filled once the market crosses them; without it the market
    is *quiet*: prices stay, limit orders rest and market orders are filled at once and whole. `seed` and
    `volatility` (the fraction by which a price moves in an hour, roughly) make the random walk; `prices` gives symbols
    another start, or a path of their own: a list of (ms since the first use of the emulator, price), or a function of
    epoch ms. Prices change each `step_ms`; the book around them has `levels` prices on each side, each worth about
    `depth` in the quote asset, and the best ones stand `half_spread` ticks from the middle. `maker_fee`,
    `taker_fee`: fractions, taken from the asset that is received. `price_band`: limit orders further from the
    market than this fraction are refused. `listings`: symbols besides, or in the place of, those that there are.
    `follows`: the prices, book and trades are those of a `Recording` or of `Live` streams, none is made up.
    """

    seed: int = field(default=0, validator=whole(at_least=0))
    moves: bool = True
    prices: Mapping[str, PriceSource] = field(factory=dict[str, PriceSource], validator=_are_prices)
    volatility: float = field(default=0.01, validator=number(at_least=0, such_as=0.01))
    step_ms: int = field(default=1000, validator=whole(at_least=1))
    half_spread: int = field(default=1, validator=whole(at_least=1))
    levels: int = field(default=200, validator=whole(at_least=1))
    depth: Decimal = field(default=Decimal(10_000), converter=Decimal)
    maker_fee: Decimal = field(default=Decimal("0.001"), converter=Decimal)
    taker_fee: Decimal = field(default=Decimal("0.001"), converter=Decimal)
    price_band: float | None = field(default=None, validator=optional(number(above=0, such_as=0.2)))
    listings: tuple[Listing, ...] = field(default=(), converter=tuple, validator=_are_listings)
    max_pending: int = field(default=1000, validator=whole(at_least=1))
    follows: Recording | Live | None = field(default=None, validator=_is_followed)

    def all_listings(self) -> dict[str, Listing]:
        """Every symbol by its name."""
        return {**LISTINGS, **{listing.symbol: listing for listing in self.listings}}


QUIET = Market(moves=False)


def market_of(value: Any) -> Any:
    """The market of an emulator's argument: None or "quiet", "walk", "live", `Recording`, `Live`, or a `Market`."""
    if value is None:
        return QUIET
    if isinstance(value, (Recording, Live)):
        return Market(follows=value)
    named = {"quiet": QUIET, "walk": Market(), "live": Market(follows=Live())}
    return named.get(value, value) if isinstance(value, str) else value
