"""How the exchange counts, as far as its own headers tell: every way that they contradict is excluded.

Each of our calls was counted between its grant and its reply, so every way of counting predicts a range for what is
left; a way whose range is missed is no longer a candidate. If every way is contradicted, another program uses the
account, and the listening starts anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import NamedTuple

from attrs import define, field

TOLERANCE = 5.0  # ms on top of a round trip, for clocks that are read in whole milliseconds
# Windows from the first request drift by 2.5 ms each under rule R at least. So many that end on a round moment, each
# seen this sharply (ms), cannot be such windows.
ALIGNED = 32
SHARP = 40.0
KEEP = 3  # windows of calls to remember
RTT_WINDOW = 300_000.0  # ms; a route that has changed since then no longer counts
RTT_ENOUGH = 32  # replies before a credit is given: fewer may all have been slow
RTT_MARGIN = 2.0  # ms taken off a credit, for the precision of clocks


class CountingModel(StrEnum):
    """The ways of counting that an exchange may use."""

    SLIDING = "sliding"
    FIXED_FIRST = "fixed-first"
    FIXED_CLOCK = "fixed-clock"
    TOKEN = "token"


Span = tuple[float, float]  # the earliest and the latest a moment can be
FIXED = {CountingModel.FIXED_FIRST, CountingModel.FIXED_CLOCK}


class RateHeaders(NamedTuple):
    """`X-RateLimit-Requests-Remain` and `-Expire`: calls left; the end of the count as epoch milliseconds (`at`,
    only where it is given to the millisecond) or as a span in milliseconds (`after`)."""

    remaining: int
    at: float | None = None
    after: float | None = None


def read_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """The rate headers, or None where there are none. A value that is no number counts as none."""
    remaining = _number(headers.get("x-ratelimit-requests-remain", ""))
    if remaining is None or remaining > 1e9:
        return None
    expire = _number(headers.get("x-ratelimit-requests-expire", ""))
    if expire is None or 1e9 < expire <= 1e11:  # whole seconds are too coarse to rest anything on
        return RateHeaders(remaining)
    return RateHeaders(remaining, at=float(expire)) if expire > 1e11 else RateHeaders(remaining, after=float(expire))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None


@define(eq=False, repr=False)
class Counting:
    """The candidates for one bucket's way of counting. Moments and `window` are monotonic milliseconds."""

    limit: int
    window: float
    contradictions: int = field(init=False, default=0)
    is_invalidated: bool = field(init=False, default=False)
    candidates: set[CountingModel] = field(init=False, factory=lambda: set(CountingModel))
    _calls: deque[tuple[float, float]] = field(init=False, factory=deque[tuple[float, float]])  # granted, replied
    _missed: list[tuple[float, float]] = field(init=False, factory=list[tuple[float, float]])  # granted, counted by
    _last_end: Span | None = field(init=False, default=None)
    _windows: int = field(init=False, default=0)
    _seen: tuple[float, float] | None = field(init=False, default=None)  # the last of the calls
    _low: float = field(init=False, default=0.0)
    _high: float = field(init=False, default=inf)

    @property
    def is_fixed(self) -> bool:
        """Whether only windows with a fixed end are left, and no refusal has spoken against them since."""
        return not self.is_invalidated and bool(self.candidates) and self.candidates <= FIXED

    @property
    def is_decided(self) -> bool:
        """Whether further replies could tell nothing that matters."""
        return self.is_invalidated or self.candidates <= FIXED or len(self.candidates) == 1

    def invalidate(self) -> None:
        """A call was refused for its pace: the candidates must not be relied on."""
        self.is_invalidated = True

    def miss(self, granted: float, until: float) -> None:
        """A call granted at `granted` was counted by `until` or not at all; no header tells."""
        oldest = granted - KEEP * self.window
        self._missed = [*(missed for missed in self._missed if missed[1] >= oldest), (granted, until)]

    def observe(
        self, granted: float, replied: float, remaining: int, in_flight: int, end: Span | None, epoch: float
    ) -> None:
        """A call counted between `granted` and `replied` was told that `remaining` are left; others are `in_flight`.
        Within `end` its count expires, as the exchange says; `epoch` plus a moment is epoch milliseconds."""
        taken = self.limit - 1 - remaining
        self._track_tokens(granted, replied)
        is_sure = not self._missed or max(until for _, until in self._missed) < granted - self.window
        if not is_sure:
            self._low = 0.0
        overtaken = sum(r >= granted for _, r in self._calls)  # answered before, but perhaps counted after this one
        models = {
            CountingModel.SLIDING: self._since(
                granted - self.window, replied - self.window, granted, replied, in_flight
            ),
            CountingModel.TOKEN: (
                self.limit - 1 - int(self._high) - overtaken,
                self.limit if overtaken or not is_sure else self.limit - 1 - int(self._low) + in_flight,
            ),
        }
        if end is not None:
            fixed = self._since(end[0] - self.window, end[1] - self.window, granted, replied, in_flight)
            models[CountingModel.FIXED_FIRST] = models[CountingModel.FIXED_CLOCK] = fixed
            self._judge_end(end, epoch)
        self.candidates -= {model for model, (least, most) in models.items() if not least <= taken <= most}
        self._calls.append((granted, replied))
        while self._calls and self._calls[0][1] < replied - KEEP * self.window:
            self._calls.popleft()
        if not self.candidates:
            self.contradictions += 1
            self.candidates = set(CountingModel)
            self._calls.clear()
            self._last_end, self._windows, self._seen, self._low, self._high = None, 0, None, 0.0, inf

    def _since(self, earliest: float, latest: float, granted: float, replied: float, in_flight: int) -> tuple[int, int]:
        """At least and at most how many of our other calls were counted since a moment between the two."""
        least = sum(g >= latest + TOLERANCE and r < granted for g, r in self._calls)
        most = sum(r >= earliest - TOLERANCE and g <= replied for g, r in self._calls)
        most += sum(until >= earliest - TOLERANCE and g <= replied for g, until in self._missed)
        return least, most + in_flight

    def _track_tokens(self, granted: float, replied: float) -> None:
        """The tokens a refilled bucket would hold after this call, at least and at most."""
        rate = self.limit / self.window
        last_granted, last_replied = self._seen or (granted, replied)
        self._high = min(float(self.limit), self._high + rate * max(0.0, replied - last_granted)) - 1.0
        self._low = max(0.0, min(float(self.limit), self._low + rate * max(0.0, granted - last_replied)) - 1.0)
        self._seen = (granted, replied)

    def _judge_end(self, end: Span, epoch: float) -> None:
        """Windows with fixed ends follow each other by one window at least."""
        earliest, latest = end
        last = self._last_end or (earliest - self.window, latest - self.window)
        if earliest > last[1] + TOLERANCE:  # surely another window
            if latest - last[0] < self.window - TOLERANCE:
                self.candidates -= FIXED
            self._last_end, self._windows = end, self._windows + 1
        slack = latest - earliest + TOLERANCE
        off = ((earliest + latest) / 2.0 + epoch) % self.window
        if min(off, self.window - off) > slack:
            self.candidates.discard(CountingModel.FIXED_CLOCK)
        elif self._windows >= ALIGNED and slack < SHARP and CountingModel.FIXED_CLOCK in self.candidates:
            self.candidates.discard(CountingModel.FIXED_FIRST)

    def __str__(self) -> str:
        return " or ".join(sorted(self.candidates)) if len(self.candidates) < len(CountingModel) else "unknown"


class MinRtt:
    """The minimum of the values added within the last five minutes."""

    __slots__ = ("_count", "_minima")

    def __init__(self) -> None:
        self._minima: deque[tuple[float, float]] = deque()  # (when, value), both rising
        self._count = 0

    def add(self, value: float, at: float) -> None:
        """Take a round trip of `value` milliseconds that ended at `at`."""
        self._count += 1
        minima = self._minima
        while minima and minima[-1][1] >= value:
            minima.pop()
        minima.append((at, value))
        while minima[0][0] <= at - RTT_WINDOW:
            minima.popleft()

    def credit(self, part: float, now: float) -> float:
        """`part` of the minimum less a margin, in milliseconds; 0 before enough values, or without a recent one."""
        if not part or self._count < RTT_ENOUGH or self._minima[-1][0] <= now - RTT_WINDOW:
            return 0.0
        return max(0.0, part * self._minima[0][1] - RTT_MARGIN)
