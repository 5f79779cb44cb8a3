"""How a call gets its permit: by the error budget, the own ledger and queue, and the shared store if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from bingx_async.core.bucket import share_of
from bingx_async.core.claims import Claims, Key, NotUntil, Permit, claims_of
from bingx_async.core.endpoint import Endpoint
from bingx_async.errors import ErrorBudgetSpent, InvalidRequest, QuotaWait
from bingx_async.models import Priority
from bingx_async.runtime.governor.crowd import Place
from bingx_async.runtime.governor.line import Waiter
from bingx_async.runtime.governor.parts import Parts
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.governor.store import Freed, Spent

MAX_LIFETIME = 30_000.0  # ms; the longest life of a request whose caller does not say


class Admission(Parts):
    """The side of a governor that admits calls, one by one, in the order of their places."""

    def claims(
        self,
        endpoint: Endpoint[Any],
        account: str,
        egress: str = "default",
        connections: tuple[Key, int] | None = None,
    ) -> Claims:
        """The claims of a call of `endpoint`. Raises `InvalidRequest` if `share` leaves no whole call of a quota."""
        kept = max(self.reserve.get(name, 0) for name in (endpoint.effect.value, endpoint.name, endpoint.path))
        claims = claims_of(endpoint, self.profile, account, egress, kept, connections)
        share = self._ledger.settings.share
        for claim in claims.all:
            if not share_of(claim.quota.limit, share):
                raise InvalidRequest(
                    f"share={share:g} of {claim.quota} leaves no whole call for {claim.key}: two processes can share "
                    "so small a quota only through a store, such as bingx_async.redis.RedisStore"
                )
        return claims

    def new_place(self, claims: Claims, priority: Priority) -> Place:
        """The place of a call that arrives now; a call that acquires several times keeps it."""
        return self._queue.new_place(claims, priority, self.clock.monotonic())

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

        `place` is that of an earlier attempt. A store keeps a dead process' tokens for `max_lifetime_ms`. Raises
        `QuotaWait` at once if the wait cannot fit before `deadline` (monotonic ms), and at the deadline if it did not.
        """
        place = place or self.new_place(claims, priority)
        if not self._room.is_empty:
            self._room.check_loop()
        now = self.clock.monotonic()
        if claims.is_creating:
            self._check_budget(claims, now)
        if self._shared is None:
            answer = self._enter(claims, deadline, place, owner)
            permit = answer if isinstance(answer, Permit) else await self._wait(answer)
        else:
            permit = await self._line_up_shared(self._shared, claims, deadline, place, owner, max_lifetime_ms)
        if claims.is_creating:  # errors may have come in while it waited, and those in flight may still fail
            own = permit.account_bucket
            try:
                self._check_budget(claims, self.clock.monotonic(), own.in_flight - 1 if own is not None else 0)
            except ErrorBudgetSpent:
                self.release(permit)
                raise
        self.reporter.granted(permit, now)
        return permit

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        if self._shared is not None:
            self._shared.release(permit)
        self._take_back(permit)
        self.reporter.settled(permit, "unsent", self.clock.monotonic())

    def _enter(self, claims: Claims, deadline: float, place: Place, owner: object) -> Permit | Waiter:
        answer, decided = self._queue.enter(claims, place, deadline, self.clock.monotonic(), owner)
        if isinstance(answer, NotUntil):
            raise self._quota_wait(answer)
        if decided:
            self._room.wake(decided)
        return answer

    async def _wait(self, waiter: Waiter) -> Permit:
        line = self._queue.lines.get(waiter.claims.line)
        if line is not None and line.parked_on is not None:
            self.reporter.queued(waiter.claims, line.parked_on, waiter.ahead)
        answer = await self._room.wait(waiter)
        if isinstance(answer, NotUntil):
            raise self._quota_wait(answer)
        return answer

    async def _line_up_shared(
        self, shared: SharedQuota, claims: Claims, deadline: float, place: Place, owner: object, max_lifetime_ms: float
    ) -> Permit:
        """A permit that the shared store has granted as well; refused there, the call goes back to its place."""
        try:
            while True:
                answer = self._enter(claims, deadline, place, owner)
                if isinstance(answer, Waiter) and self._ledger.refusals_of(place[0] == Priority.KILL_SWITCH):
                    shared.store.watch(self._hear_of_quota)
                permit = answer if isinstance(answer, Permit) else await self._wait(answer)
                if await self._confirm(shared, permit, deadline, place, max_lifetime_ms):
                    return permit
        finally:
            if self._room.is_empty:
                shared.store.unwatch(self._hear_of_quota)

    async def _confirm(
        self, shared: SharedQuota, permit: Permit, deadline: float, place: Place, max_lifetime_ms: float
    ) -> bool:
        """Whether the shared store grants the call as well."""
        claims, is_urgent = permit.claims, place[0] == Priority.KILL_SWITCH
        refusals = self._ledger.refusals_of(is_urgent)
        try:
            answer = await shared.confirm(permit, max_lifetime_ms, self._waited_for(claims), is_urgent)
        except BaseException:
            self._take_back(permit)
            raise
        if answer is None:
            if refusals.granted(claims.keys, {} if is_urgent else shared.next_at(permit)):
                self._changed(claims)
            return True
        if isinstance(answer, Spent):
            self._take_back(permit)
            raise self._budget_spent(claims, answer.code, self.clock.monotonic() + answer.wait)
        refusals.record(answer.key, answer.ready_at)
        self._take_back(permit)
        if answer.ready_at > deadline:
            raise self._quota_wait(answer)
        shared.store.watch(self._hear_of_quota)
        return False

    def _take_back(self, permit: Permit) -> None:
        """The call does not leave: its tokens go to the next in order at once."""
        self._ledger.release(permit)
        self._changed(permit.claims)

    def _waited_for(self, claims: Claims) -> frozenset[Key]:
        """The buckets of `claims` for which other calls wait here."""
        if claims.line in self._queue.lines:
            return frozenset(claims.keys)
        is_waited_for = any(self._queue.parking.first(key) is not None for key in claims.keys_at_address)
        return frozenset(claims.keys_at_address if is_waited_for else ())

    def _hear_of_quota(self, freed: Sequence[Freed] | None) -> None:
        """The store says what has come free: calls that it has refused may ask again. None: perhaps anything."""
        assert self._shared is not None
        keys = self._shared.is_for_us(freed) if freed is not None else list(self._queue.parking)
        self._shared.allow_now(keys if freed is not None else None)
        self._room.wake(self._queue.ask(keys, self.clock.monotonic()))

    def _check_budget(self, claims: Claims, now: float, in_flight: int = 0) -> None:
        """Raise if the failure of one more call could close its endpoint."""
        spent = self._ledger.budget.spent(claims.account, claims.route, in_flight, now)
        if spent is not None:
            raise self._budget_spent(claims, spent.key.code, spent.frees_at)

    def _budget_spent(self, claims: Claims, code: int, frees_at: float) -> ErrorBudgetSpent:
        budget, moment = self._ledger.budget, self.clock.moment(frees_at)
        left = max(0.0, frees_at - self.clock.monotonic()) / 1000.0
        return ErrorBudgetSpent(moment, left, claims.path, code, budget.limit, budget.window / 1000.0)

    def _quota_wait(self, refusal: NotUntil) -> QuotaWait:
        now = self.clock.monotonic()
        ready = max(refusal.ready_at, now)
        return QuotaWait(self.clock.moment(ready), (ready - now) / 1000.0, str(refusal.key))
