"""Which calls may leave while the shared store is away. Decisions only: `now` is monotonic milliseconds.

Under `local` the process goes on with `fallback_share` of every quota on its own ledger. Other processes may have
live calls that this one does not know. So account quotas pause first, until those calls have left the exchange's
window; address quotas go on at once, with our share of what the store last saw free there, half of the quota at most.
"""

from __future__ import annotations

from math import inf
from typing import Literal

from attrs import define, field

from bingx_async.core.bucket import Bucket, occupancy_of, share_of
from bingx_async.core.claims import Claim, Key
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.errors import StoreUnavailable

VALIDITY = 2_000.0  # ms; a grant that took longer to get here (or a process that was stopped meanwhile) is void
RETRY = 250.0  # ms between looks at a store that is away
# ms on top of one occupancy before an account quota is used alone: the call granted last may leave VALIDITY later.
LEAST_PAUSE = VALIDITY + COLD_MARGIN


@define(eq=False)
class Outage:
    """Knows since when the store is away, and from before what other processes may have done since."""

    policy: Literal["local", "refuse"]
    fallback_share: float
    away_since: float | None = field(init=False, default=None)
    _next_look: float = field(init=False, default=-inf)
    _heard_at: float = field(init=False, default=-inf)
    _shortest: float = field(init=False, default=inf)  # occupancy of an account quota in use
    _longest: float = field(init=False, default=0.0)  # life of a call on an account, taken to be alike everywhere
    _is_lasting: bool = field(init=False, default=False)
    _live: dict[Key, int] = field(init=False, factory=dict[Key, int])  # at the address, as the store last said

    def note(self, permit: Permit, max_lifetime_ms: float) -> None:
        """A call asks. Public calls, such as reading the clock, draw on no account."""
        own = permit.claims.account_claim
        if own is not None:
            self._shortest = min(self._shortest, occupancy_of(own.quota))
            self._longest = max(self._longest, max_lifetime_ms)

    def note_live(self, permit: Permit, live: tuple[int, ...]) -> None:
        """The store has granted a call and said how many are live in the bucket of each claim."""
        for claim, calls in zip(permit.claims.all, live, strict=True):
            if claim is not permit.claims.account_claim:
                self._live[claim.key] = calls

    def may_look(self, now: float) -> bool:
        """Whether this call may ask the store: while it is away, one call does so every 250 ms."""
        if self.away_since is not None:
            if now < self._next_look:
                return False
            self._next_look = now + RETRY
        return True

    def begin(self, now: float, is_lasting: bool) -> bool:
        """The store does not answer; whether it did until now."""
        is_new, self._is_lasting, self._next_look = self.away_since is None, is_lasting, now + RETRY
        if is_new:
            self.away_since = now
        return is_new

    def end(self, now: float) -> float | None:
        """The store answers; the milliseconds for which it was away, if it was."""
        self._heard_at, since = now, self.away_since
        self.away_since, self._is_lasting = None, False
        return now - since if since is not None else None

    def may_have_been_used_alone(self, now: float) -> bool:
        """Whether the store was away for so long that a process went on without it; their calls may be short-lived."""
        lasted = now - self._heard_at >= self._shortest + LEAST_PAUSE
        return self.away_since is not None and self.policy == "local" and lasted

    def refusal(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """None if this process' own share allows the call. Raises where the policy or a lasting failure forbids it."""
        if self.policy == "refuse" or self._is_lasting:
            raise error or StoreUnavailable("the quota store is away")
        latest, key = now, None
        for bucket, claim in zip(permit.buckets, permit.claims.all, strict=True):
            ready = self._ready_at(bucket, claim, claim is permit.claims.account_claim, now)
            if ready > latest:
                latest, key = ready, claim.key
        return NotUntil(min(latest, max(self._next_look, now + 1.0)), key) if key is not None else None

    def _ready_at(self, bucket: Bucket, claim: Claim, is_own: bool, now: float) -> float:
        """When our part of a bucket allows the call; `is_own`: the bucket is the account's."""
        assert self.away_since is not None
        free, alone_from = 1.0, self.away_since + bucket.occupancy
        if is_own and now < alone_from + self._pause():
            return alone_from + self._pause()
        if not is_own and now < alone_from:
            free = min(0.5, 1.0 - self._live.get(claim.key, 0) / bucket.limit)
        allowed = share_of(bucket.limit, self.fallback_share * free)
        return bucket.ready_within(allowed, now) if allowed else self._next_look

    def _pause(self) -> float:
        """Milliseconds until other processes' calls have reached the exchange: as long as they may live."""
        return max(LEAST_PAUSE, self._longest + COLD_MARGIN)
