"""The public market of the exchange as it is now, as a market that an emulator follows: its settings."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from bingx_async.core.options import number


@frozen(eq=False, kw_only=True)
class Live:
    """The prices of the exchange's public streams. `Emulator(market="live")` is `Emulator(market=Live())`.

    `client` is a `BingXClient` to follow them with, or a function that makes one, which is closed at the end; by
    default it has no keys and the exchange's own address. Prices older than `stale_after` seconds fill nothing. The
    first request for a symbol waits up to `patience` seconds for its first prices.
    """

    client: Any = field(default=None, repr=False)
    stale_after: float = field(default=10.0, validator=number(above=0, such_as=10.0))
    patience: float = field(default=5.0, validator=number(above=0, such_as=10.0))
