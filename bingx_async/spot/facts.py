"""Facts of the exchange that its pages leave open, each with the choice that the library makes of it.

A choice can be overridden: `BingXClient(facts=Facts(fills_per_page=1000))`. docs/facts has the sources.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import optional

from bingx_async.core.options import one_of, whole


@frozen(kw_only=True)
class Facts:
    """The choices. Each is right as far as is known; where it is wrong, set the other one. Raises `InvalidRequest`."""

    aggregated_symbol: str = field(default="underscore", validator=one_of("underscore", "hyphen"))
    """How the aggregated order book wants its symbol: "underscore" or "hyphen". The other one is tried once if the
    exchange refuses, and kept if it works."""
    market_family: str = field(default="v1", validator=one_of("v1", "quote"))
    """Which of its two families of market data endpoints is asked first: "v1" (documented) or "quote". The other one is
    asked where a path does not exist any more, and kept."""
    oco_id: str = field(default="orderListId", validator=one_of("orderListId", "orderId"))
    """The name of the parameter of the OCO query: "orderListId" (documented) or "orderId"; the other is tried once."""
    fills_per_page: int = field(default=500, validator=whole(1))
    """The most fills that one reply holds: one text says 500, another 1000."""
    quote_places: int = field(default=8, validator=whole(0))
    """The most decimal places of an amount in the quote asset."""
    history_days: int | None = field(default=None, validator=optional(whole(1)))
    """The longest span of one question for the history of orders: no text names one. None asks for all at once."""
    klines_per_page: int = field(default=1440, validator=whole(10))
    """The most candles that one reply holds: a newer text says 1440, an older one 1000."""
    ms_tells_maker: bool = False
    """Whether `ms` of a historical trade tells who was the maker: 1 the buyer, 2 the seller. One client reads it so; a
    text of the exchange speaks of milliseconds. The number itself stands in `raw`."""
    replacing_heeds_time_in_force: bool = False
    """Whether `replace_order` takes a time in force: its page does not list one. While this is False, any but GTC is
    refused here, because an order that was to be PostOnly and is placed as GTC may be filled at once."""
