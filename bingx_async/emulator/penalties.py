"""When an endpoint is closed for an account: after a breach of its quota, or of its error budget.

Rules: a closure ends at a server moment (epoch ms); the request that arrives at that very millisecond passes. What
arrives before is refused with the closure's own text and does not move the moment. More than `limit` business
errors of one code within `window_ms` close the endpoint; the counting then starts anew.
"""

from __future__ import annotations

from collections import deque

from attrs import field, frozen, mutable

from bingx_async.emulator.refusals import Refusal

Key = tuple[str, str]  # account, path


@frozen
class Closure:
    """An endpoint is closed for an account until `until` (server time, epoch ms)."""

    until: int
    refusal: Refusal


class Closures:
    """The closed endpoints of every account."""

    def __init__(self) -> None:
        self._closures: dict[Key, Closure] = {}

    def close(self, key: Key, closure: Closure) -> Closure:
        """Close an endpoint, unless it is closed for longer already; the closure in force."""
        known = self._closures.get(key, closure)
        self._closures[key] = max(known, closure, key=lambda each: each.until)
        return self._closures[key]

    def at(self, key: Key, time: int) -> Closure | None:
        """The closure in force at the server moment `time`."""
        closure = self._closures.get(key)
        return closure if closure is not None and time < closure.until else None


@mutable
class ErrorBudget:
    """Counts business errors per account, endpoint and code; a `limit` of None counts nothing."""

    limit: int | None = 20
    window_ms: int = 480_000
    _errors: dict[tuple[Key, int], deque[float]] = field(factory=dict[tuple[Key, int], deque[float]], init=False)

    def is_spent_by(self, key: Key, code: int, at: float) -> bool:
        """Count one error at `at` (ms); whether it was one too many."""
        if self.limit is None:
            return False
        errors = self._errors.setdefault((key, code), deque())
        errors.append(at)
        while errors[0] <= at - self.window_ms:
            errors.popleft()
        if len(errors) <= self.limit:
            return False
        errors.clear()
        return True
