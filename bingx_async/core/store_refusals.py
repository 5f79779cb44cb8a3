"""What a shared store has refused: nobody asks before the moment it named, and from then on one at a time.

Without this every token that comes free would be asked for by every call that waits, in every process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bingx_async.core.ledger import Key

ASKING = 2_000.0  # ms after which an answer is no longer waited for


class StoreRefusals:
    """Keys for which the store had no token. Empty while it has never refused."""

    __slots__ = ("_asking", "_until")

    def __init__(self) -> None:
        self._until: dict[Key, float] = {}
        self._asking: dict[Key, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def record(self, key: Key, until: float) -> None:
        """The store named a moment."""
        self._until[key] = max(until, self._until.get(key, until))

    def named(self, key: Key) -> float:
        """The moment the store named."""
        return self._until.get(key, -inf)

    def until(self, key: Key) -> float:
        """When the next may ask: at that moment, or when the one who asks has its answer."""
        return max(self.named(key), self._asking.get(key, -inf))

    def ask(self, keys: Iterable[Key], now: float) -> None:
        """Somebody asks; the others wait for the answer."""
        for key in keys:
            if key in self._until:
                self._asking[key] = now + ASKING

    def answered(self, keys: Iterable[Key]) -> None:
        """The next may ask."""
        for key in keys:
            self._asking.pop(key, None)

    def granted(self, keys: Iterable[Key], full: Collection[Key]) -> None:
        """The store had a token; where that was its last the next still asks alone."""
        for key in keys:
            self._asking.pop(key, None)
            if key not in full:
                self._until.pop(key, None)

    def let_go(self) -> None:
        """Whatever moment was named, somebody may ask now."""
        self._until = dict.fromkeys(self._until, -inf)

    def sweep(self, now: float) -> None:
        """Forget what is over."""
        self._until = {key: until for key, until in self._until.items() if max(until, self._asking.get(key, 0)) > now}
        self._asking = {key: until for key, until in self._asking.items() if key in self._until}
