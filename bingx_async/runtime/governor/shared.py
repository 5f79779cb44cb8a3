"""A governor's side of a shared store, asked after the own ledger has granted, and what it does while that is away.

Away, `local` goes on with `fallback_share` of every quota on the own ledger. Other processes may have live calls that
this one does not know. So account quotas pause first, until those calls have left the exchange's window; address
quotas go on at once, with our share of what the store last saw free there, half of the quota at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from math import inf
from secrets import token_hex

import anyio
from attrs import define, field, frozen

from bingx_async.core import events
from bingx_async.core.bucket import Bucket, occupancy_of, share_of
from bingx_async.core.claims import Claim, Key, NotUntil, Permit
from bingx_async.core.ledger import COLD_MARGIN, Ledger
from bingx_async.errors import StoreUnavailable
from bingx_async.runtime.governor.reports import Reporter
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.store import Ask, Freed, Granted, Later, QuotaStore, Settlement, Spent
from bingx_async.runtime.logs import warn

VALIDITY = 2_000.0  # ms; a grant that took longer to get here (or a process that was stopped meanwhile) is void
STALL = 15_000.0  # ms; a process may be stopped this long between grant and sending without breaking the quota
RETRY = 250.0  # ms between looks at a store that is away
NOTICE = 1_000.0  # ms within which others notice that the store is back: RETRY, and a look that was lost
# ms on top of one occupancy before an account quota is used alone: the call granted last may leave VALIDITY later.
LEAST_PAUSE = VALIDITY + COLD_MARGIN


@frozen
class Ticket:
    """A permit's counterpart in the store: its name there, the bound to send back, the calls live in each bucket."""

    name: str
    bound: int
    live: tuple[int, ...] = ()  # empty if granted without the store, which hears of the call when it is back
    next_at: Mapping[Key, float] = field(factory=dict[Key, float])  # buckets without a token for the next call, until


