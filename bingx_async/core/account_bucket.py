"""An account's bucket for one endpoint. It alone hears what the rate headers of the replies say.

The headers may tighten the bucket, when they show calls that are not ours. They may show how the exchange counts;
with `is_anchored` the bucket rests on that once it is certain, and gives tokens back when the exchange's window ends.
"""

from __future__ import annotations

from bingx_async.core.bucket import MARGIN, Bucket
from bingx_async.core.counting import Counting
from bingx_async.core.quota import UNLIMITED, Quota

LISTENING_GAP = 0.25  # of a window, between grants while less than half of the tokens are free
LISTENING_CALLS = 64  # after so many calls of a bucket no more are kept apart


class AccountBucket(Bucket):
    """Live calls of one account on one endpoint."""

    __slots__ = ("counting", "is_anchored")

    def __init__(self, quota: Quota, share: float = 1.0, is_anchored: bool = False) -> None:
        super().__init__(quota, share)
        self.is_anchored = is_anchored
        self.counting: Counting | None = None

    @property
    def baseline(self) -> int:
        """Live tokens less grants, as a permit keeps it; right after `ready_at` has dropped what has expired."""
        return self.in_flight + len(self.expiries) - self.grants

    def observe(self, baseline: int, remaining: int, now: float) -> int:
        """The exchange says that `remaining` calls are left; returns how many it has counted that are not ours.

        `baseline` is that of the permit whose reply says so. Foreign calls occupy tokens of ours for one occupancy:
        a header can only tighten. A number that the quota cannot have is ignored. Under a share other programs may
        use the rest of the quota; only what they use beyond it counts.
        """
        if not 0 <= remaining <= self.quota.limit < UNLIMITED.limit:
            return 0
        ours = max(baseline + self.grants, self.live(now))
        foreign = max(0, self.limit - remaining - ours)
        for _ in range(foreign):
            self.block(now + self.occupancy)
        return foreign

    def learn(self, granted_at: float, at: float, remaining: int, end: float | None, epoch: float) -> Counting | None:
        """Take what the reply at `at` to a call granted at `granted_at` shows about the way of counting.

        `end` is the moment at which the exchange says that the account's window ends; `epoch` plus a moment is epoch
        milliseconds. Until `end`, every call that was answered has been counted in that window or an earlier one, so
        it counts no longer for calls sent after `end`. Returns the counting if this reply has changed it.
        """
        if not 0 <= remaining < self.quota.limit < UNLIMITED.limit:
            return None
        if self.counting is None:
            self.counting = Counting(self.quota.limit, self.quota.window * 1000.0)
        counting = self.counting
        before = str(counting)
        if self.is_anchored or not counting.is_decided:
            counting.observe(granted_at, at, remaining, self.in_flight, end, epoch)
        if self.is_anchored:
            self._rest_on(counting, at, end)
        return counting if str(counting) != before else None

    def _rest_on(self, counting: Counting, at: float, end: float | None) -> None:
        # Calls all at once look the same under every way of counting: until it is known, some are kept apart.
        is_listening = not counting.is_decided and self.grants < LISTENING_CALLS
        self.spacing = LISTENING_GAP * counting.window if is_listening else 0.0
        if counting.is_fixed and end is not None and end >= at:
            self.cap(end + MARGIN)

    def invalidate_counting(self) -> None:
        """A call was refused for its pace: from now on nothing rests on the way of counting."""
        if self.counting is not None:
            self.counting.invalidate()
            self.spacing = 0.0
