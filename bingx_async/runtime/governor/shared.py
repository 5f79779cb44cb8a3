"""A governor's side of a shared store, also while the store is away.

The governor's own ledger grants first: it keeps the local order and knows this process' calls. Then the store is
asked. If it refuses, no call of this process asks for that bucket before the moment it named, and the call goes back
to its place.

While the store is away, `local` goes on with `fallback_share` of every quota on the own ledger. Other processes may
have live calls that this one does not know. So account quotas pause first, until those calls have left the
exchange's window; address quotas go on at once, with our share of what the store last saw free there, half of the
quota at most. When the store is back after a time in which a process may have granted calls alone, it is told to
trust nothing it remembers for one occupancy.
"""

from __future__ import annotations

from itertools import count
from math import inf
from secrets import token_hex
from typing import Literal

import anyio
from attrs import define, field, frozen

from bingx_async.core import events
from bingx_async.core.bucket import Bucket, occupancy_of, share_of
from bingx_async.core.claims import Claim, Key
from bingx_async.core.ledger import COLD_MARGIN, Ledger
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.errors import StoreUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.governor.store import Ask, Granted, Later, QuotaStore, Settlement, Spent
from bingx_async.runtime.logs import warn

VALIDITY = 2_000.0  # ms; a grant that took longer to get here (or a process that was stopped meanwhile) is void
STALL = 15_000.0  # ms; a process may be stopped this long between grant and sending without breaking the quota
RETRY = 250.0  # ms between looks at a store that is away
NOTICE = 1_000.0  # ms within which others notice that the store is back: RETRY, and a look that was lost
# ms on top of one occupancy before an account quota is used alone: the call granted last may leave VALIDITY later.
LEAST_PAUSE = VALIDITY + COLD_MARGIN


