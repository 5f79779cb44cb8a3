"""Whether the other end of a socket is alive, and the wait before the next attempt to connect."""

from __future__ import annotations

from bingx_async.core.stream_limits import StreamLimits

SECOND = 1_000.0  # ms
PING_GAPS = 3.0  # of the longest span between two pings may pass in silence
MOST_DOUBLINGS = 30


class Heartbeat:
    """The dead-peer rule of one socket, in ms: silence of `first_silence` ends it before the first ping; then that of
    `least_silence`, or of three times the longest span between two pings if that is longer."""

    def __init__(self, limits: StreamLimits, now: float) -> None:
        self.heard_at = now  # of anything at all
        self._first, self._least = limits.first_silence * SECOND, limits.least_silence * SECOND
        self._pinged_at: float | None = None
        self._longest_gap = 0.0

    def pinged(self, now: float) -> None:
        """A ping came."""
        if self._pinged_at is not None:
            self._longest_gap = max(self._longest_gap, now - self._pinged_at)
        self._pinged_at = now

    @property
    def patience(self) -> float:
        """The silence that ends the socket, ms. A span as long as that between two pings, once met, may come again."""
        return self._first if self._pinged_at is None else max(self._least, PING_GAPS * self._longest_gap)

    @property
    def dies_at(self) -> float:
        """When the socket is dead if nothing comes before."""
        return self.heard_at + self.patience


class Backoff:
    """The wait before each new attempt to connect: drawn from zero to a bound that doubles with each, and begins small
    again after a connection that lasted. `draw()` is from 0 to 1."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._attempts = 0

    def wait(self, lived: float, is_forbidden: bool, drawn: float) -> float:
        """Seconds to wait after a connection that lasted for `lived` ms, 0 if there was none."""
        limits = self._limits
        if lived >= limits.settled_after * SECOND:
            self._attempts = 0
        bound = min(limits.longest_backoff, limits.backoff * 2.0 ** min(self._attempts, MOST_DOUBLINGS))
        self._attempts += 1
        return limits.forbidden_backoff * (1.0 + drawn) if is_forbidden else bound * drawn
