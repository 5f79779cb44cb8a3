"""One bucket's arithmetic: rule R. Milliseconds on one monotonic axis; `now` is always a parameter.

A bucket allows `limit` live calls. A call is live from its grant until one hold after its reply. The reply cannot
come before the exchange has counted the call, so whatever the network does, a call stays live here at least until
it has left the exchange's window: see the essay of `bingx_async.core` for the proof.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from math import inf

from bingx_async.core.counting import Counting
from bingx_async.core.quota import Quota

STRETCH = 5e-4  # our clock may run this much faster than the exchange's (GOVERNOR.md: covers +-200 ppm)
MARGIN = 2.0  # ms on top of the stretched window (GOVERNOR.md)
PACE = 0.9  # paced grants are this share of window / limit apart (GOVERNOR.md)


def hold_of(quota: Quota) -> float:
    """Milliseconds for which a call stays live after its reply."""
    return quota.window * 1000.0 * (1.0 + STRETCH) + MARGIN


def share_of(limit: int, share: float) -> int:
    """The whole calls of `limit` that belong to this process; may be none."""
    return int(limit * share + 1e-9)


class Bucket:
    """Live calls of one quota and one owner: those in flight, and the moments at which the others' tokens return."""

    __slots__ = ("counting", "gap", "grants", "hold", "in_flight", "last_grant", "limit", "quota", "returns")

    def __init__(self, quota: Quota, share: float = 1.0, is_paced: bool = False) -> None:
        self.quota = quota
        self.limit = share_of(quota.limit, share)
        self.hold = hold_of(quota)
        self.gap = PACE * quota.window * 1000.0 / self.limit if is_paced and self.limit else 0.0
        self.returns: list[float] = []
        self.in_flight = 0
        self.grants = 0
        self.last_grant = -inf
        self.counting: Counting | None = None

    def ready_at(self, now: float) -> float:
        """The earliest moment at which a token is free: `now`, later, or infinity if only a reply can tell."""
        returns = self.returns
        if returns and returns[0] <= now:
            del returns[: bisect_right(returns, now)]
        free = self.limit - self.in_flight - len(returns)
        if free > 0:
            ready = now
        elif len(returns) > -free:
            ready = returns[-free]
        else:
            return inf
        if self.gap and 2 * free < self.limit:
            return self._paced(ready, (self.limit + 1) // 2 - free)
        return ready

    def _paced(self, ready: float, missing: int) -> float:
        """One gap after the last grant, or when `missing` more tokens are free and the pace is off."""
        paced = max(ready, self.last_grant + self.gap)
        return min(paced, self.returns[missing - 1]) if missing <= len(self.returns) else paced

    def ready_within(self, limit: int, now: float) -> float:
        """Like `ready_at` for a smaller `limit`, for a call that has its token already."""
        spent = bisect_right(self.returns, now)
        free = limit - (self.in_flight - 1) - (len(self.returns) - spent)
        if free > 0:
            return now
        return self.returns[spent - free] if spent - free < len(self.returns) else now + self.hold

    def take(self, now: float) -> None:
        """Grant a token; `ready_at(now)` has said it is free."""
        self.in_flight += 1
        self.grants += 1
        self.last_grant = now

    def give_back(self, at: float) -> None:
        """A call in flight has ended; its token returns at `at`."""
        self.in_flight -= 1
        self.block(at)

    def release(self) -> None:
        """A call in flight was never sent; its token is free at once."""
        self.in_flight -= 1

    def block(self, until: float) -> None:
        """Keep one token back until `until`: somebody else's call, or one of ours that has been answered."""
        returns = self.returns
        if not returns or until >= returns[-1]:
            returns.append(until)
        else:
            insort(returns, until)

    def cap(self, until: float) -> None:
        """No token of a call that has been answered returns later than `until`."""
        at = bisect_right(self.returns, until)
        self.returns[at:] = [until] * (len(self.returns) - at)

    def live(self, now: float) -> int:
        """Tokens not free at `now`."""
        return self.in_flight + len(self.returns) - bisect_right(self.returns, now)

    def nth_ready_at(self, ahead: int, now: float) -> float:
        """The earliest moment for a call that has `ahead` others before it; a lower bound while calls are in flight
        or linger.

        A call in flight returns its token one hold from now at the soonest; each further round of `limit` grants
        takes one hold more. A token that lingers longer than one hold is passed by those that go round.
        """
        spent = bisect_right(self.returns, now)
        free = max(0, self.limit - self.in_flight - len(self.returns) + spent)
        rounds, place = divmod(ahead, self.limit)
        index = place - free + spent
        if place < free:
            moment = now
        elif index < len(self.returns):
            moment = min(self.returns[index], now + self.hold)
        else:
            moment = now + self.hold
        return moment + rounds * self.hold

    def is_idle(self, now: float) -> bool:
        """Whether forgetting the bucket would change nothing."""
        return not self.in_flight and (not self.returns or self.returns[-1] <= now)
