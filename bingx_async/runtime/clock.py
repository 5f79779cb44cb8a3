"""Time on two axes. The monotonic one drives every wait; the exchange's is the monotonic one plus an offset."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import define, field

ROUND_TRIPS = 3
STALE_AFTER = 300_000.0  # ms; after that a penalty's moment is worth a fresh look at the exchange's clock
ABSURD = 3_600_000.0  # ms; a free sample this far off cannot be a time
STEP = 250.0  # ms; from here on a change of the offset is reported


def monotonic_ms() -> float:
    """Milliseconds on the monotonic axis."""
    return time.monotonic() * 1000.0


def wall_ms() -> float:
    """Epoch milliseconds by the machine's clock."""
    return time.time() * 1000.0


@define(eq=False)
class ServerClock:
    """The exchange's clock as far as it is known."""

    monotonic: Callable[[], float] = monotonic_ms
    offset: float = field(init=False)
    synced_at: float | None = field(init=False, default=None)
    wall: Callable[[], float] = wall_ms

    def __attrs_post_init__(self) -> None:
        self.offset = self.wall() - self.monotonic()  # a first guess; a later step of the wall clock moves nothing

    def now(self) -> float:
        """Epoch milliseconds by the exchange's clock."""
        return self.monotonic() + self.offset

    def moment(self, monotonic: float) -> datetime:
        """The aware UTC moment of a point on the monotonic axis."""
        return datetime.fromtimestamp((monotonic + self.offset) / 1000.0, UTC)

    def from_server(self, server_ms: float) -> float:
        """The point on the monotonic axis of a moment the exchange named."""
        return server_ms - self.offset

    def is_stale(self) -> bool:
        """Whether the last look at the exchange's clock is too long ago to convert a moment exactly."""
        return self.synced_at is None or self.monotonic() - self.synced_at > STALE_AFTER

    def set_from(self, server_ms: float, sent_at: float, received_at: float) -> float:
        """Take a sample: the exchange read `server_ms` between the two moments. Returns the step in milliseconds."""
        offset = server_ms - (sent_at + received_at) / 2.0
        step, self.offset, self.synced_at = offset - self.offset, offset, received_at
        return step

    def hint(self, server_ms: float, sent_at: float, received_at: float) -> float:
        """A free sample of an unknown age: correct the offset only as far as it contradicts. Returns the step (ms)."""
        if abs(server_ms - received_at - self.offset) > ABSURD:
            return 0.0
        # The exchange wrote `server_ms` between the two moments, so the offset lies between the two differences.
        least, most = server_ms - received_at - 1.0, server_ms - sent_at + 1.0
        offset = min(max(self.offset, least), most)
        step, self.offset = offset - self.offset, offset
        return step