@define(eq=False)
class SharedQuota:
    """One governor's side of a store."""

    store: QuotaStore
    settings: GovernorSettings
    ledger: Ledger
    reporter: Reporter
    _away_since: float | None = field(init=False, default=None)
    _next_look: float = field(init=False, default=-inf)
    _heard_at: float = field(init=False, default=-inf)
    _shortest: float = field(init=False, default=inf)  # occupancy of an account quota in use
    _longest: float = field(init=False, default=0.0)  # life of a call on them; other processes' are like ours
    _is_lasting: bool = field(init=False, default=False)
    _live: dict[Key, int] = field(init=False, factory=dict[Key, int])  # at the address, as the store last said
    _tickets: dict[int, Ticket] = field(init=False, factory=dict[int, Ticket])  # by the permit's number
    _process: str = field(init=False, factory=lambda: token_hex(6))
    _numbers: count[int] = field(init=False, factory=lambda: count(1))

    async def confirm(
        self, permit: Permit, max_lifetime_ms: float, more: frozenset[Key], is_urgent: bool = False
    ) -> NotUntil | Spent | None:
        """None: the store lets the call leave; more calls of ours wait for the buckets `more`.

        Raises `StoreUnavailable` under `refuse`, or if it cannot ever work.
        """
        asked_at, own = self.settings.clock.monotonic(), permit.claims.account_claim
        if own is not None:  # public calls, such as reading the clock, draw on no account
            self._shortest = min(self._shortest, occupancy_of(own.quota))
            self._longest = max(self._longest, max_lifetime_ms)
        if self._away_since is not None:
            if asked_at < self._next_look:
                return self._alone(permit, asked_at)
            self._next_look = asked_at + RETRY  # this call looks, the others go on
        answer: Granted | Later | Spent | None = None
        try:
            with anyio.CancelScope(shield=True):  # a token taken in the store must not be forgotten here
                answer = await self._ask(permit, max_lifetime_ms, asked_at, more, is_urgent)
        except StoreUnavailable as error:
            self._lost(error)
            return self._alone(permit, self.settings.clock.monotonic(), error)
        assert answer is not None  # what is shielded comes to its end
        self._found()
        now = self.settings.clock.monotonic()
        if isinstance(answer, Spent):
            return answer
        if isinstance(answer, Later):
            return NotUntil(now + answer.wait, answer.key)
        if now - asked_at > VALIDITY:
            self.release(permit)
            return NotUntil(now, permit.claims.endpoint_gate)
        at_address = zip(permit.claims.all, answer.live, strict=True)
        self._live.update((claim.key, live) for claim, live in at_address if claim is not own)
        return None

    def next_at(self, permit: Permit) -> Mapping[Key, float]:
        """When the store has the next token of the buckets that have none left for now."""
        return self._tickets[permit.number].next_at

    def allow_now(self, keys: Sequence[Key] | None = None) -> None:
        """These, or all, may have come free: calls that the store has refused may ask again."""
        self.ledger.store_refusals.allow_now(keys)
        self.ledger.urgent_refusals.allow_now(keys)

    def is_for_us(self, freed: Sequence[Freed]) -> list[Key]:
        """The keys for which it is this process' turn."""
        return [each.key for each in freed if each.process in ("", self._process)]

    def settle(self, permit: Permit, at: float, extra: float, opens: bool, code: int | None, left: int | None) -> None:
        """Tell the store how the call ended; `left` is what the exchange says is left of the account's quota."""
        ticket = self._tickets.pop(permit.number, None)
        if ticket is None:
            return
        claims, window, share = permit.claims, self.ledger.budget.window, self.settings.share
        remaining = left if ticket.live and claims.account_claim is not None else None
        done = Settlement(ticket.name, claims, at, extra, opens, code, window, remaining, ticket.bound, share)
        self.store.settle(done, lambda calls: self.reporter.foreign(claims.endpoint_gate, calls))

    def release(self, permit: Permit) -> None:
        """Tell the store that the call was never sent."""
        ticket = self._tickets.pop(permit.number, None)
        if ticket is not None:
            self.store.release(ticket.name, permit.claims)

    async def _ask(
        self, permit: Permit, max_lifetime_ms: float, now: float, more: frozenset[Key], is_urgent: bool
    ) -> Granted | Later | Spent:
        silent = now - self._heard_at if self._away_since is not None else 0.0
        # Away for so long that a process may have gone on alone: nothing it remembers is right for one occupancy.
        if self.settings.on_store_failure == "local" and silent >= self._shortest + LEAST_PAUSE:
            await self.store.invalidate_history(NOTICE)
        name, budget = self._new_name(), self.ledger.budget
        lives = max(STALL, VALIDITY + max_lifetime_ms)
        ask = Ask(name, permit.claims, lives, self.settings.share, budget.limit, budget.window, more, is_urgent)
        try:
            answer = await self.store.reserve(ask)
        except StoreUnavailable as error:
            if not error.is_lasting:
                self.store.release(name, permit.claims)  # it may have been granted before the answer was lost
            raise
        if isinstance(answer, Granted):
            heard_at, waits = self.settings.clock.monotonic(), zip(permit.claims.all, answer.waits, strict=True)
            next_at = {claim.key: heard_at + wait for claim, wait in waits if wait}
            self._tickets[permit.number] = Ticket(name, answer.bound, answer.live, next_at)
        return answer

    def _new_name(self) -> str:
        return f"{self._process}:{next(self._numbers)}"

    def _alone(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """Whether this process' own share allows the call while the store is away."""
        if self.settings.on_store_failure == "refuse" or self._is_lasting:
            raise error or StoreUnavailable("the quota store is away")
        refusal: NotUntil | None = None
        for bucket, claim in zip(permit.buckets, permit.claims.all, strict=True):
            ready = self._ready_alone(bucket, claim, claim is permit.claims.account_claim, now)
            if ready > now and (refusal is None or ready > refusal.ready_at):
                refusal = NotUntil(ready, claim.key)
        if refusal is not None:
            return NotUntil(min(refusal.ready_at, max(self._next_look, now + 1.0)), refusal.key)
        self._tickets[permit.number] = Ticket(self._new_name(), permit.baseline)
        return None

    def _ready_alone(self, bucket: Bucket, claim: Claim, is_own: bool, now: float) -> float:
        """When the process' part of a bucket allows the call; `is_own`: the bucket is the account's."""
        assert self._away_since is not None
        free, alone_from = 1.0, self._away_since + bucket.occupancy
        if is_own:  # until other processes' calls have reached the exchange: as long as they may live
            alone_from += max(LEAST_PAUSE, self._longest + COLD_MARGIN)
            if now < alone_from:
                return alone_from
        elif now < alone_from:
            free = min(0.5, 1.0 - self._live.get(claim.key, 0) / bucket.limit)
        allowed = share_of(bucket.limit, self.settings.fallback_share * free)
        return bucket.ready_within(allowed, now) if allowed else self._next_look

    def _lost(self, error: StoreUnavailable) -> None:
        now, self._is_lasting = self.settings.clock.monotonic(), error.is_lasting
        self._next_look = now + RETRY
        if self._away_since is None:
            self._away_since = now
            warn("the quota store is away (%s); on_store_failure=%s", error, self.settings.on_store_failure)
            self.reporter.emit(events.StoreLost(self.reporter.now(), str(error), self.settings.on_store_failure))

    def _found(self) -> None:
        self._heard_at = self.settings.clock.monotonic()
        if self._away_since is not None:
            away = (self._heard_at - self._away_since) / 1000.0
            self._away_since, self._is_lasting = None, False
            self.allow_now()
            warn("the quota store is back after %.1f s", away)
            self.reporter.emit(events.StoreFound(self.reporter.now(), away))
