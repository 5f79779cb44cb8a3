"""Incremental depth: a whole book at subscription, then what has changed.

Rules: the ids of a symbol grow from message to message, by one or as a variant says, also while nothing is subscribed.
The book that is told whole is the one of the latest message, under its id. A quantity of 0 is a level that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from attrs import frozen

from bingx_async.emulator.endpoints.desk import plain
from bingx_async.emulator.market.ladder import BUY, SELL, Level
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.streams.market_forms import SOURCE_MS
from bingx_async.emulator.trading.engine import Engine

FIRST_ID = 500_000
MOST = 1000  # levels of a side
GAP_SHARE, SHORTEST_GAP, LONGEST_GAP = 0.2, 2, 9


@frozen
class PublishedBook:
    """The order book of a symbol as the stream of its incremental depth told it last, best levels first. `time`, when
    that was, is ms of the server's clock."""

    symbol: str
    last_update_id: int
    bids: list[Level]
    asks: list[Level]
    time: int


class Increments:
    """The incremental depth of one symbol."""

    def __init__(self, engine: Engine, listing: Listing, seed: int) -> None:
        self._engine, self._listing = engine, listing
        self._random = Random(f"{seed}/{listing.symbol}/increments")
        self.book = PublishedBook(listing.symbol, FIRST_ID, [], [], 0)

    def change(self, time: int) -> dict[str, Any] | None:
        """The data of the next message; None if nothing has changed."""
        old, ladder = self.book, self._engine.ladder
        bids, asks = (ladder.levels(self._listing, side, time, MOST) for side in (SELL, BUY))
        changed = [_changes(before, now) for before, now in ((old.bids, bids), (old.asks, asks))]
        if not any(changed):
            return None
        self.book = PublishedBook(old.symbol, old.last_update_id + self._growth(), bids, asks, time)
        return self._data("update", *changed)

    def whole(self) -> dict[str, Any]:
        """The data of the message at a subscription."""
        return self._data("all", *(_texts(levels) for levels in (self.book.bids, self.book.asks)))

    def _growth(self) -> int:
        has_gap = self._engine.variants.depth_ids == "gaps" and self._random.random() < GAP_SHARE
        return self._random.randint(SHORTEST_GAP, LONGEST_GAP) if has_gap else 1

    def _data(self, action: str, bids: dict[str, str], asks: dict[str, str]) -> dict[str, Any]:
        is_object = self._engine.variants.depth_levels == "objects"
        sides = {"bids": bids, "asks": asks}
        return {
            "action": action,
            "lastUpdateId": self.book.last_update_id,
            "sourceUpdateId": self.book.time // SOURCE_MS,
            **(sides if is_object else {name: list(map(list, side.items())) for name, side in sides.items()}),
        }


def _changes(before: list[Level], now: list[Level]) -> dict[str, str]:
    """The levels that differ. One that is the same is the same object, which is told apart much faster than prices."""
    if before is now:
        return {}
    old, new = set(map(id, before)), set(map(id, now))
    gone = {plain(level[0]): "0" for level in before if id(level) not in new}
    return {**gone, **_texts(level for level in now if id(level) not in old)}


def _texts(levels: Iterable[Level]) -> dict[str, str]:
    return {plain(price): plain(quantity) for price, quantity in levels}
