"""Keys for which a shared store had no token: not asked for before the moment it named, then by one call at a time.

Without this every waiting call of every process would ask for every token that comes free.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf

from bingx_async.core.claims import Key

ASKING = 2_000.0  # ms after which an answer is no longer waited for


class StoreRefusals(dict[Key, float]):
    """The refused keys with the moments that the store named; empty while it has never refused."""

    def __init__(self) -> None:
        super().__init__()
        self._asking: dict[Key, float] = {}

    def record(self, key: Key, until: float) -> None:
        """The store has no token for `key` before `until`; an earlier moment than one known changes nothing."""
        self[key] = max(until, self.get(key, until))

    def named(self, key: Key) -> float:
        """The moment the store named, or minus infinity."""
        return self.get(key, -inf)

    def until(self, key: Key) -> float:
        """When the store may be asked for `key`: at the moment it named, or once the call that asks has its answer."""
        return max(self.named(key), self._asking.get(key, -inf))

    def ask(self, keys: Iterable[Key], now: float) -> None:
        """A call asks the store now; other calls wait for its answer."""
        for key in keys:
            if key in self:
                self._asking[key] = now + ASKING

    def answered(self, keys: Iterable[Key]) -> None:
        """The call that asked is over: the next may ask."""
        for key in keys:
            self._asking.pop(key, None)

    def granted(self, keys: Iterable[Key], full: Collection[Key]) -> bool:
        """The store had tokens; for the keys in `full` that was the last one, so the next call still asks alone.

        Returns whether other calls may ask earlier for this.
        """
        had_refused = bool(self)
        for key in keys:
            self._asking.pop(key, None)
            if key not in full:
                self.pop(key, None)
        return had_refused

    def allow_now(self) -> None:
        """Something has come free in the store: whatever moment it named, the next call may ask at once."""
        self.update(dict.fromkeys(self, -inf))

    def sweep(self, now: float) -> None:
        """Forget the moments that are over."""
        for key, until in list(self.items()):
            if max(until, self._asking.get(key, -inf)) <= now:
                del self[key]
        self._asking = {key: until for key, until in self._asking.items() if key in self}
