"""The items of one topic that wait for the program: bounded, and what is left out is counted exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from attrs import evolve

from bingx_async.core.channel import Channel, Keep
from bingx_async.models import Reconnected

MOST_SIGNS = 100


class TopicQueue(Protocol):
    """`missed`: how many items were dropped since the last one was taken."""

    missed: int

    def put(self, item: Any) -> int:
        """Let an item wait; returns by how many more wait now."""
        ...

    def pop(self) -> Any:
        """The oldest."""
        ...


class Counted:
    """At most `most` wait; the oldest are dropped, all of them if `is_whole`."""

    __slots__ = ("_is_whole", "_most", "_waiting", "missed", "pop")

    def __init__(self, most: int, is_whole: bool = False) -> None:
        self.missed, self._most, self._is_whole = 0, most, is_whole
        self._waiting = deque[Any]()
        self.pop = self._waiting.popleft

    def put(self, item: Any) -> int:
        """Let an item wait."""
        waiting = self._waiting
        waiting.append(item)
        if len(waiting) <= self._most:
            return 1
        if not self._is_whole:
            waiting.popleft()
            self.missed += 1
            return 0
        self.missed += self._most
        waiting.clear()
        waiting.append(item)
        return 1 - self._most


class Newest:
    """Of the items with the same key only the newest waits, in the place of the oldest; at most `most` keys."""

    __slots__ = ("_key", "_most", "_waiting", "missed")

    def __init__(self, most: int, key: Callable[[Any], Hashable] | None) -> None:
        self.missed, self._most, self._key = 0, most, key
        self._waiting: dict[Hashable, Any] = {}

    def put(self, item: Any) -> int:
        """Let an item wait, or take the place of an older one."""
        key, waiting = None if self._key is None else self._key(item), self._waiting
        is_new = key not in waiting
        waiting[key] = item
        if len(waiting) <= self._most:
            return int(is_new)
        self.pop()
        self.missed += 1
        return 0

    def pop(self) -> Any:
        """The oldest."""
        return self._waiting.pop(next(iter(self._waiting)))


class Signs:
    """Interruptions; with `MOST_SIGNS` waiting a further one widens the last."""

    __slots__ = ("_waiting", "missed", "pop")

    def __init__(self) -> None:
        self.missed, self._waiting = 0, deque[Reconnected]()
        self.pop = self._waiting.popleft

    def put(self, item: Reconnected) -> int:
        """Let an interruption wait."""
        waiting = self._waiting
        if len(waiting) < MOST_SIGNS:
            waiting.append(item)
            return 1
        symbols = tuple(dict.fromkeys((*waiting[-1].symbols, *item.symbols)))
        waiting[-1] = evolve(waiting[-1], symbols=symbols, at=item.at)
        return 0


def queue_of(channel: Channel[Any], most: int) -> TopicQueue:
    """A queue for a topic of the channel."""
    if channel.keep is Keep.NEWEST:
        return Newest(most, channel.key)
    return Counted(most, channel.keep is Keep.WHOLE)
