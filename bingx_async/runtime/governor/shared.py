"""A governor's share in a common store, and what it does while the store is away.

The governor's own ledger grants first: it keeps the local order and knows this process' calls. Then the store is
asked. If it refuses, the bucket is held back locally until the moment it named, and the call goes back to its place.

While the store is away, `local` goes on with `fallback_share` of every quota on the own ledger. Others may have live
calls that nobody tells us about. So account quotas pause first, until those calls have left the exchange's window;
address quotas go on at once, with our share of what the store last saw free there, half of the quota at most.
When the store is back after a time in which somebody may have granted calls alone, it is told to trust nothing it
remembers for one occupancy.
"""

from __future__ import annotations

from itertools import count
from math import inf
from secrets import token_hex
from typing import Literal

import anyio
from attrs import define, field

from bingx_async.core import events
from bingx_async.core.bucket import Bucket, occupancy_of, share_of
from bingx_async.core.ledger import COLD_MARGIN, Claim, Key, Ledger, NotUntil, Permit
from bingx_async.errors import StoreUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.governor.store import Ask, Granted, Later, QuotaStore, Settlement, Spent
from bingx_async.runtime.logs import warn

VALIDITY = 2_000.0  # ms; a grant that took longer to get here (or a process that was stopped meanwhile) is void
STALL = 15_000.0  # ms; a process may be stopped this long between grant and sending without breaking the quota
RETRY = 250.0  # ms between looks at a store that is away
NOTICE = 1_000.0  # ms within which others notice that the store is back: RETRY, and a look that was lost
# ms on top of one occupancy before anybody uses an account quota alone: what was granted last may leave VALIDITY later.
LEAST_PAUSE = VALIDITY + COLD_MARGIN


