"""One channel of the exchange's streams as one value, and what comes through it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from attrs import field, frozen

T = TypeVar("T")


class Keep(Enum):
    """What happens to items that the program does not take in time. NEWEST: a newer item takes the place of the one
    that waits for the same key. COUNTED: the oldest are dropped and counted. WHOLE: none may be missing, so all that
    wait are dropped and the reader has to begin anew."""

    NEWEST = "newest"
    COUNTED = "counted"
    WHOLE = "whole"


class Push(NamedTuple):
    """One message of a topic. `data` is JSON with numbers as int or Decimal, `time` the exchange's stamp of the
    envelope (epoch ms), if there is one, `received_at` when it came (ms on the monotonic axis)."""

    topic: str
    data: Any
    time: int | None
    received_at: float


@frozen(eq=False)
class Channel(Generic[T]):
    """`name` is that of its method in `client.spot.streams`. `topic` has `{symbol}` and other arguments in braces; the
    topics of an account have none. `read` turns a message into items and never raises; where it cannot be read there
    are none. `every`: seconds between two messages as the exchange's pages say, None where they come as things happen.
    `key`: of the items of a
    topic that replace each other; without it all do. `source`: the public page that describes it."""

    name: str
    topic: str
    read: Callable[[Push], Sequence[T]] = field(repr=False)
    keep: Keep = Keep.COUNTED
    every: float | None = None
    is_user: bool = False
    source: str = field(default="", repr=False)
    key: Callable[[T], Hashable] | None = field(default=None, repr=False)

    def topic_of(self, symbol: str = "", **arguments: object) -> str:
        """The topic for a symbol."""
        return self.topic.format(symbol=symbol, **arguments)
