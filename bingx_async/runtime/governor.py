"""The governor: grants, queues and settles; the awaiting shell around the queue's decisions.

All waits share one timer, and no task runs in the background: of the callers who wait, one leads. It sleeps until
the queue's next moment while the others sleep until woken; when it leaves, it hands the lead to somebody who will
wait long. Works under asyncio and trio, and in a second event loop once the first has ended.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, ClassVar, Literal

import anyio
import anyio.lowlevel
from attrs import field, frozen

from bingx_async.core import events
from bingx_async.core.budget import ErrorKey
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.floor import Floor
from bingx_async.core.ledger import Claims, Ledger, NotUntil, Penalty, Permit, Settings, claims_of
from bingx_async.core.quota import PROFILES, IpGroup, Profile, Quota
from bingx_async.core.verdict import Accepted, Meaning, Refused, Scope, Throttled, Verdict
from bingx_async.errors import ErrorBudgetSpent, InvalidRequest, QuotaWait
from bingx_async.models import Priority
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.queue import Order, Waiter, WaitQueue
from bingx_async.runtime.reporter import Reporter, outcome_of
from bingx_async.runtime.snapshot import Snapshot, take_snapshot

SAFETY = 50.0  # ms added to a moment the exchange names (GOVERNOR.md)
SPREAD = 50.0  # ms of random spread on top, so that many clients do not come back in step
BUSY_WINDOW = 500.0  # ms; "the current system is busy" is no quota: come back soon


@frozen
class _Loop:
    """Which event loop the waiters sleep in."""

    token: anyio.lowlevel.EventLoopToken = field()

    def has_ended(self) -> bool:
        loop = self.token.native_token
        schedule = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon  # type: ignore[attr-defined]
        try:
            schedule(lambda: None)
        except RuntimeError:
            return True
        return False


class Governor:
    """Keeps every call within the exchange's quotas, and none waiting longer than it must.

    `profile` names the quotas (`PROFILES`), `quotas` replaces some of them (a path, or an `IpGroup`); `share` is the
    part of every quota that is this process' own; `cold_start="spent"` waits one window before the first calls, as
    if a predecessor had just spent everything; `credit` gives tokens back earlier by this part of the shortest round
    trip (0.5 at most is sensible; a gamble, see docs/governor); `on_event` is called with every value of
    `bingx_async.core.events`.
    One governor may serve many clients, in one event loop at a time.
    """

    catalogue: ClassVar[dict[str, Endpoint[Any]]] = {}

    def __init__(
        self,
        profile: str = "documented",
        *,
        quotas: Mapping[str | IpGroup, Quota] | None = None,
        share: float = 1.0,
        credit: float = 0.0,
        cold_start: Literal["free", "spent"] = "free",
        on_event: Callable[[events.Event], None] | None = None,
        clock: ServerClock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {share!r}")
        if not 0 <= credit <= 1:
            raise ValueError(f"credit must be from 0 to 1, not {credit!r}")
        if cold_start not in ("free", "spent"):
            raise ValueError(f"cold_start must be 'free' or 'spent', not {cold_start!r}")
        self.profile: Profile = PROFILES[profile].override(quotas or {})
        self.clock = clock or ServerClock()
        self.reporter = Reporter(self.clock, on_event)
        self._draw = draw
        self._credit = credit
        self._floor = Floor()
        began = self.clock.monotonic() if cold_start == "spent" else None
        self._ledger = Ledger(Settings(share, began))
        self._queue = WaitQueue(self._ledger)
        self._leader: Waiter | None = None
        self._led_until = inf
        self._loop: _Loop | None = None

    def claims(self, endpoint: Endpoint[Any], account: str, egress: str = "default") -> Claims:
        """What a call of `endpoint` draws on."""
        return claims_of(endpoint, self.profile, account, egress)

    async def acquire(
        self,
        claims: Claims,
        deadline: float = inf,
        priority: Priority = Priority.READ,
        order: Order | None = None,
        owner: object = None,
    ) -> Permit:
        """A permit for one call: at once if there is room, else in order of (priority, arrival).

        `deadline` is monotonic milliseconds; `order` the place of an earlier permit, to go back to it. Raises
        `QuotaWait` at once if the wait cannot fit, and at the deadline if it did not.
        """
        if self._queue.lanes or self._leader is not None:
            self._check_loop()
        now = self.clock.monotonic()
        order = order or self._queue.new_order(priority)
        self._check_budget(claims, now)
        answer = self._queue.enter(claims, order, deadline, now, owner)
        if isinstance(answer, NotUntil):
            raise self._quota_wait(answer)
        permit = answer if isinstance(answer, Permit) else await self._wait(answer)
        permit.order = order
        self._recheck_budget(permit)
        self.reporter.granted(permit, now)
        return permit

    def settle(
        self,
        permit: Permit,
        verdict: Verdict,
        replied_at: float,
        headers: Mapping[str, str],
        tcp_floor: float | None = None,
    ) -> Penalty | None:
        """The reply has come: give the tokens back one window later, and close what the exchange has closed.

        `tcp_floor` is the shortest round trip the connection's TCP has seen (ms); without it no credit is given.
        """
        penalty = self._penalise(permit, verdict) if isinstance(verdict, Throttled) else None
        if isinstance(verdict, Refused):
            self._count_error(permit, verdict, replied_at)
        if self._credit and tcp_floor is not None:
            self._floor.add(min(tcp_floor, replied_at - permit.granted_at), replied_at)
        opens = isinstance(verdict, (Accepted, Refused))
        reopened = self._ledger.settle(permit, replied_at, -self._floor.credit(self._credit), opens=opens)
        self._observe(permit, headers, replied_at)
        self._changed(permit)
        self.reporter.settled(permit, outcome_of(verdict), replied_at, reopened)
        return penalty

    def give_up(self, permit: Permit, linger: float) -> None:
        """No reply will come: what was sent may still be counted for `linger` milliseconds."""
        now = self.clock.monotonic()
        self._ledger.settle(permit, now, linger)
        self._changed(permit)
        self.reporter.settled(permit, "failed", now)

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        self._ledger.release(permit)
        self._changed(permit)
        self.reporter.settled(permit, "unsent", self.clock.monotonic())

    def evict(self, owner: object, error: BaseException) -> None:
        """Let every waiting call of `owner` fail with `error`."""
        self._queue.evict(owner, error, self.clock.monotonic())

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
            if endpoint not in self.catalogue:
                raise InvalidRequest(f"no endpoint {endpoint!r}; there are {', '.join(sorted(self.catalogue))}")
            endpoint = self.catalogue[endpoint]
        now = self.clock.monotonic()
        order = (int(endpoint.priority if priority is None else priority), sys.maxsize)
        earliest = self._queue.earliest(self.claims(endpoint, str(account), egress), order, now)
        return max(0.0, earliest.ready_at - now) / 1000.0

    def may_fail(self, claims: Claims) -> bool:
        """Whether one more business error on the endpoint of `claims` would leave it open."""
        now = self.clock.monotonic()
        return self._ledger.budget.spent(claims.account, claims.path, 0, now) is None

    def snapshot(self) -> Snapshot:
        """Every bucket in use, every closed scope and every error budget drawn on, frozen."""
        return take_snapshot(self._ledger, self._queue.waiting_on(), self.clock, self._floor.credit(self._credit))

    def __repr__(self) -> str:
        snapshot = self.snapshot()
        closed = sum(bucket.closed_until is not None for bucket in snapshot)
        return (
            f"<Governor {self.profile.name}: {len(snapshot.buckets)} buckets, "
            f"{snapshot.waiting} waiting, {closed} closed>"
        )

    async def _wait(self, waiter: Waiter) -> Permit:
        self._loop = _Loop(anyio.lowlevel.current_token())
        lane = self._queue.lanes.get((waiter.claims.gates[0], waiter.claims.egress))
        if lane is not None:
            self.reporter.queued(waiter, lane.parked_on, lane.ahead_of(waiter.order))
        try:
            while waiter.permit is None and waiter.refusal is None:
                await self._sleep(waiter)
        except BaseException:
            self._queue.leave(waiter, self.clock.monotonic())
            raise
        finally:
            self._hand_over(waiter)
        if waiter.permit is not None:
            return waiter.permit
        if isinstance(waiter.refusal, NotUntil):
            raise self._quota_wait(waiter.refusal)
        assert waiter.refusal is not None
        raise waiter.refusal

    async def _sleep(self, waiter: Waiter) -> None:
        """Until woken; whoever leads also until the queue's next moment."""
        woken = anyio.Event()
        waiter.wake = woken.set
        if self._leader is None:
            self._leader = waiter
        if self._leader is not waiter:
            self._rearm()
            await woken.wait()
            return
        self._led_until = self._queue.next_at()
        delay = max(0.0, self._led_until - self.clock.monotonic()) / 1000.0
        with anyio.move_on_after(delay):
            await woken.wait()
        self._queue.tick(self.clock.monotonic())
        if waiter.permit is not None and waiter.order != self._queue.first_granted:
            await anyio.lowlevel.checkpoint()  # those who were granted before the leader go first

    def _rearm(self) -> None:
        """Wake the leader if its timer is set too late."""
        if self._leader is not None and self._queue.next_at() < self._led_until:
            self._led_until = -inf
            self._leader.wake()

    def _hand_over(self, waiter: Waiter) -> None:
        if self._leader is waiter:
            self._leader = self._queue.last()
            if self._leader is not None:
                self._led_until = -inf
                self._leader.wake()

    def _check_loop(self) -> None:
        """Forget the waiters of an event loop that has ended; refuse to serve two at a time."""
        if self._loop is None or self._loop.token == anyio.lowlevel.current_token():
            return
        if not self._loop.has_ended():
            raise RuntimeError("a Governor serves one event loop at a time; give each loop its own, with share")
        self._leader = None
        self._queue.forget()

    def _quota_wait(self, refusal: NotUntil) -> QuotaWait:
        now = self.clock.monotonic()
        ready = max(refusal.ready_at, now)
        return QuotaWait(self.clock.moment(ready), (ready - now) / 1000.0, str(refusal.key))

    def _penalise(self, permit: Permit, verdict: Throttled) -> Penalty:
        """Close the scope the exchange has closed, until the moment it named or for a backoff of our own."""
        now = self.clock.monotonic()
        key = permit.claims.gates[0 if verdict.scope is Scope.ENDPOINT else 1]
        spread = SAFETY + SPREAD * self._draw()
        if verdict.until is not None:
            until = self.clock.from_server(verdict.until) + spread
            penalty = self._ledger.penalise(key, until, now, verdict.meaning.value)
        elif verdict.after is not None:
            penalty = self._ledger.penalise(key, now + verdict.after + spread, now, verdict.meaning.value)
        else:
            window = BUSY_WINDOW if verdict.meaning is Meaning.BUSY else permit.buckets[0].quota.window * 1000.0
            penalty = self._ledger.back_off(permit, key, window, self._draw(), now, verdict.meaning.value)
        if verdict.budget is not None:
            self._ledger.budget.learn(verdict.budget.limit, verdict.budget.window)
        self.reporter.penalised(penalty, verdict)
        self._queue.closed(key, penalty.until, now)
        return penalty

    def extend(self, penalty: Penalty, server_ms: float) -> Penalty:
        """Read the same moment again by a better clock; it can only get later."""
        now = self.clock.monotonic()
        until = self.clock.from_server(server_ms) + SAFETY
        if until <= penalty.until:
            return penalty
        later = self._ledger.penalise(penalty.key, until, now, penalty.reason)
        self._queue.closed(later.key, later.until, now)
        return later

    def _observe(self, permit: Permit, headers: Mapping[str, str], now: float) -> None:
        remaining = headers.get("x-ratelimit-requests-remain", "")
        if not (remaining.isascii() and remaining.isdigit() and len(remaining) < 10):
            return
        foreign = self._ledger.observe(permit, int(remaining), now)
        if foreign:
            self.reporter.foreign(permit.claims.items[0].key, foreign)

    def _changed(self, permit: Permit) -> None:
        self._queue.changed(permit.claims, self.clock.monotonic())
        self._rearm()

    def _check_budget(self, claims: Claims, now: float, in_flight: int = 0) -> None:
        """Hold a call back whose failing would close its endpoint."""
        if not claims.is_creating:
            return
        spent = self._ledger.budget.spent(claims.account, claims.path, in_flight, now)
        if spent is not None:
            moment, left = self.clock.moment(spent.frees_at), max(0.0, spent.frees_at - now) / 1000.0
            raise ErrorBudgetSpent(moment, left, claims.path, spent.key.code, spent.limit, spent.window / 1000.0)

    def _recheck_budget(self, permit: Permit) -> None:
        """Errors may have come in while the call waited, and those in flight may still fail."""
        try:
            self._check_budget(permit.claims, self.clock.monotonic(), permit.buckets[0].in_flight - 1)
        except ErrorBudgetSpent:
            self.release(permit)
            raise

    def _count_error(self, permit: Permit, verdict: Refused, at: float) -> None:
        if verdict.code is not None:
            key = ErrorKey(permit.claims.account, permit.claims.path, verdict.code)
            low = self._ledger.budget.record(key, at)
            if low is not None:
                self.reporter.budget_low(low)
