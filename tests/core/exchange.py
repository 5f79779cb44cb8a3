"""An exchange that counts arrivals, and callers who always want to call: what rule R is tested against.

It shares no arithmetic with `bingx_async.core`: arrivals are counted on the exchange's own clock, one by one.
"""

import heapq
from collections.abc import Sequence
from enum import Enum
from itertools import count
from math import floor, inf

from attrs import Factory, define, frozen
from hypothesis import strategies as st

from bingx_async.core.claims import Claims, NotUntil, Permit
from bingx_async.core.ledger import Ledger


class Counting(Enum):
    """How an exchange may count."""

    SLIDING = "sliding"
    FIXED_FIRST = "fixed from the first request"
    FIXED_CLOCK = "fixed to the clock"
    TOKENS = "token bucket"


class Fate(Enum):
    """What becomes of a call."""

    ANSWERED = "answered"
    LOST = "given up after having been sent; it may still arrive within the linger, or never"
    UNSENT = "not one byte was written"


@define
class Counter:
    """One quota as the exchange counts it: at most `limit` in `window` milliseconds of its own clock."""

    limit: int
    window: float
    counting: Counting
    arrivals: list[float] = Factory(list[float])
    refused: int = 0
    started: float = -inf
    used: float = 0.0

    def arrive(self, at: float) -> int:
        """Count an arrival; returns what remains."""
        if self.counting is Counting.SLIDING:
            self.used = sum(at - self.window < earlier for earlier in self.arrivals)
        elif self.counting is Counting.TOKENS:
            passed = at - self.arrivals[-1] if self.arrivals else inf
            self.used = max(0.0, self.used - passed * self.limit / self.window)
        else:
            start = at if self.counting is Counting.FIXED_FIRST else floor(at / self.window) * self.window
            if start >= self.started + self.window:
                self.started, self.used = start, 0
        self.used += 1
        self.arrivals.append(at)
        self.refused += self.used > self.limit + 1e-6
        return max(0, floor(self.limit - self.used + 1e-6))


@frozen
class Trip:
    """One call: the pause before it, its way there and back, and how late its reply is looked at (all ms)."""

    pause: float
    out: float
    back: float
    lag: float = 0.0
    fate: Fate = Fate.ANSWERED
    arrives: bool = True


@define
class Run:
    """What happened: when each call was granted, and how many foreign calls were reported."""

    granted_at: list[float] = Factory(list[float])
    free: list[int] = Factory(list[int])  # tokens of the last claim's bucket before each grant
    foreign: int = 0


LINGER = 10_000.0
short = st.floats(0, 60)
any_delay = st.one_of(st.just(0.0), short, st.floats(0, 3_000), st.floats(0, 30_000))
pauses = st.one_of(st.just(0.0), st.just(0.0), any_delay)
trips = st.builds(
    Trip,
    pauses,
    any_delay,
    any_delay,
    st.one_of(st.just(0.0), any_delay),
    st.sampled_from([Fate.ANSWERED, Fate.ANSWERED, Fate.ANSWERED, Fate.LOST, Fate.UNSENT]),
    st.booleans(),
)


class Traffic:
    """Calls of one kind through a ledger; each asks as soon as its pause is over, in order."""

    def __init__(self, ledger: Ledger, claims: Claims, counters: Sequence[Counter], rate: float = 1.0) -> None:
        self.ledger = ledger
        self.claims = claims
        self.counters = counters
        self.rate = rate  # exchange milliseconds per millisecond of ours
        self.run = Run()
        self._flying: list[tuple[float, int, str, Permit, Trip, float]] = []
        self._numbers = count()

    def go(self, waiting: Sequence[Trip]) -> Run:
        """Play the trips to their ends."""
        now, todo = 0.0, list(reversed(waiting))
        asks_at, is_refused = (todo[-1].pause if todo else inf), False
        while todo or self._flying:
            due = self._flying[0][0] if self._flying else inf
            if todo and asks_at < due:
                now = max(now, asks_at)
                answer = self.ledger.reserve(self.claims, now)
                is_refused = isinstance(answer, NotUntil)
                if isinstance(answer, NotUntil):
                    assert answer.ready_at > now
                    asks_at = answer.ready_at
                else:
                    self._depart(answer, todo.pop(), now)
                    asks_at = now + todo[-1].pause if todo else inf
            else:
                assert self._flying, "a call waits for ever"
                now = due
                self._happen()
                asks_at = now if is_refused else asks_at
        return self.run

    def _depart(self, permit: Permit, trip: Trip, now: float) -> None:
        last = permit.buckets[-1]
        self.run.granted_at.append(now)
        self.run.free.append(last.limit - last.live(now) + 1)
        if trip.fate is Fate.UNSENT:
            self._later(now + trip.lag, "release", permit, trip)
            return
        if trip.fate is Fate.ANSWERED or trip.arrives:
            self._later(now + trip.out, "arrive", permit, trip)
        if trip.fate is Fate.LOST:
            given_up_at = now + max(trip.out - LINGER, min(trip.back, trip.out))
            self._later(given_up_at, "give up", permit, trip, given_up_at)

    def _later(self, at: float, what: str, permit: Permit, trip: Trip, value: float = 0.0) -> None:
        heapq.heappush(self._flying, (at, next(self._numbers), what, permit, trip, value))

    def _happen(self) -> None:
        at, _, what, permit, trip, value = heapq.heappop(self._flying)
        if what == "arrive":
            left = [counter.arrive(at * self.rate) for counter in self.counters]
            if trip.fate is Fate.ANSWERED:
                self._later(at + trip.back, "reply", permit, trip, float(left[0] if left else -1))
        elif what == "reply":  # it is in, but perhaps not looked at yet
            self._later(at + trip.lag, f"settle {int(value)}", permit, trip, at)
        elif what == "give up":
            self.ledger.settle(permit, value, LINGER)
        elif what == "release":
            self.ledger.release(permit)
        else:
            self.ledger.settle(permit, value, opens=True)
            assert permit.account_bucket is not None
            left = int(what.removeprefix("settle "))
            self.run.foreign += permit.account_bucket.observe(permit.baseline, left, at)