@frozen
class Ticket:
    """A permit's counterpart in the store: its name there, the bound to send back, the calls live in each bucket.

    `live` is empty for a call that was granted without the store, which hears of it when it is back.
    """

    name: str
    bound: int
    live: tuple[int, ...] = ()


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
    _shortest: float = field(init=False, default=inf)  # occupancy of an account quota in use
    _longest: float = field(
        init=False, default=0.0
    )  # life of a call on them; other processes' are taken to be like ours
    _is_lasting: bool = field(init=False, default=False)
    _live: dict[Key, int] = field(init=False, factory=dict[Key, int])  # at the address, as the store last said
    _tickets: dict[Permit, Ticket] = field(init=False, factory=dict[Permit, Ticket])
    _process: str = field(init=False, factory=lambda: token_hex(6))
    _numbers: count[int] = field(init=False, factory=lambda: count(1))

    async def confirm(self, permit: Permit, max_lifetime_ms: float) -> NotUntil | Spent | None:
        """Ask the store for this permit; None means that the call may leave.

        Raises `StoreUnavailable` under `refuse`, or if the store cannot ever work.
        Shielded from cancellation, so that a token taken in the store is never forgotten here.
        """
        asked_at = self.clock.monotonic()
        self._note(permit, max_lifetime_ms)
        if self.away_since is not None:
            if asked_at < self._next_look:
                return self._alone(permit, asked_at)
            self._next_look = asked_at + RETRY  # this call looks, the others go on
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
            return NotUntil(now, permit.claims.endpoint_gate)
        self._note_live(permit, answer)
        return None

    def full(self, permit: Permit) -> list[Key]:
        """Buckets in which this was the store's last token."""
        live = self._tickets[permit].live
        limits = zip(permit.claims.all, permit.buckets, live, strict=False)
        return [claim.key for claim, bucket, calls in limits if calls >= bucket.limit]

    def settle(self, permit: Permit, at: float, extra: float, opens: bool, code: int | None, left: int | None) -> None:
        """Tell the store how the call ended; `left` is what the exchange says is left of the account's quota."""
        ticket = self._tickets.pop(permit, None)
        if ticket is None:
            return
        claims, window, share = permit.claims, self.ledger.budget.window, self.ledger.settings.share
        remaining = left if ticket.live and claims.account_claim is not None else None
        done = Settlement(ticket.name, claims, at, extra, opens, code, window, remaining, ticket.bound, share)
        self.store.settle(done, lambda calls: self.reporter.foreign(claims.endpoint_gate, calls))

    def release(self, permit: Permit) -> None:
        """Tell the store that the call was never sent."""
        ticket = self._tickets.pop(permit, None)
        if ticket is not None:
            self.store.release(ticket.name, permit.claims)

    async def borrow_clock(self) -> bool:
        """Take over another process' finding about the exchange's clock; False if there is no recent one."""
        try:
            found = await self.store.read_clock()
        except StoreUnavailable:
            return False  # the next call that asks for quota reports it
        if found is None:
            return False
        offset, age = found
        now = self.clock.monotonic()
        self.clock.set_from(now + offset, now, now)
        self.clock.synced_at = now - age
        return True

    def lend_clock(self) -> None:
        """Tell the other processes what this one has found out."""
        if self.clock.synced_at is not None:
            self.store.tell_clock(self.clock.offset, self.clock.synced_at)

    async def _ask(self, permit: Permit, max_lifetime_ms: float, now: float) -> Granted | Later | Spent:
        if self._may_have_been_used_alone(now):
            await self.store.invalidate_history(NOTICE)
        name, budget = self._new_name(), self.ledger.budget
        lives = max(STALL, VALIDITY + max_lifetime_ms)
        ask = Ask(name, permit.claims, lives, self.ledger.settings.share, budget.limit, budget.window)
        try:
            answer = await self.store.reserve(ask)
        except StoreUnavailable as error:
            if not error.is_lasting:
                self.store.release(name, permit.claims)  # it may have been granted before the answer was lost
            raise
        if isinstance(answer, Granted):
            self._tickets[permit] = Ticket(name, answer.bound, answer.live)
        return answer

    def _may_have_been_used_alone(self, now: float) -> bool:
        """Whether the store was away for so long that a process went on without it; their calls may be short-lived."""
        return (
            self.away_since is not None
            and self.on_failure == "local"
            and now - self._heard_at >= self._shortest + LEAST_PAUSE
        )

    def _new_name(self) -> str:
        return f"{self._process}:{next(self._numbers)}"

    def _note_live(self, permit: Permit, answer: Granted) -> None:
        for claim, live in zip(permit.claims.all, answer.live, strict=True):
            if claim is not permit.claims.account_claim:
                self._live[claim.key] = live

    def _note(self, permit: Permit, max_lifetime_ms: float) -> None:
        """Remember what the pause depends on. Public calls, such as reading the clock, draw on no account."""
        own = permit.claims.account_claim
        if own is not None:
            self._shortest = min(self._shortest, occupancy_of(own.quota))
            self._longest = max(self._longest, max_lifetime_ms)

    def _alone(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """Whether this process' own share allows the call while the store is away."""
        if self.on_failure == "refuse" or self._is_lasting:
            raise error or StoreUnavailable("the quota store is away")
        refusal: NotUntil | None = None
        for bucket, claim in zip(permit.buckets, permit.claims.all, strict=True):
            is_own = claim is permit.claims.account_claim
            ready = self._ready_alone(bucket, claim, is_own, now)
            if ready > now and (refusal is None or ready > refusal.ready_at):
                refusal = NotUntil(ready, claim.key)
        if refusal is not None:
            return NotUntil(min(refusal.ready_at, max(self._next_look, now + 1.0)), refusal.key)
        self._tickets[permit] = Ticket(self._new_name(), permit.baseline)
        return None

    def _ready_alone(self, bucket: Bucket, claim: Claim, is_own: bool, now: float) -> float:
        """When the process' part of a bucket allows the call; `is_own`: the bucket is the account's."""
        assert self.away_since is not None
        free = 1.0
        alone_from = self.away_since + bucket.occupancy
        if is_own and now < alone_from + self._pause():
            return alone_from + self._pause()
        if not is_own and now < alone_from:
            free = min(0.5, 1.0 - self._live.get(claim.key, 0) / bucket.limit)
        allowed = share_of(bucket.limit, self.fallback_share * free)
        return bucket.ready_within(allowed, now) if allowed else self._next_look

    def _pause(self) -> float:
        """Milliseconds until other processes' calls have reached the exchange: as long as they may live."""
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
            self.ledger.store_refusals.allow_now()
            warn("the quota store is back after %.1f s", away)
            self.reporter.emit(events.StoreFound(self.reporter.now(), away))
