"""Redis' clock as seen from this process' monotonic clock.

Every reply bounds the offset between the two: it was written after the request was sent and before it was received.
The bounds are narrowed by every reply. A reply that contradicts them means that a clock was stepped; the bounds then
begin anew.
"""

from __future__ import annotations

from math import inf

from attrs import define


@define
class RedisClock:
    """Redis' clock minus ours lies from `least` to `most` (ms)."""

    least: float = -inf
    most: float = inf

    def observe(self, moment: float, sent_at: float, received_at: float) -> None:
        """Redis' clock showed `moment` between `sent_at` and `received_at` of ours."""
        least, most = max(self.least, moment - received_at), min(self.most, moment - sent_at)
        if least > most:
            least, most = moment - received_at, moment - sent_at
        self.least, self.most = least, most

    def latest(self, at: float) -> str:
        """A moment of Redis' clock that is certainly not before `at` of ours; empty while nothing is known."""
        return repr(at + self.most) if self.is_known else ""

    @property
    def is_known(self) -> bool:
        """Whether any reply has come."""
        return self.most < inf

    def offset(self) -> float:
        """The likely offset (ms)."""
        return (self.least + self.most) / 2.0
