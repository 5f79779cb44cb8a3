"""One bucket's arithmetic: rule R. Milliseconds on one monotonic axis.

A call is live from its grant until one occupancy after its reply, which cannot come before the exchange has counted
it: whatever the network does, by then the call has left the exchange's window.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from math import inf

from bingx_async.core.counting import Counting, Span
from bingx_async.core.quota import UNLIMITED, Quota

STRETCH = 5e-4  # our clock may run this much faster than the exchange's: two clocks 200 ppm off, and some to spare
MARGIN = 2.0  # ms on top of the stretched window, for clocks that are read in whole milliseconds on either side
CATCH_UP = 40.0  # ms by which a late timer is made up for, so that pacing keeps its average
KEPT = 0.01  # of an address' tokens, for the kill switch alone
PACE = 0.9  # paced grants are this share of window / limit apart: below 1, so that pacing alone loses no quota
LISTENING_GAP = 0.25  # of a window, between grants while less than half of the tokens are free
LISTENING_CALLS = 64  # after so many calls of a bucket no more are kept apart


def occupancy_of(quota: Quota) -> float:
    """Milliseconds for which a call stays live after its reply."""
    return quota.window * 1000.0 * (1.0 + STRETCH) + MARGIN


def share_of(limit: int, share: float) -> int:
    """The whole calls of `limit` that belong to this process; may be none."""
    return int(limit * share + 1e-9)


def kept_of(quota: Quota, share: float) -> int:
    """The tokens of an address that are kept for the kill switch."""
    return int(quota.limit * share * KEPT) if quota.limit < UNLIMITED.limit else 0


class Bucket:
    """Live calls of one quota and one owner: those in flight, and the moments at which the others' tokens expire.
    Paced grants are `spacing` milliseconds apart while less than half of the tokens are free. `kept` tokens are for
    urgent calls, which are not paced either."""

    __slots__ = ("expiries", "grants", "in_flight", "kept", "last_grant", "limit", "occupancy", "quota", "spacing")

    def __init__(self, quota: Quota, share: float = 1.0, is_paced: bool = False, kept: int = 0) -> None:
        self.quota = quota
        self.limit = share_of(quota.limit, share)
        self.kept = min(kept, max(0, self.limit - 1))
        self.occupancy = occupancy_of(quota)
        self.spacing = PACE * quota.window * 1000.0 / self.limit if is_paced and self.limit else 0.0
        self.expiries: list[float] = []
        self.in_flight = 0
        self.grants = 0
        self.last_grant = -inf

    def ready_at(self, now: float, is_urgent: bool = False) -> float:
        """The earliest moment at which a token is free: `now`, later, or infinity if only a reply can tell."""
        expiries = self.expiries
        if expiries and expiries[0] <= now:
            del expiries[: bisect_right(expiries, now)]
        free = self.limit - self.in_flight - len(expiries)
        if not is_urgent:
            free -= self.kept
        if free > 0:
            ready = now
        elif len(expiries) > -free:
            ready = expiries[-free]
        else:
            return inf
        if self.spacing and 2 * free < self.limit and not is_urgent:
            return self._paced(ready, (self.limit + 1) // 2 - free)
        return ready

    def _paced(self, ready: float, missing: int) -> float:
        """`spacing` after the last grant, or earlier once `missing` more tokens are free: then half of them are."""
        paced = max(ready, self.last_grant + self.spacing)
        return min(paced, self.expiries[missing - 1]) if missing <= len(self.expiries) else paced

    def ready_within(self, limit: int, now: float) -> float:
        """Like `ready_at` under a smaller `limit`, for a call that has its token already."""
        spent = bisect_right(self.expiries, now)
        free = limit - (self.in_flight - 1) - (len(self.expiries) - spent)
        if free > 0:
            return now
        return self.expiries[spent - free] if spent - free < len(self.expiries) else now + self.occupancy

    def take(self, now: float) -> None:
        """Grant a token; `ready_at(now)` has said it is free."""
        self.in_flight += 1
        self.grants += 1
        self.last_grant = max(min(self.last_grant + self.spacing, now), now - CATCH_UP)

    def expire_at(self, at: float) -> None:
        """A call in flight has ended; its token returns at `at`."""
        self.in_flight -= 1
        self.block(at)

    def release(self) -> None:
        """A call in flight was never sent; its token is free at once."""
        self.in_flight -= 1

    def block(self, until: float) -> None:
        """Keep one token back until `until`: for a call of ours that has been answered, or for another program's."""
        expiries = self.expiries
        if not expiries or until >= expiries[-1]:
            expiries.append(until)
        else:
            insort(expiries, until)

    def cap(self, until: float, last: float) -> None:
        """Let no token that would return after `until`, and at `last` at the latest, return later than `until`."""
        first, end = bisect_right(self.expiries, until), bisect_right(self.expiries, last)
        self.expiries[first:end] = [until] * (end - first)

    def live(self, now: float) -> int:
        """Tokens not free at `now`."""
        return self.in_flight + len(self.expiries) - bisect_right(self.expiries, now)

    def nth_ready_at(self, ahead: int, now: float, is_urgent: bool = False) -> float:
        """The earliest moment for a call behind `ahead` others; a lower bound while calls are in flight or linger."""
        # A call in flight returns its token one occupancy from now at the soonest; each further round of `limit` grants
        # takes one occupancy more. A token that lingers longer than one occupancy is passed by those that go round.
        spent = bisect_right(self.expiries, now)
        limit = self.limit if is_urgent else self.limit - self.kept
        free = max(0, limit - self.in_flight - len(self.expiries) + spent)
        rounds, place = divmod(ahead, limit)
        index = place - free + spent
        if place < free:
            moment = now
        elif index < len(self.expiries):
            moment = min(self.expiries[index], now + self.occupancy)
        else:
            moment = now + self.occupancy
        return moment + rounds * self.occupancy

    def is_idle(self, now: float) -> bool:
        """Whether forgetting the bucket would change nothing."""
        return not self.in_flight and (not self.expiries or self.expiries[-1] <= now)


