"""The error budget: more than 20 business errors of one code within 480 s close an endpoint for its account.

While one error is left, calls that create are refused here; cancels always go.
"""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import NamedTuple

from attrs import evolve, frozen

from bingx_async.core.bucket import MARGIN, STRETCH

LIMIT = 20  # errors that are still allowed: "over 20 error code", see docs/facts
WINDOW = 480_000.0  # ms; "within 480000 ms", see docs/facts
WARN_AT = (0.5, 0.8)  # shares of the budget at which to warn: while there is time to look, and again near its end


class ErrorKey(NamedTuple):
    """One count of errors: of an account, an endpoint (its route) and a code."""

    account: str
    route: str
    code: int

    @property
    def path(self) -> str:
        """The endpoint's path, without its method."""
        return self.route.rpartition(" ")[2]


@frozen
class BudgetState:
    """`used` of `limit` errors are counted; the oldest leaves the window at `frees_at` (monotonic ms)."""

    key: ErrorKey
    used: int
    limit: int
    window: float
    frees_at: float


class ErrorBudget:
    """The business errors of one governor."""

    def __init__(self, limit: int = LIMIT, window: float = WINDOW) -> None:
        self.limit = limit
        self.window = window
        self._errors: dict[tuple[str, str], dict[int, deque[float]]] = {}

    def learn(self, limit: int, window: float) -> None:
        """Take over the rule as the exchange words it."""
        self.limit, self.window = limit, window

    def record(self, key: ErrorKey, at: float) -> BudgetState | None:
        """Count an error answered at `at`; returns the state where it is worth a warning."""
        errors = self._errors.setdefault((key.account, key.route), {}).setdefault(key.code, deque())
        self._expire(errors, at)
        errors.append(at)
        state = self._state(key, errors)
        return state if state.used in {ceil(self.limit * share) for share in WARN_AT} else None

    def spent(self, account: str, route: str, in_flight: int, now: float) -> BudgetState | None:
        """The code of which one more error must not come, the last to have room; `in_flight` calls may still fail.
        `frees_at` of the result is when there is room for one more: `now` if that only depends on their replies."""
        found: BudgetState | None = None
        for code, errors in self._errors.get((account, route), {}).items():
            self._expire(errors, now)
            used = len(errors)
            if used and (used >= self.limit - 1 or used + in_flight >= self.limit):
                leaves = min(used - 1, max(0, used - (self.limit - 1)))
                state = self._state(ErrorKey(account, route, code), errors, leaves)
                state = state if used >= self.limit - 1 else evolve(state, frees_at=now)
                found = state if found is None or state.frees_at > found.frees_at else found
        return found

    def states(self, now: float) -> list[BudgetState]:
        """All counts that are not empty."""
        self.sweep(now)
        return [
            self._state(ErrorKey(account, route, code), errors)
            for (account, route), codes in self._errors.items()
            for code, errors in codes.items()
        ]

    def sweep(self, now: float) -> None:
        """Forget the counts that have become empty."""
        for name, codes in list(self._errors.items()):
            for code, errors in list(codes.items()):
                self._expire(errors, now)
                if not errors:
                    del codes[code]
            if not codes:
                del self._errors[name]

    def _expire(self, errors: deque[float], now: float) -> None:
        while errors and self._leaves_at(errors[0]) <= now:
            errors.popleft()

    def _leaves_at(self, at: float) -> float:
        """The error was counted before its reply came: until then it may be in the exchange's window."""
        return at + self.window * (1.0 + STRETCH) + MARGIN

    def _state(self, key: ErrorKey, errors: deque[float], leaves: int = 0) -> BudgetState:
        return BudgetState(key, len(errors), self.limit, self.window, self._leaves_at(errors[leaves]))
