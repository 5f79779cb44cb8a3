"""Four ways an exchange may count arrivals; which one it uses is unknown, so each can be chosen.

- `sliding`      a log of arrivals; no window `(t - window, t]` ever holds more than `limit`
- `fixed-first`  a window opens with the first request and holds `limit` until it ends
- `fixed-clock`  windows stand fixed to the clock: `[k * window, (k + 1) * window)`
- `token`        a bucket of `limit` tokens, refilled continuously at `limit / window`

Rules: moments and windows are milliseconds; the arrival is a parameter, nothing here reads a clock. An arrival
that finds no room is not counted. Arrivals come in order of time.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import Literal, get_args

from attrs import define, field

from bingx_async.errors import InvalidRequest

Model = Literal["sliding", "fixed-first", "fixed-clock", "token"]
MODELS: tuple[Model, ...] = get_args(Model)


@define(eq=False)
class Limit(ABC):
    """One counter: `limit` arrivals per `window`, which only `FixedClock` reads off a clock `phase` ms ahead."""

    limit: int
    window: float
    phase: float

    @abstractmethod
    def remaining(self, at: float) -> int:
        """How many more arrivals have room at `at`."""

    @abstractmethod
    def count(self, at: float) -> None:
        """Count an arrival that has room."""

    @abstractmethod
    def expires_at(self, at: float) -> float:
        """When the next place comes free, or `at` itself if nothing is taken."""


@define(eq=False)
class Sliding(Limit):
    """A log of arrivals: the exact sliding window."""

    _log: deque[float] = field(init=False, factory=deque[float])

    def remaining(self, at: float) -> int:
        while self._log and self._log[0] <= at - self.window:
            self._log.popleft()
        return self.limit - len(self._log)

    def count(self, at: float) -> None:
        self._log.append(at)

    def expires_at(self, at: float) -> float:
        return at if self.remaining(at) == self.limit else self._log[0] + self.window


@define(eq=False)
class FixedFirst(Limit):
    """A fixed window that opens with the first request after the last one ended."""

    _current: float = field(init=False, default=-math.inf)
    _taken: int = field(init=False, default=0)

    def remaining(self, at: float) -> int:
        return self.limit - self._taken if self._window_at(at) == self._current else self.limit

    def count(self, at: float) -> None:
        if self._window_at(at) != self._current:
            self._current, self._taken = self._window_at(at), 0
        self._taken += 1

    def expires_at(self, at: float) -> float:
        return max(at, self._current + self.window)

    def _window_at(self, at: float) -> float:
        """The window of an arrival at `at`, known by its start."""
        return self._current if at < self._current + self.window else at


@define(eq=False)
class FixedClock(FixedFirst):
    """Fixed windows aligned to a clock that is `phase` ms ahead of the arrivals', known by their number."""

    def expires_at(self, at: float) -> float:
        return at if self.remaining(at) == self.limit else (self._current + 1) * self.window - self.phase

    def _window_at(self, at: float) -> float:
        return (at + self.phase) // self.window


@define(eq=False)
class TokenBucket(Limit):
    """`limit` tokens, refilled continuously; a billionth of a token is forgiven to rounding."""

    _tokens: float = field(init=False, default=0.0)
    _filled_at: float = field(init=False, default=-math.inf)

    def remaining(self, at: float) -> int:
        return math.floor(self._tokens_at(at) + 1e-9)

    def count(self, at: float) -> None:
        self._tokens, self._filled_at = self._tokens_at(at) - 1.0, at

    def expires_at(self, at: float) -> float:
        tokens = self._tokens_at(at)
        if tokens >= self.limit:
            return at
        return at + (math.floor(tokens + 1e-9) + 1 - tokens) * self.window / self.limit

    def _tokens_at(self, at: float) -> float:
        refill = (at - self._filled_at) * self.limit / self.window
        return min(float(self.limit), self._tokens + refill)


_LIMITS: Mapping[str, type[Limit]] = {
    "sliding": Sliding,
    "fixed-first": FixedFirst,
    "fixed-clock": FixedClock,
    "token": TokenBucket,
}


def build_limit(model: Model, limit: int, window: float, phase: float = 0.0) -> Limit:
    """A fresh counter of `limit` arrivals per `window` ms; `phase` (ms) only matters to `fixed-clock`."""
    if model not in _LIMITS:
        raise InvalidRequest(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    return _LIMITS[model](limit, window, phase)
