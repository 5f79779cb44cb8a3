"""Closed endpoints: closed for an account after a breach of its quota or of its error budget.

Rules: a closure ends at a server moment (epoch ms); the request that arrives at that very millisecond passes. A
request that arrives earlier is refused with the closure's own text and does not move the moment. More than `limit`
business errors of one code within `window_ms` close the endpoint; the counting then starts anew.
"""

from __future__ import annotations

from collections import deque

from attrs import field, frozen, mutable

from bingx_async.emulator.refusals import Refusal, closed, over_budget, rate_limited
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Tally
from bingx_async.emulator.visit import Visit

Key = tuple[str, str]  # account, route


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


class Penalties:
    """Closes endpoints for `penalty_ms` and turns requests away while they are closed."""

    def __init__(self, settings: EmulatorSettings, tally: Tally) -> None:
        self._settings = settings
        self._tally = tally
        self._closures = Closures()
        self._budget = ErrorBudget(settings.error_limit)

    def close(self, key: Key, until: int) -> Closure:
        """Close an endpoint for an account until the server moment `until`; the closure in force."""
        return self._closures.close(key, Closure(until, closed(until)))

    def check_open(self, visit: Visit) -> None:
        """Refuse a request whose endpoint is closed for its account."""
        tally = self._tally.endpoints[visit.key]
        tally.arrivals.append(visit.at)
        closure = self._closures.at(visit.key, visit.time)
        if closure is not None:
            tally.closed += 1
            raise closure.refusal

    def close_for_breach(self, visit: Visit) -> Closure:
        """Close the endpoint of a request that was over the account's quota."""
        until = visit.time + self._settings.penalty_ms
        refusal = closed(until) if self._settings.penalty_style == "closed" else rate_limited()
        return self._closures.close(visit.key, Closure(until, refusal))

    def count_error(self, visit: Visit, code: int) -> None:
        """Count a business error; one too many closes the endpoint."""
        self._tally.endpoints[visit.key].errors += 1
        budget = self._budget
        if budget.is_spent_by(visit.key, code, visit.at) and budget.limit is not None:
            until = visit.time + self._settings.penalty_ms
            self._closures.close(visit.key, Closure(until, over_budget(code, budget.limit, budget.window_ms, until)))
