"""Time on two axes. The monotonic one drives every wait; the exchange's is the monotonic one plus an offset."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf, isfinite

from attrs import define, field

from bingx_async.core.interval_clock import PRECISION, IntervalClock

STALE_AFTER = 300_000.0  # ms; after that a penalty's moment is worth a fresh look at the exchange's clock
ABSURD = 3_600_000.0  # ms; a free sample this far off cannot be a time
STEP = 250.0  # ms; from here on a change of the offset is reported
DAY = 86_400_000.0  # ms; a reading further than this from every clock that is known is nonsense
SECOND = 1_000.0  # ms
OLDEST, NEWEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
DISTRUST = 300_000.0  # ms for which nothing rests on stamps after they have contradicted each other
LAST_MS = (NEWEST - OLDEST) / timedelta(milliseconds=1)


def monotonic_ms() -> float:
    """Milliseconds on the monotonic axis."""
    return time.monotonic() * 1000.0


def wall_ms() -> float:
    """Epoch milliseconds by the machine's clock."""
    return time.time() * 1000.0


@define(eq=False)
class ServerClock:
    """The exchange's clock as far as it is known: a best guess for stamps, and what stamped replies prove about it.

    Every reading narrows the interval in which the offset must lie. The guess is the middle of the round trip of the
    last look, as far as the interval allows.
    """

    monotonic: Callable[[], float] = monotonic_ms
    offset: float = field(init=False)
    synced_at: float | None = field(init=False, default=None)
    wall: Callable[[], float] = wall_ms
    interval: IntervalClock = field(init=False, factory=IntervalClock)
    utc_error: float | None = None  # ms by which this machine's clock and the exchange's may each differ from UTC
    distrusted_until: float = field(init=False, default=-inf)

    def __attrs_post_init__(self) -> None:
        self.offset = self.wall() - self.monotonic()  # a first guess; a later step of the wall clock moves nothing

    def now(self) -> float:
        """Epoch milliseconds by the exchange's clock."""
        return self.monotonic() + self.offset

    def moment(self, monotonic: float) -> datetime:
        """The aware UTC moment of a point on the monotonic axis, between 1970 and 9999 whatever the point."""
        return OLDEST + timedelta(milliseconds=max(0.0, min(LAST_MS, monotonic + self.offset)))

    def from_server(self, server_ms: float) -> float:
        """The point on the monotonic axis of a moment the exchange named, by the best guess."""
        return server_ms - self.offset

    def latest(self, server_ms: float) -> float:
        """The latest point on the monotonic axis that a moment the exchange named can be; the best guess before any
        reading."""
        return self.interval.latest(server_ms) if self.is_proven else self.from_server(server_ms)

    @property
    def is_proven(self) -> bool:
        """Whether a stamped reply has bounded the offset."""
        return self.interval.latest(0.0) < inf

    def is_stale(self) -> bool:
        """Whether the last look at the exchange's clock is too long ago to convert a moment exactly."""
        return self.synced_at is None or self.monotonic() - self.synced_at > STALE_AFTER

    def is_plausible(self, server_ms: float, date_ms: float | None = None) -> bool:
        """Whether the exchange's clock may show this: within a day of the machine's clock, of the last look, or of
        the reply's own `Date`."""
        known = [self.wall(), *([self.now()] if self.synced_at is not None else [])]
        return any(abs(server_ms - each) <= DAY for each in (known if date_ms is None else [*known, date_ms]))

    def set_from(self, server_ms: float, sent_at: float, received_at: float, resolution: float = PRECISION) -> float:
        """Take a sample: the exchange read `server_ms`, cut to `resolution`, between the two moments. Returns the step
        in milliseconds."""
        if not isfinite(server_ms):
            return 0.0
        self._prove(server_ms, sent_at, received_at, resolution)
        self.synced_at = received_at
        middle = server_ms + (resolution - PRECISION) / 2.0 - (sent_at + received_at) / 2.0
        return self._move(middle, received_at)

    def hint(self, server_ms: float, sent_at: float, received_at: float) -> float:
        """A free sample of an unknown age: correct the offset only as far as it contradicts. Returns the step (ms)."""
        if not abs(server_ms - received_at - self.offset) <= ABSURD:
            return 0.0
        # A stamp on a whole second may have been cut to seconds.
        self._prove(server_ms, sent_at, received_at, PRECISION if server_ms % SECOND else SECOND)
        return self._move(self.offset, received_at)

    def stamped_at(self, server_ms: float, sent_at: float, received_at: float) -> float:
        """The latest moment at which a reply whose stamp was taken as a `hint` can have been stamped; that at which it
        was received if the stamp proves no earlier one or cannot be relied on."""
        if received_at < self.distrusted_until or not server_ms % SECOND:
            return received_at
        latest = self.interval.latest(server_ms + PRECISION)
        return latest if sent_at <= latest < received_at else received_at

    def distrust(self) -> None:
        """Rely on no stamp for a while."""
        self.distrusted_until = self.monotonic() + DISTRUST

    def borrow(self, offset: float, age: float) -> bool:
        """Take over another process' guess, made `age` ms ago; how sure it is, is not known. False for nonsense."""
        now = self.monotonic()
        if not self.is_plausible(now + offset):
            return False
        self._move(offset, now)
        self.synced_at = now - age
        return True

    def _prove(self, server_ms: float, sent_at: float, received_at: float, resolution: float) -> None:
        """Narrow the interval by a reading, and by what is promised of this machine's clock."""
        is_proof = self.interval.add(server_ms, sent_at, received_at, resolution)
        if self.utc_error is not None:
            before, shown = self.monotonic(), self.wall()
            is_proof &= self.interval.promise(shown, 2.0 * self.utc_error, before, self.monotonic())
        if not is_proof:
            self.distrust()

    def _move(self, offset: float, now: float) -> float:
        """Make the guess `offset`, as far as the interval allows; returns the step (ms)."""
        low, high = self.interval.bounds(now)
        offset = min(max(offset, low), high)
        step, self.offset = offset - self.offset, offset
        return step


class Stamp:
    """Reads the exchange's clock as a request leaves, and keeps the timestamp that it carries."""

    __slots__ = ("_now", "at")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.at: float | None = None  # epoch ms; None: no request has left

    def __call__(self) -> float:
        """The moment, as the request leaves."""
        self.at = self._now()
        return self.at