@define(eq=False)
class SharedQuota:
    """One governor's side of a store."""

    store: QuotaStore
    ledger: Ledger
    clock: ServerClock
    reporter: Reporter
    on_failure: Literal["local", "refuse"]
    fallback_share: float
    away_since: float | None = field(init=False, default=None)
    _next_look: float = field(init=False, default=-inf)
    _heard_at: float = field(init=False, default=-inf)
    _shortest: float = field(init=False, default=inf)  # hold of an account quota in use
    _longest: float = field(init=False, default=0.0)  # life of a call on them; others' are taken to be like ours
    _is_lasting: bool = field(init=False, default=False)
    _live: dict[Key, int] = field(init=False, factory=dict[Key, int])  # in paced buckets, as the store last said
    _process: str = field(init=False, factory=lambda: token_hex(6))
    _numbers: count[int] = field(init=False, factory=lambda: count(1))

    async def confirm(self, permit: Permit, max_lifetime_ms: float) -> NotUntil | Spent | None:
        """None: the call may leave. Raises `StoreUnavailable` under `refuse`, or if the store cannot ever work.

        Shielded from cancellation, so that a token taken in the store is never forgotten here.
        """
        asked_at = self.clock.monotonic()
        self._note(permit, max_lifetime_ms)
        if self.away_since is not None:
            if asked_at < self._next_look:
                return self._alone(permit, asked_at)
            self._next_look = asked_at + RETRY  # one looks, the others go on
        answer: Granted | Later | Spent | None = None
        try:
            with anyio.CancelScope(shield=True):
                answer = await self._ask(permit, max_lifetime_ms, asked_at)
        except StoreUnavailable as error:
            self._lost(error)
            return self._alone(permit, self.clock.monotonic(), error)
        assert answer is not None  # what is shielded comes to its end
        self._found()
        now = self.clock.monotonic()
        if isinstance(answer, Spent):
            return answer
        if isinstance(answer, Later):
            return NotUntil(now + answer.wait, answer.key)
        if now - asked_at > VALIDITY:
            self.release(permit)
            return NotUntil(now, permit.claims.items[0].key)
        self._granted(permit, answer)
        return None

    def full(self, permit: Permit) -> list[Key]:
        """Buckets in which this was the store's last token."""
        limits = zip(permit.claims.items, permit.buckets, permit.live, strict=False)
        return [claim.key for claim, bucket, live in limits if live >= bucket.limit]

    def settle(self, permit: Permit, at: float, extra: float, opens: bool, code: int | None, left: int | None) -> None:
        """Tell the store how the call ended."""
        if permit.ticket is None:
            return
        first = permit.claims.items[0].key
        done = Settlement(
            permit.ticket,
            permit.claims,
            at,
            extra,
            opens,
            code,
            self.ledger.budget.window,
            left if permit.live else None,
            permit.bound,
            self.ledger.settings.share,
        )
        permit.ticket = None
        self.store.settle(done, lambda calls: self.reporter.foreign(first, calls))

    def release(self, permit: Permit) -> None:
        """Tell the store that the call was never sent."""
        if permit.ticket is not None:
            ticket, permit.ticket = permit.ticket, None
            self.store.release(ticket, permit.claims)

    async def borrow_clock(self) -> bool:
        """Take over what another process has found out about the exchange's clock; False if nobody has lately."""
        try:
            found = await self.store.read_clock()
        except StoreUnavailable:
            return False  # whoever asks for quota will say so
        if found is None:
            return False
        offset, age = found
        now = self.clock.monotonic()
        self.clock.set_from(now + offset, now, now)
        self.clock.synced_at = now - age
        return True

    def lend_clock(self) -> None:
        """Tell the others what this process has found out."""
        if self.clock.synced_at is not None:
            self.store.tell_clock(self.clock.offset, self.clock.synced_at)

    async def _ask(self, permit: Permit, max_lifetime_ms: float, now: float) -> Granted | Later | Spent:
        if self._may_have_been_used_alone(now):
            await self.store.invalidate_history(NOTICE)
        permit.ticket = self._new_ticket()
        budget, share = self.ledger.budget, self.ledger.settings.share
        lives = max(STALL, VALIDITY + max_lifetime_ms)
        try:
            answer = await self.store.reserve(
                Ask(permit.ticket, permit.claims, lives, share, budget.limit, budget.window)
            )
        except StoreUnavailable as error:
            if error.is_lasting:
                permit.ticket = None
            self.release(permit)  # it may have been granted before the answer was lost
            raise
        if not isinstance(answer, Granted):
            permit.ticket = None
        return answer

    def _may_have_been_used_alone(self, now: float) -> bool:
        """Whether the store was away for so long that somebody went on without it; their calls may be short-lived."""
        return (
            self.away_since is not None
            and self.on_failure == "local"
            and now - self._heard_at >= self._shortest + LEAST_PAUSE
        )

    def _new_ticket(self) -> str:
        return f"{self._process}:{next(self._numbers)}"

    def _granted(self, permit: Permit, answer: Granted) -> None:
        permit.bound, permit.live = answer.bound, answer.live
        for claim, live in zip(permit.claims.items, answer.live, strict=True):
            if claim.is_paced:
                self._live[claim.key] = live

    def _note(self, permit: Permit, max_lifetime_ms: float) -> None:
        """What counts for the pause: reading the exchange's clock, say, draws on no account."""
        for claim in permit.claims.items:
            if not claim.is_paced:
                self._shortest = min(self._shortest, occupancy_of(claim.quota))
                self._longest = max(self._longest, max_lifetime_ms)

    def _alone(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """Without the store: may this process' own share pay for the call?"""
        if self.on_failure == "refuse" or self._is_lasting:
            raise error or StoreUnavailable("the quota store is away")
        refusal: NotUntil | None = None
        for bucket, claim in zip(permit.buckets, permit.claims.items, strict=True):
            ready = self._ready_alone(bucket, claim, now)
            if ready > now and (refusal is None or ready > refusal.ready_at):
                refusal = NotUntil(ready, claim.key)
        if refusal is not None:
            return NotUntil(min(refusal.ready_at, max(self._next_look, now + 1.0)), refusal.key)
        permit.ticket = self._new_ticket()  # so that the store hears of the call when it is back
        permit.live = ()
        return None

    def _ready_alone(self, bucket: Bucket, claim: Claim, now: float) -> float:
        assert self.away_since is not None
        free = 1.0
        alone_from = self.away_since + bucket.occupancy + self._pause()
        if not claim.is_paced and now < alone_from:
            return alone_from
        if claim.is_paced and now < self.away_since + bucket.occupancy:
            free = min(0.5, 1.0 - self._live.get(claim.key, 0) / bucket.limit)
        allowed = share_of(bucket.limit, self.fallback_share * free)
        return bucket.ready_within(allowed, now) if allowed else self._next_look

    def _pause(self) -> float:
        """Until others' calls have reached the exchange: on a slow network that takes as long as they may live."""
        return max(LEAST_PAUSE, self._longest + COLD_MARGIN)

    def _lost(self, error: StoreUnavailable) -> None:
        now = self.clock.monotonic()
        self._next_look = now + RETRY
        self._is_lasting = error.is_lasting
        if self.away_since is None:
            self.away_since = now
            warn("the quota store is away (%s); on_store_failure=%s", error, self.on_failure)
            self.reporter.emit(events.StoreLost(self.reporter.now(), str(error), self.on_failure))

    def _found(self) -> None:
        self._heard_at = self.clock.monotonic()
        if self.away_since is not None:
            away = (self.clock.monotonic() - self.away_since) / 1000.0
            self.away_since = None
            self._is_lasting = False
            self.ledger.let_go()
            warn("the quota store is back after %.1f s", away)
            self.reporter.emit(events.StoreFound(self.reporter.now(), away))
