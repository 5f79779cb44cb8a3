"""Topics as they are written on the wire, read and checked.

Rules: a topic of the market is `SYMBOL@channel`, those of an account stand alone. A candle's interval has names of its
own here; the names of REST are taken and stay silent. Depth comes in fixed sizes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import frozen

from bingx_async.emulator.variants import Variants

ORDERS, BALANCES = "spot.executionReport", "ACCOUNT_UPDATE"
USER_TOPICS = frozenset((ORDERS, BALANCES))
PLAIN = frozenset(("trade", "ticker", "bookTicker", "lastPrice", "incrDepth"))
INTERVALS = {  # as on the stream -> as in REST
    **{f"{minutes}min": f"{minutes}m" for minutes in (1, 3, 5, 15, 30)},
    "60min": "1h",
    **{f"{hours}hour": f"{hours}h" for hours in (2, 4, 6, 8, 12)},
    "1day": "1d",
    "1week": "1w",
    "1month": "1M",
}
SILENT = frozenset((*INTERVALS.values(), "3d"))
SIZES = {"all": (5, 10, 20, 50, 100), "20 and 100": (20, 100)}  # by variant
DEPTH = re.compile(r"depth([0-9]{0,3})", re.ASCII)
UNKNOWN = 80015


@frozen
class Topic:
    """A topic that exists. `channel` is one of `PLAIN`, "depth", "kline", "silence" or a topic of an account;
    `detail` is the size of a depth, or the interval of a candle as REST names it."""

    name: str
    channel: str
    symbol: str = ""
    detail: str = ""


def read_topic(text: str, has_symbol: Callable[[str], bool], variants: Variants) -> Topic | None:
    """The topic of that name; None if there is none."""
    if text in USER_TOPICS:
        return Topic(text, text)
    symbol, _, channel = text.rpartition("@")
    if not has_symbol(symbol):
        return None
    if channel in PLAIN:
        return Topic(text, channel, symbol)
    size = DEPTH.fullmatch(channel)
    if size is not None:
        levels = int(size[1] or 20)
        return Topic(text, "depth", symbol, str(levels)) if levels in SIZES[variants.depth_sizes] else None
    kind, _, interval = channel.partition("_")
    if kind == "kline" and interval in INTERVALS:
        return Topic(text, "kline", symbol, INTERVALS[interval])
    return Topic(text, "silence", symbol) if kind == "kline" and interval in SILENT else None
