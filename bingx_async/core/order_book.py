"""An order book that is kept from the exchange's increments: whole once, then changed message by message.

Each message has an id. `all` replaces everything. An `update` is applied if its id is the next one, and dropped if it
is not newer than the book. One from further ahead is held until those before it have come, since the order of messages
is not guaranteed. How long that may take, and what is done if they do not come, is decided in `core.book_recovery`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf
from typing import Any, cast

from bingx_async.core.book_side import UNREADABLE, BookSide
from bingx_async.core.wire import integer

DEEPEST = 1000  # levels on each side; the exchange sends no more
HELD = 3  # updates that wait for those before them, as the exchange's pages advise
OLDEST = 5  # updates with old ids, one after another, are not late ones: ids have begun anew


class Took(Enum):
    """The outcome of a message. After the last four the book cannot be right, and has to be discarded."""

    APPLIED = "the book is newer"
    WHOLE = "the book was replaced"
    HELD = "the message waits for those before it"
    OLD = "the book had it"
    UNREADABLE = "a message could not be read"
    BACKWARDS = "a whole book came that is older than what came before"
    ANEW = "ids have begun anew"
    CROSSED = "the best bid was not below the best ask"


class Book:
    """The bids and asks of one symbol. `last` is the id of the newest message in it, None while there is no whole book;
    `time` the exchange's stamp of that message (epoch ms); `held` has the updates that wait, by id."""

    def __init__(self, most: int = DEEPEST) -> None:
        self.bids, self.asks = BookSide(True, most), BookSide(False, most)
        self.last: int | None = None
        self.time: int | None = None
        self.held: dict[int, tuple[Mapping[str, Any], int | None]] = {}
        self._known = -inf  # the newest id that came before the book was discarded
        self._olds = 0  # messages that the book had, since the last other one

    def take(self, data: object, time: int | None = None) -> Took:
        """A message, and the stamp of its envelope. It never raises."""
        try:
            return self._take(_message(data), time)
        except UNREADABLE:
            return Took.UNREADABLE

    def apply_held(self) -> Took:
        """Apply what waits, in the order of ids, although messages before it are missing."""
        took = Took.APPLIED
        try:
            while self.held and took is Took.APPLIED:
                number = min(self.held)
                took = self._apply(number, *self.held.pop(number))
        except UNREADABLE:
            return Took.UNREADABLE
        return took

    def discard(self) -> None:
        """Be empty until a whole book comes that is not older than what came before."""
        self._known = max(self._known, *self.held, -inf if self.last is None else self.last)
        self.bids.replace(None)
        self.asks.replace(None)
        self.last = self.time = None
        self.held.clear()

    def forget(self) -> None:
        """Be empty as at first: ids may begin anew."""
        self.discard()
        self._known = -inf

    def _take(self, data: Mapping[str, Any], time: int | None) -> Took:
        number, action = integer(data["lastUpdateId"]), data["action"]
        if number is None or action not in ("all", "update"):
            return Took.UNREADABLE
        if action == "all":
            return self._replace(number, data, time)
        if self.last is not None and number <= self.last:
            return self._leave_out()
        self._olds = 0
        if self.last is not None and number == self.last + 1:
            self.held.pop(number, None)
            return self._join(self._apply(number, data, time))
        self.held[number] = data, time
        if self.last is None and len(self.held) > HELD:  # those behind the whole book are wanted when it comes
            del self.held[min(self.held)]
        return Took.HELD

    def _leave_out(self) -> Took:
        """An update that the book had. Where there is no other one any more, the book would stay as it is for ever."""
        self._olds += 1
        if self._olds < OLDEST:
            return Took.OLD
        self.forget()
        return Took.ANEW

    def _replace(self, number: int, data: Mapping[str, Any], time: int | None) -> Took:
        if number < (self._known if self.last is None else self.last):
            self.forget()  # if ids have begun anew, so be it
            return Took.BACKWARDS
        self.bids.replace(data.get("bids"))
        self.asks.replace(data.get("asks"))
        self.last, self.time, self._olds = number, time, 0
        for old in [held for held in self.held if held <= number]:
            del self.held[old]
        return Took.CROSSED if self._is_crossed() else self._join(Took.WHOLE)

    def _join(self, took: Took) -> Took:
        """Apply what comes next among the held updates, as far as there is no gap."""
        while self.last is not None and took is not Took.CROSSED and (ready := self.held.pop(self.last + 1, None)):
            if self._apply(self.last + 1, *ready) is Took.CROSSED:
                took = Took.CROSSED
        return took

    def _apply(self, number: int, data: Mapping[str, Any], time: int | None) -> Took:
        self.bids.update(data.get("bids"))
        self.asks.update(data.get("asks"))
        self.last, self.time = number, time if time is not None else self.time
        return Took.CROSSED if self._is_crossed() else Took.APPLIED

    def _is_crossed(self) -> bool:
        bid, ask = self.bids.best_price, self.asks.best_price
        return bid is not None and ask is not None and bid >= ask


def _message(data: object) -> Mapping[str, Any]:
    """The data of a message, which may stand in a list of one."""
    if isinstance(data, list):
        (data,) = cast("list[object]", data)
    return cast("Mapping[str, Any]", data)
