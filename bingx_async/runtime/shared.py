"""A governor's share in a common store, and what it does while the store is away.

The governor's own ledger grants first: it keeps the local order and knows this process' calls. Then the store is
asked. If it refuses, the bucket is held back locally until the moment it named, and the call goes back to its place.

While the store is away, `local` goes on with `share` of every quota on the own ledger. Others may have live calls
that nobody tells us about, so account quotas pause for one hold first, and address quotas run at half that share.
Coming back after granting alone, the store is told to trust nothing it remembers for one hold.
"""

from __future__ import annotations

import logging
from itertools import count
from math import inf
from secrets import token_hex
from typing import Literal

import anyio
from attrs import define, field

from bingx_async.core import events
from bingx_async.core.bucket import share_of
from bingx_async.core.ledger import COLD_MARGIN, Ledger, NotUntil, Permit
from bingx_async.errors import StoreUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.reporter import Reporter
from bingx_async.runtime.store import Ask, Granted, Later, QuotaStore, Settlement, Spent

log = logging.getLogger("bingx_async")
VALIDITY = 2_000.0  # ms; a grant that took longer to get here (or a process that was stopped meanwhile) is void
RETRY = 500.0  # ms between looks at a store that is away
PROBE_LOOK = 100.0  # ms between looks at somebody else's probe


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
    _has_granted: bool = field(init=False, default=False)
    _process: str = field(init=False, factory=lambda: token_hex(6))
    _numbers: count[int] = field(init=False, factory=lambda: count(1))

    async def confirm(self, permit: Permit, life: float) -> NotUntil | Spent | None:
        """None: the call may leave. Raises `StoreUnavailable` under `refuse`, or if the store cannot ever work.

        Shielded from cancellation, so that a token taken in the store is never forgotten here.
        """
        asked_at = self.clock.monotonic()
        if self.away_since is not None and asked_at < self._next_look:
            return self._alone(permit, asked_at)
        try:
            with anyio.CancelScope(shield=True):
                answer = await self._ask(permit, life, asked_at)
        except StoreUnavailable as error:
            self._lost(error)
            return self._alone(permit, self.clock.monotonic(), error)
        self._found()
        now = self.clock.monotonic()
        if isinstance(answer, Granted):
            if now - asked_at <= VALIDITY:
                permit.bound = answer.bound
                return None
            self.release(permit)
            return NotUntil(now, permit.claims.items[0].key)
        if isinstance(answer, Spent):
            return answer
        return NotUntil(now + (PROBE_LOOK if answer.wait is None else answer.wait), answer.key)

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
            left,
            permit.bound,
        )
        permit.ticket = None
        self.store.settle(done, lambda calls: self.reporter.foreign(first, calls))

    def release(self, permit: Permit) -> None:
        """Tell the store that the call was never sent."""
        if permit.ticket is not None:
            ticket, permit.ticket = permit.ticket, None
            self.store.release(ticket, permit.claims)

    async def _ask(self, permit: Permit, life: float, now: float) -> Granted | Later | Spent:
        if self.away_since is not None and self._has_granted:
            await self.store.rejoin(now - self.away_since, RETRY + VALIDITY)
            self._has_granted = False
        permit.ticket = f"{self._process}:{next(self._numbers)}"
        budget, share = self.ledger.budget, self.ledger.settings.share
        ask = Ask(permit.ticket, permit.claims, VALIDITY + life, share, budget.limit, budget.window)
        try:
            answer = await self.store.reserve(ask)
        except StoreUnavailable as error:
            if error.is_lasting:
                permit.ticket = None
            self.release(permit)  # it may have been granted before the answer was lost
            raise
        if not isinstance(answer, Granted):
            permit.ticket = None
        return answer

    def _alone(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """Without the store: may this process' own share pay for the call?"""
        if self.on_failure == "refuse" or (error is not None and error.is_lasting):
            raise error or StoreUnavailable("the quota store is away")
        assert self.away_since is not None
        refusal: NotUntil | None = None
        for bucket, claim in zip(permit.buckets, permit.claims.items, strict=True):
            over_at = self.away_since + bucket.hold + COLD_MARGIN
            share = self.fallback_share * (0.5 if claim.is_paced and now < over_at else 1.0)
            allowed = share_of(bucket.limit, share)
            ready = bucket.ready_within(allowed, now) if allowed else self._next_look
            if not claim.is_paced:
                ready = max(ready, over_at)
            if ready > now and (refusal is None or ready > refusal.ready_at):
                refusal = NotUntil(ready, claim.key)
        self._has_granted = self._has_granted or refusal is None
        return refusal

    def _lost(self, error: StoreUnavailable) -> None:
        now = self.clock.monotonic()
        self._next_look = now + RETRY
        if self.away_since is None:
            self.away_since = now
            log.warning("the quota store is away (%s); on_store_failure=%s", error, self.on_failure)
            self.reporter.emit(events.StoreLost(self.reporter.now(), str(error), self.on_failure))

    def _found(self) -> None:
        if self.away_since is not None:
            away = (self.clock.monotonic() - self.away_since) / 1000.0
            self.away_since = None
            log.warning("the quota store is back after %.1f s", away)
            self.reporter.emit(events.StoreFound(self.reporter.now(), away))
