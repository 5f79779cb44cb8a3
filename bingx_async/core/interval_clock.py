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
        now = max(heard, self._low_at, self._high_at)
        (low, high), (known_low, known_high) = reading.bounds(now), self.bounds(now)
        fits = low <= known_high and known_low <= high
        if low > known_low or not fits:
            self._low, self._low_at = reading._low, reading._low_at
        if high < known_high or not fits:
            self._high, self._high_at = reading._high, reading._high_at
        return fits

    def earliest(self, server_ms: float) -> float:
        """The earliest monotonic moment at which the exchange's clock can show `server_ms`."""
        span = server_ms - self._high - self._high_at
        return self._high_at + span / (1.0 + DRIFT if span > 0 else 1.0 - DRIFT)

    def latest(self, server_ms: float) -> float:
        """The latest monotonic moment at which the exchange's clock can show `server_ms`."""
        span = server_ms - self._low - self._low_at
        return self._low_at + span / (1.0 - DRIFT if span > 0 else 1.0 + DRIFT)
