"""The offset of the exchange's clock as an interval: only what stamped replies prove.

A reply that was stamped `server_ms` at some moment between `sent` and `heard` proves that the offset was then at least
`server_ms - heard` and at most `server_ms - sent`. Two clocks drift apart by 500 ppm at most, so each bound widens by
that much with the time since it was set. All moments are milliseconds; the offset is the exchange's epoch time less
our monotonic time.
"""

from __future__ import annotations

from math import inf

from attrs import define, field

DRIFT = 5e-4  # one clock may run this much faster or slower than the other
PRECISION = 1.0  # ms; stamps are whole milliseconds, cut or rounded


@define(eq=False)
class IntervalClock:
    """Bounds on the offset of the exchange's clock; infinite before the first reading."""

    _low: float = field(init=False, default=-inf)
    _high: float = field(init=False, default=inf)
    _low_at: float = field(init=False, default=0.0)  # when the bound was exact; it widens before and after
    _high_at: float = field(init=False, default=0.0)

    def bounds(self, now: float) -> tuple[float, float]:
        """The least and the greatest offset at `now`."""
        return self._low - DRIFT * abs(now - self._low_at), self._high + DRIFT * abs(now - self._high_at)

    def add(self, server_ms: float, sent: float, heard: float, resolution: float = PRECISION) -> bool:
        """Narrow the bounds by a reading that was stamped between `sent` and `heard`, cut to `resolution`. Returns
        False if it contradicts them: then a clock was set, and the reading replaces them."""
        reading = IntervalClock()
        reading._low, reading._low_at = server_ms - PRECISION - heard, heard
        reading._high, reading._high_at = server_ms + resolution - sent, sent
        if self._narrow(reading):
            return True
        self._low, self._low_at, self._high, self._high_at = reading._low, heard, reading._high, sent
        return False

    def promise(self, server_ms: float, error: float, before: float, after: float) -> bool:
        """Narrow the bounds by a clock of ours that is promised to differ from the exchange's by `error` at most, and
        showed `server_ms` between the two moments. Returns False, and changes nothing, if the bounds contradict it."""
        reading = IntervalClock()
        reading._low, reading._low_at = server_ms - error - after, after
        reading._high, reading._high_at = server_ms + error - before, before
        return self._narrow(reading)

    def _narrow(self, reading: IntervalClock) -> bool:
        """Take the narrower of both bounds; False, and nothing is changed, if the two have no offset in common."""
        now = max(reading._low_at, reading._high_at, self._low_at, self._high_at)
        (low, high), (known_low, known_high) = reading.bounds(now), self.bounds(now)
        if low > known_high or known_low > high:
            return False
        if low > known_low:
            self._low, self._low_at = reading._low, reading._low_at
        if high < known_high:
            self._high, self._high_at = reading._high, reading._high_at
        return True

    def earliest(self, server_ms: float) -> float:
        """The earliest monotonic moment at which the exchange's clock can show `server_ms`."""
        span = server_ms - self._high - self._high_at
        return self._high_at + span / (1.0 + DRIFT if span > 0 else 1.0 - DRIFT)

    def latest(self, server_ms: float) -> float:
        """The latest monotonic moment at which the exchange's clock can show `server_ms`."""
        span = server_ms - self._low - self._low_at
        return self._low_at + span / (1.0 - DRIFT if span > 0 else 1.0 + DRIFT)
