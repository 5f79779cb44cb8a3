"""The governor: grants, queues and settles; the awaiting shell around the ledger's and the queue's decisions."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import Any, Literal, Self

from attrs import evolve

from bingx_async.core import events
from bingx_async.core.bucket import share_of
from bingx_async.core.budget import ErrorKey
from bingx_async.core.catalogue import Profile
from bingx_async.core.counting import RateHeaders, read_headers
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.ledger import Claims, Ledger, NotUntil, Penalty, Permit, Settings, claims_of
from bingx_async.core.min_rtt import MinRtt
from bingx_async.core.verdict import Accepted, Meaning, Refused, Scope, Throttled, Verdict
from bingx_async.errors import ErrorBudgetSpent, InvalidRequest, QuotaWait
from bingx_async.models import Priority
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.queue import Place, Waiter, WaitQueue
from bingx_async.runtime.governor.reporter import Reporter, outcome_of
from bingx_async.runtime.governor.settings import check_hook, check_numbers, check_store
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.governor.snapshot import Snapshot, take_snapshot
from bingx_async.runtime.governor.store import QuotaStore, Spent
from bingx_async.runtime.governor.waiting import WaitingRoom

SAFETY = 50.0  # ms added to a moment the exchange names (GOVERNOR.md)
SPREAD = 50.0  # ms of random spread on top, so that many clients do not come back in step
MAX_LIFETIME = 30_000.0  # ms; the longest life of a request whose caller does not say
BUSY_WINDOW = 500.0  # ms; "the current system is busy" is no quota: come back soon


class Governor:
    """Keeps every call within the exchange's quotas, and none waiting longer than it must.

    `profile` names the quotas (`PROFILES`), `quotas` replaces some of them (a path, or an `IpGroup`); `share` is the
    part of every quota that is this process' own; `cold_start="spent"` waits one window before the first calls, as if
    a predecessor had just spent everything; `credit` gives tokens back earlier by this part of the shortest round
    trip (0.5 at most is sensible; a gamble, see docs/governor); `on_event` is called with every value of
    `bingx_async.core.events`. `anchor="headers"`: once the exchange's headers have shown that it counts in fixed
    windows, tokens return when it says that the window ends. With a `store` several processes share their quotas;
    `on_store_failure` says what happens while it is away: `local` goes on with `fallback_share` of every quota,
    `refuse` raises `StoreUnavailable`. One governor may serve many clients, in one event loop at a time.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        share: float = 1.0,
        credit: float = 0.0,
        cold_start: Literal["free", "spent"] = "free",
        on_event: Callable[[events.Event], None] | None = None,
        anchor: Literal["reply", "headers"] = "reply",
        store: QuotaStore | None = None,
        on_store_failure: Literal["local", "refuse"] = "local",
        fallback_share: float = 0.5,
        clock: ServerClock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        check_numbers(share=share, credit=credit, fallback_share=fallback_share)
        check_store(store)
        check_hook(on_event)
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {share!r}")
        if not 0 <= credit <= 1:
            raise ValueError(f"credit must be from 0 to 1, not {credit!r}")
        if cold_start not in ("free", "spent"):
            raise ValueError(f"cold_start must be 'free' or 'spent', not {cold_start!r}")
        if anchor not in ("reply", "headers") or (anchor == "headers" and store is not None):
            raise ValueError(f"anchor={anchor!r} must be 'reply' or, without a store, 'headers'")
        if on_store_failure not in ("local", "refuse"):
            raise ValueError(f"on_store_failure must be 'local' or 'refuse', not {on_store_failure!r}")
        if not 0 < fallback_share <= 1:
            raise ValueError(f"fallback_share must be above 0 and at most 1, not {fallback_share!r}")
        self.profile = profile
        self.clock = clock or ServerClock()
        self.reporter = Reporter(self.clock, on_event)
        self._draw = draw
        self.credit = credit
        self._floor = MinRtt()
        began = self.clock.monotonic() if cold_start == "spent" else None
        self._ledger = Ledger(Settings(share, began, anchor == "headers"))
        self._queue = WaitQueue(self._ledger)
        self._room = WaitingRoom(self._queue, self.clock)
        self._shared = (
            SharedQuota(store, self._ledger, self.clock, self.reporter, on_store_failure, fallback_share)
            if store is not None
            else None
        )

    def claims(self, endpoint: Endpoint[Any], account: str, egress: str = "default") -> Claims:
        """What a call of `endpoint` draws on. Raises `InvalidRequest` if `share` leaves no whole call of a quota."""
        claims = claims_of(endpoint, self.profile, account, egress)
        share = self._ledger.settings.share
        for claim in claims.items:
            if not share_of(claim.quota.limit, share):
                raise InvalidRequest(
                    f"share={share:g} of {claim.quota} leaves no whole call for {claim.key}: two processes can share "
                    "so small a quota only through a store, such as bingx_async.redis.RedisStore"
                )
        return claims

    async def acquire(
        self,
        claims: Claims,
        deadline: float = inf,
        priority: Priority = Priority.READ,
        place: Place | None = None,
        owner: object = None,
        max_lifetime_ms: float = MAX_LIFETIME,
    ) -> Permit:
        """A permit for one call: at once if there is room, else in order of (priority, arrival).

        `deadline` is monotonic milliseconds; `order` the place of an earlier permit, to go back to it; `life` the
        milliseconds its request can live at most (a shared store keeps the tokens of a dead process that long).
        Raises `QuotaWait` at once if the wait cannot fit, and at the deadline if it did not.
        """
        if not self._room.is_empty:
            self._room.check_loop()
        now = self.clock.monotonic()
        place = place or self._queue.new_place(priority)
        self._check_budget(claims, now)
        if self._shared is None:
            permit = await self._line_up(claims, deadline, place, owner)
        else:
            permit = await self._line_up_for(self._shared, claims, deadline, place, owner, max_lifetime_ms)
        self._recheck_budget(permit)
        self.reporter.granted(permit, now)
        return permit

    async def _line_up(self, claims: Claims, deadline: float, place: Place, owner: object) -> Permit:
        answer: Permit | NotUntil | Waiter = self._queue.enter(claims, place, deadline, self.clock.monotonic(), owner)
        if isinstance(answer, Waiter):
            line = self._queue.lines.get((claims.gates[0], claims.egress))
            if line is not None:
                self.reporter.queued(answer, line.parked_on, answer.ahead)
            answer = await self._room.wait(answer)
        if isinstance(answer, NotUntil):
            raise self._quota_wait(answer)
        answer.place = place
        return answer

    async def _line_up_for(
        self, shared: SharedQuota, claims: Claims, deadline: float, place: Place, owner: object, max_lifetime_ms: float
    ) -> Permit:
        """A permit that the shared store has granted as well."""
        try:
            while True:
                permit = await self._line_up(claims, deadline, place, owner)
                if await self._confirm(shared, permit, deadline, max_lifetime_ms):
                    return permit
        finally:
            if self._room.is_empty:
                shared.store.unwatch(self._woken)

    async def _confirm(self, shared: SharedQuota, permit: Permit, deadline: float, max_lifetime_ms: float) -> bool:
        """Whether the shared store grants the call as well; if not, it goes back to its place."""
        try:
            answer = await shared.confirm(permit, max_lifetime_ms)
        except BaseException:
            self._undo(permit)
            raise
        if answer is None:
            if self._ledger.confirm(permit.claims, shared.full(permit)):
                self._changed(permit)
            return True
        if isinstance(answer, Spent):
            self._undo(permit)
            raise self._budget_spent(permit.claims, answer.code, self.clock.monotonic() + answer.wait)
        self._ledger.hold_back(answer.key, answer.ready_at)
        self._undo(permit)
        if answer.ready_at > deadline:
            raise self._quota_wait(answer)
        shared.store.watch(self._woken)
        return False

    def _undo(self, permit: Permit) -> None:
        """The call does not leave after all, for now."""
        self._ledger.release(permit)
        self._changed(permit)

    def _woken(self) -> None:
        """The store says that something has come free: whoever is held back may ask again."""
        self._ledger.let_go()
        self._queue.poke(self.clock.monotonic())
        self._room.rearm()

    def settle(
        self,
        permit: Permit,
        verdict: Verdict,
        replied_at: float,
        headers: Mapping[str, str],
        min_rtt: float | None = None,
    ) -> Penalty | None:
        """The reply has come: give the tokens back one window later, and close what the exchange has closed.

        `tcp_floor` is the shortest round trip the connection's TCP has seen (ms); without it no credit is given.
        """
        penalty = self._penalise(permit, verdict) if isinstance(verdict, Throttled) else None
        code = verdict.code if isinstance(verdict, Refused) else None
        if code is not None:
            self._count_error(permit, code, replied_at)
        if self.credit and min_rtt is not None:
            self._floor.add(min(min_rtt, replied_at - permit.granted_at), replied_at)
        opens = isinstance(verdict, (Accepted, Refused))
        extra = -self._floor.credit(self.credit, replied_at)
        reopened = self._ledger.settle(permit, replied_at, extra, opens=opens)
        rate = read_headers(headers)
        if self._shared is not None:
            self._shared.settle(permit, replied_at, extra, opens, code, rate.remaining if rate else None)
        elif rate is not None:
            self._observe(permit, rate, replied_at)
        self._changed(permit)
        self.reporter.settled(permit, outcome_of(verdict), replied_at, reopened)
        return penalty

    def give_up(self, permit: Permit, linger: float) -> None:
        """No reply will come: what was sent may still be counted for `linger` milliseconds."""
        now = self.clock.monotonic()
        self._ledger.settle(permit, now, linger)
        if self._shared is not None:
            self._shared.settle(permit, now, linger, opens=False, code=None, left=None)
        self._changed(permit)
        self.reporter.settled(permit, "failed", now)

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        if self._shared is not None:
            self._shared.release(permit)
        self._undo(permit)
        self.reporter.settled(permit, "unsent", self.clock.monotonic())

    async def borrow_clock(self) -> bool:
        """Whether another process has found out the exchange's clock lately; taken over then."""
        return self._shared is not None and await self._shared.borrow_clock()

    def lend_clock(self) -> None:
        """Tell other processes what has been found out about the exchange's clock."""
        if self._shared is not None:
            self._shared.lend_clock()

    async def flush(self) -> None:
        """Tell the shared store what it does not know yet."""
        if self._shared is not None:
            await self._shared.store.flush()

    async def aclose(self) -> None:
        """Flush, and close the connections of the shared store. Needed only with a store."""
        if self._shared is not None:
            await self._shared.store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def evict(self, owners: Collection[object], error: BaseException) -> None:
        """Let every waiting call of `owners` fail with `error`."""
        self._queue.evict(owners, error, self.clock.monotonic())

    def eta(
        self,
        endpoint: Endpoint[Any] | str,
        *,
        account: str | int,
        egress: str = "default",
        priority: Priority | None = None,
    ) -> float:
        """Seconds until a call that arrives now could leave (a lower bound while others wait); takes nothing.

        `endpoint` may be a path. Raises `InvalidRequest` for a path that no endpoint has.
        """
        if isinstance(endpoint, str):
            endpoint = self.profile.catalogue.find(endpoint)
        now = self.clock.monotonic()
        place = (int(endpoint.priority if priority is None else priority), sys.maxsize)
        earliest = self._queue.earliest(self.claims(endpoint, str(account), egress), place, now)
        return max(0.0, earliest.ready_at - now) / 1000.0

    def may_fail(self, claims: Claims) -> bool:
        """Whether one more business error on the endpoint of `claims` would leave it open."""
        now = self.clock.monotonic()
        return self._ledger.budget.spent(claims.account, claims.path, 0, now) is None

    def snapshot(self) -> Snapshot:
        """Every bucket in use, every closed scope and every error budget drawn on, frozen."""
        return take_snapshot(
            self._ledger, self._queue.waiting_on(), self.clock, self._floor.credit(self.credit, self.clock.monotonic())
        )

    def __repr__(self) -> str:
        snapshot = self.snapshot()
        closed = sum(bucket.closed_until is not None for bucket in snapshot)
        return (
            f"<Governor {self.profile.name}: {len(snapshot.buckets)} buckets, "
            f"{snapshot.waiting} waiting, {closed} closed>"
        )

    def _quota_wait(self, refusal: NotUntil) -> QuotaWait:
        now = self.clock.monotonic()
        ready = max(refusal.ready_at, now)
        return QuotaWait(self.clock.moment(ready), (ready - now) / 1000.0, str(refusal.key))

    def _penalise(self, permit: Permit, verdict: Throttled) -> Penalty:
        """Close the scope the exchange has closed, until the moment it named or for a backoff of our own."""
        now = self.clock.monotonic()
        self._ledger.invalidate_counting(permit)
        key = permit.claims.gates[0 if verdict.scope is Scope.ENDPOINT else 1]
        spread = SAFETY + SPREAD * self._draw()
        # A moment that is over says nothing: without a backoff a probe would leave at once, again and again.
        if verdict.until is not None and self.clock.from_server(verdict.until) > now:
            until = self.clock.from_server(verdict.until) + spread
            penalty = self._ledger.penalise(key, until, now, verdict.meaning.value)
        elif verdict.after is not None:
            penalty = self._ledger.penalise(key, now + verdict.after + spread, now, verdict.meaning.value)
        else:
            window = BUSY_WINDOW if verdict.meaning is Meaning.BUSY else permit.buckets[0].quota.window * 1000.0
            penalty = self._ledger.back_off(permit, key, window, self._draw(), now, verdict.meaning.value)
            penalty = evolve(penalty, was_clamped=verdict.until is not None)
        if verdict.budget is not None:
            self._ledger.budget.learn(verdict.budget.limit, verdict.budget.window)
        self.reporter.penalised(penalty, verdict)
        if self._shared is not None:
            self._shared.store.penalise(key, penalty.until, penalty.reason)
        self._queue.closed(key, penalty.until, now)
        return penalty

    def extend(self, penalty: Penalty, server_ms: float) -> Penalty:
        """Read the same moment again by a better clock; it can only get later."""
        now = self.clock.monotonic()
        until = self.clock.from_server(server_ms) + SAFETY
        if until <= penalty.until:
            return penalty
        later = self._ledger.penalise(penalty.key, until, now, penalty.reason)
        if self._shared is not None:
            self._shared.store.penalise(later.key, later.until, later.reason)
        self._queue.closed(later.key, later.until, now)
        return later

    def _observe(self, permit: Permit, rate: RateHeaders, now: float) -> None:
        key = permit.claims.items[0].key
        foreign = self._ledger.observe(permit, rate.remaining, now)
        if foreign:
            self.reporter.foreign(key, foreign)
        end = self.clock.from_server(rate.at) if rate.at is not None else None
        if rate.after is not None:
            end = now + rate.after  # said before the reply came, so this is a little late
        learnt = self._ledger.learn(permit, now, rate.remaining, end, self.clock.offset)
        if learnt is not None:
            self.reporter.counting(key, str(learnt))

    def _changed(self, permit: Permit) -> None:
        self._queue.changed(permit.claims, self.clock.monotonic())
        self._room.rearm()

    def _check_budget(self, claims: Claims, now: float, in_flight: int = 0) -> None:
        """Hold a call back whose failing would close its endpoint."""
        if not claims.is_creating:
            return
        spent = self._ledger.budget.spent(claims.account, claims.path, in_flight, now)
        if spent is not None:
            raise self._budget_spent(claims, spent.key.code, spent.frees_at)

    def _budget_spent(self, claims: Claims, code: int, frees_at: float) -> ErrorBudgetSpent:
        budget, left = self._ledger.budget, max(0.0, frees_at - self.clock.monotonic()) / 1000.0
        return ErrorBudgetSpent(
            self.clock.moment(frees_at), left, claims.path, code, budget.limit, budget.window / 1000.0
        )

    def _recheck_budget(self, permit: Permit) -> None:
        """Errors may have come in while the call waited, and those in flight may still fail."""
        try:
            self._check_budget(permit.claims, self.clock.monotonic(), permit.buckets[0].in_flight - 1)
        except ErrorBudgetSpent:
            self.release(permit)
            raise

    def _count_error(self, permit: Permit, code: int, at: float) -> None:
        low = self._ledger.budget.record(ErrorKey(permit.claims.account, permit.claims.path, code), at)
        if low is not None:
            self.reporter.budget_low(low)