class AccountBucket(Bucket):
    """Live calls of one account on one endpoint. Rate headers tighten it when they show calls that are not ours, and
    with `is_anchored`, once they have shown how the exchange counts, give tokens back when its window ends."""

    __slots__ = ("counting", "is_anchored")

    def __init__(self, quota: Quota, share: float, is_anchored: bool, kept: int = 0) -> None:
        super().__init__(quota, share, kept=kept)
        self.is_anchored = is_anchored
        self.counting: Counting | None = None

    @property
    def baseline(self) -> int:
        """Live tokens less grants, as a permit keeps it; right after `ready_at` has dropped what has expired."""
        return self.in_flight + len(self.expiries) - self.grants

    def observe(self, baseline: int, remaining: int, now: float) -> int:
        """The reply to a permit with `baseline` says that `remaining` calls are left; how many were not ours, and so
        occupy tokens of ours for one occupancy. Under a share only those beyond the rest of the quota count."""
        if not 0 <= remaining <= self.quota.limit < UNLIMITED.limit:
            return 0
        ours = max(baseline + self.grants, self.live(now))
        foreign = max(0, self.limit - remaining - ours)
        if foreign:
            at, expiries = now + self.occupancy, self.expiries
            place = bisect_right(expiries, at)
            expiries[place:place] = [at] * foreign
        return foreign

    def learn(self, granted_at: float, at: float, remaining: int, end: Span | None, epoch: float) -> Counting | None:
        """Take what the reply at `at` shows about the way of counting; returns the counting if that has changed it.
        Within `end` its window ends, as the exchange says; `epoch` plus a moment is epoch milliseconds."""
        if not 0 <= remaining < self.quota.limit < UNLIMITED.limit:
            return None
        if self.counting is None:
            self.counting = Counting(self.quota.limit, self.quota.window * 1000.0)
        counting = self.counting
        before = str(counting)
        if self.is_anchored or not counting.is_decided:
            counting.observe(granted_at, at, remaining, self.in_flight, end, epoch)
        if self.is_anchored:
            self._rest_on(counting, end)
        return counting if str(counting) != before else None

    def miss(self, granted_at: float, until: float, begins: bool = False) -> None:
        """No header tells of a call that was counted by `until`, if ever; `begins`: listen to headers from now on."""
        if self.counting is None and begins and self.quota.limit < UNLIMITED.limit:
            self.counting = Counting(self.quota.limit, self.quota.window * 1000.0)
        if self.counting is not None:
            self.counting.miss(granted_at, until)

    def _rest_on(self, counting: Counting, end: Span | None) -> None:
        # Calls all at once look the same under every way of counting: until it is known, some are kept apart.
        is_listening = not counting.is_decided and self.grants < LISTENING_CALLS
        self.spacing = LISTENING_GAP * counting.window if is_listening else 0.0
        # Every call counted before the window ends is in it or in an earlier one: none counts for calls sent after it.
        # That is so of every token which returns within a window of the end: a call is counted one occupancy before
        # that at the latest, also one that was given up, and tokens capped to the next window's end return later.
        if counting.is_fixed and end is not None:
            self.cap(end[1] + MARGIN, end[0] + counting.window * (1.0 - STRETCH))

    def invalidate_counting(self) -> None:
        """A call was refused for its pace: from now on nothing rests on the way of counting."""
        if self.counting is not None:
            self.counting.invalidate()
            self.spacing = 0.0


class Slots:
    """Things of which a call in flight holds one, such as connections; `limit` of them, one kept for urgent calls."""

    __slots__ = ("in_flight", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0

    def has_room(self, is_urgent: bool) -> bool:
        """Whether one is free."""
        return self.in_flight < (self.limit if is_urgent or self.limit == 1 else self.limit - 1)
