"""The governor: it admits calls, hears how they ended, and tells how it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import evolve

from bingx_async.core.budget import ErrorKey
from bingx_async.core.claims import Claims, Key, Permit
from bingx_async.core.counting import RateHeaders, Span, read_headers
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.gates import Penalty
from bingx_async.core.verdict import Accepted, Meaning, Refused, Scope, Throttled, Unclear, Verdict
from bingx_async.errors import StoreUnavailable
from bingx_async.models import Priority
from bingx_async.runtime.governor.admission import Admission
from bingx_async.runtime.governor.reports import Snapshot, take_snapshot

SAFETY = 50.0  # ms added to a moment the exchange names: its own clocks may differ among each other
GATEWAY_LINGER = 2_000.0  # ms in which a call may still be counted that a gateway answered for the exchange
SPREAD = 50.0  # ms of random spread on top, so that many clients do not come back in step
BUSY_WINDOW = 500.0  # ms; "the current system is busy" is no quota: come back soon


class Governor(Admission):
    """Keeps every call within the exchange's quotas, and no call waiting longer than it must."""

    def settle(
        self, permit: Permit, verdict: Verdict, at: float, headers: Mapping[str, str], min_rtt: float | None = None
    ) -> Penalty | None:
        """A reply came at `at`: give the tokens back one occupancy later, and close what the exchange has closed."""
        if verdict.server_time is not None:  # before a moment by the same clock is read
            self.reporter.clock_stepped(self.clock.hint(verdict.server_time, permit.granted_at, at))
        penalty = self._penalise(permit, verdict) if isinstance(verdict, Throttled) else None
        code = verdict.code if isinstance(verdict, Refused) else None
        if code is not None:
            low = self._ledger.budget.record(ErrorKey(permit.claims.account, permit.claims.route, code), at)
            if low is not None:
                self.reporter.budget_low(low)
        if self.credit and min_rtt is not None:  # the shortest round trip that the connection's TCP has seen (ms)
            self._min_rtt.add(min(min_rtt, at - permit.granted_at), at)
        opens = isinstance(verdict, (Accepted, Refused))
        extra = GATEWAY_LINGER if isinstance(verdict, Unclear) else -self._credit(permit, verdict, at)
        reopened = self._ledger.settle(permit, at, extra, opens=opens)
        rate = read_headers(headers)
        if self._shared is not None:
            self._shared.settle(permit, at, extra, opens, code, rate.remaining if rate is not None else None)
        elif permit.account_bucket is not None:
            if rate is not None:
                self._hear(permit, rate, at)
            else:
                permit.account_bucket.miss(permit.granted_at, at + max(0.0, extra))
        self._changed(permit.claims)
        self.reporter.settled(permit, type(verdict).__name__, at, reopened)
        return penalty

    def _credit(self, permit: Permit, verdict: Verdict, at: float) -> float:
        """How long before `at` the exchange had counted the call, as far as the settings allow to rely on it (ms)."""
        credit = self._min_rtt.credit(self.credit, at)
        if permit.claims.route in self._stamped and verdict.server_time is not None:
            credit = max(credit, at - self.clock.stamped_at(verdict.server_time, permit.granted_at, at))
        return credit

    def give_up(self, permit: Permit, linger: float) -> None:
        """No reply will come: what was sent may still be counted for `linger` milliseconds."""
        now = self.clock.monotonic()
        self._ledger.settle(permit, now, linger)
        if self._shared is not None:
            self._shared.settle(permit, now, linger, opens=False, code=None, left=None)
        elif permit.account_bucket is not None:
            permit.account_bucket.miss(permit.granted_at, now + linger, begins=True)
        self._changed(permit.claims)
        self.reporter.settled(permit, "failed", now)

    def extend(self, penalty: Penalty, server_ms: float) -> Penalty:
        """Read a penalty's moment again, after the exchange's clock was read; it can only get later."""
        now = self.clock.monotonic()
        until = self.clock.latest(server_ms) + SAFETY
        if until <= penalty.until:
            return penalty
        later = self._ledger.gates.close(penalty.key, until, now, penalty.reason)
        self._announce(later, now)
        return later

    def _hear(self, permit: Permit, rate: RateHeaders, now: float) -> None:
        """Take the rate headers of a reply that came at `now`."""
        key, bucket = permit.claims.endpoint_gate, permit.account_bucket
        assert bucket is not None
        foreign = bucket.observe(permit.baseline, rate.remaining, now)
        if foreign:
            self.reporter.foreign(key, foreign)
        end = self._window_end(permit.granted_at, rate, now)
        learnt = bucket.learn(permit.granted_at, now, rate.remaining, end, self.clock.offset)
        if learnt is not None:
            self.reporter.counting(key, str(learnt))

    def _window_end(self, granted_at: float, rate: RateHeaders, now: float) -> Span | None:
        """Between which moments the exchange's window ends, if the headers and the clock tell."""
        if rate.after is not None:  # said at some moment between the call's grant and its reply
            return granted_at + rate.after, now + rate.after
        if rate.at is None or not self.clock.is_proven:
            return None
        return self.clock.interval.earliest(rate.at), self.clock.interval.latest(rate.at)

    def _penalise(self, permit: Permit, verdict: Throttled) -> Penalty:
        """The exchange has refused this call for its pace: close what it has closed."""
        claims, now = permit.claims, self.clock.monotonic()
        if permit.account_bucket is not None:
            permit.account_bucket.invalidate_counting()
        self.clock.distrust()
        key = claims.endpoint_gate if verdict.scope is Scope.ENDPOINT else claims.egress_gate
        penalty = self._close(permit, key, verdict, now)
        if verdict.budget is not None:
            self._ledger.budget.learn(verdict.budget.limit, verdict.budget.window)
        self.reporter.penalised(penalty, verdict)
        self._announce(penalty, now)
        return penalty

    def _close(self, permit: Permit, key: Key, verdict: Throttled, now: float) -> Penalty:
        gates, reason = self._ledger.gates, verdict.meaning.value
        spread = SAFETY + SPREAD * self._draw()
        until = self.clock.latest(verdict.until) if verdict.until is not None else now
        window = BUSY_WINDOW if verdict.meaning is Meaning.BUSY else permit.claims.window
        if until <= now and verdict.after is not None:
            until = now + verdict.after
        # A moment that is over says nothing: without a backoff a probe would leave at once, again and again.
        if until > now:
            return gates.close_again(permit, key, until + spread, window, self._draw(), now, reason)
        penalty = gates.back_off(permit, key, window, self._draw(), now, reason)
        return evolve(penalty, was_clamped=verdict.until is not None)

    def _announce(self, penalty: Penalty, now: float) -> None:
        """Tell the store, and refuse the calls that cannot wait that long."""
        if self._shared is not None:
            self._shared.store.penalise(penalty.key, penalty.until, penalty.reason)
        self._room.wake(self._queue.closed(penalty.key, penalty.until, now))

    def evict(self, owners: Collection[object], error: BaseException) -> None:
        """Let every waiting call of `owners` fail with `error`."""
        self._room.wake(self._queue.evict(owners, error, self.clock.monotonic()))

    def eta(
        self,
        endpoint: Endpoint[Any] | str,
        *,
        account: str | int,
        egress: str = "default",
        priority: Priority | None = None,
    ) -> float:
        """Seconds until a call that arrives now could leave (a lower bound while others wait); takes nothing.

        `endpoint` may be the name of its method or its path. Raises `InvalidRequest` if there is no such endpoint.
        """
        if isinstance(endpoint, str):
            endpoint = self.profile.catalogue.find_all(endpoint)[0]
        claims, now = self.claims(endpoint, str(account), egress), self.clock.monotonic()
        earliest = self._queue.earliest_new(claims, endpoint.priority if priority is None else priority, now)
        return max(0.0, earliest.ready_at - now) / 1000.0

    def may_fail(self, claims: Claims) -> bool:
        """Whether one more business error on the endpoint of `claims` would leave it open."""
        return self._ledger.budget.spent(claims.account, claims.route, 0, self.clock.monotonic()) is None

    async def borrow_clock(self) -> bool:
        """Take over another process' recent finding about the exchange's clock; False if there is none."""
        try:
            found = await self._shared.store.read_clock() if self._shared is not None else None
        except StoreUnavailable:
            return False  # the next call that asks for quota reports it
        if found is None:
            return False
        return self.clock.borrow(*found)

    def lend_clock(self) -> None:
        """Tell other processes what has been found out about the exchange's clock."""
        if self._shared is not None and self.clock.synced_at is not None:
            self._shared.store.tell_clock(self.clock.offset, self.clock.synced_at)

    async def flush(self) -> None:
        """Tell the shared store what it does not know yet."""
        if self._shared is not None:
            await self._shared.store.flush()

    def snapshot(self) -> Snapshot:
        """Every bucket in use, every closed scope and every error budget drawn on, frozen."""
        credit = self._min_rtt.credit(self.credit, self.clock.monotonic())
        return take_snapshot(self._ledger, self._queue.lines.waiting_on(), self.clock, credit)
