"""How a call gets its permit: by the error budget, the own ledger and queue, and the shared store if there is one."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from bingx_async.core.bucket import share_of
from bingx_async.core.catalogue import Profile
from bingx_async.core.claims import Claims, claims_of
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.errors import ErrorBudgetSpent, InvalidRequest, QuotaWait
from bingx_async.models import Priority
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.line import LAST, Place, Waiter
from bingx_async.runtime.governor.parts import Parts
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.governor.store import Spent


@frozen(eq=False)
class Admission:
    """Admits calls, one by one, in the order of their places."""

    parts: Parts
    profile: Profile

    def claims_of(self, endpoint: Endpoint[Any], account: str, egress: str) -> Claims:
        """See `Governor.claims`."""
        claims, share = claims_of(endpoint, self.profile, account, egress), self.parts.ledger.settings.share
        for claim in claims.all:
            if not share_of(claim.quota.limit, share):
                raise InvalidRequest(
                    f"share={share:g} of {claim.quota} leaves no whole call for {claim.key}: two processes can share "
                    "so small a quota only through a store, such as bingx_async.redis.RedisStore"
                )
        return claims

    def eta(self, claims: Claims, priority: Priority) -> float:
        """Milliseconds until a call that arrives now could leave."""
        now = self.parts.clock.monotonic()
        return max(0.0, self.parts.queue.earliest(claims, (int(priority), LAST), now).ready_at - now)

    async def acquire(
        self, claims: Claims, deadline: float, place: Place, owner: object, max_lifetime_ms: float
    ) -> Permit:
        """See `Governor.acquire`."""
        parts = self.parts
        if not parts.room.is_empty:
            parts.room.check_loop()
        now = parts.clock.monotonic()
        if claims.is_creating:
            self._check_budget(claims, now)
        if parts.shared is not None:
            permit = await self._line_up_shared(parts.shared, claims, deadline, place, owner, max_lifetime_ms)
        else:
            answer = self._enter(claims, deadline, place, owner)
            permit = answer if isinstance(answer, Permit) else await self._wait(answer)
        if claims.is_creating:
            self._recheck_budget(permit)
        parts.reporter.granted(permit, now)
        return permit

    def _enter(self, claims: Claims, deadline: float, place: Place, owner: object) -> Permit | Waiter:
        parts = self.parts
        answer, decided = parts.queue.enter(claims, place, deadline, parts.clock.monotonic(), owner)
        if isinstance(answer, NotUntil):
            raise _quota_wait(answer, parts.clock)
        if decided:
            parts.room.wake(decided)
        return answer

    async def _wait(self, waiter: Waiter) -> Permit:
        line = self.parts.queue.lines.get(waiter.claims.line)
        if line is not None and line.parked_on is not None:
            self.parts.reporter.queued(waiter, line.parked_on)
        answer = await self.parts.room.wait(waiter)
        if isinstance(answer, NotUntil):
            raise _quota_wait(answer, self.parts.clock)
        return answer

    async def _line_up_shared(
        self,
        shared: SharedQuota,
        claims: Claims,
        deadline: float,
        place: Place,
        owner: object,
        max_lifetime_ms: float,
    ) -> Permit:
        """A permit that the shared store has granted as well; refused there, the call goes back to its place."""
        try:
            while True:
                answer = self._enter(claims, deadline, place, owner)
                permit = answer if isinstance(answer, Permit) else await self._wait(answer)
                if await self._confirm(shared, permit, deadline, max_lifetime_ms):
                    return permit
        finally:
            if self.parts.room.is_empty:
                shared.store.unwatch(self._hear_of_quota)

    async def _confirm(self, shared: SharedQuota, permit: Permit, deadline: float, max_lifetime_ms: float) -> bool:
        """Whether the shared store grants the call as well."""
        ledger, claims = self.parts.ledger, permit.claims
        try:
            answer = await shared.confirm(permit, max_lifetime_ms)
        except BaseException:
            self.take_back(permit)
            raise
        if answer is None:
            if ledger.store_refusals.granted(claims.keys, shared.full(permit)):
                self.parts.changed(claims)
            return True
        if isinstance(answer, Spent):
            self.take_back(permit)
            raise self._budget_spent(claims, answer.code, self.parts.clock.monotonic() + answer.wait)
        ledger.store_refusals.record(answer.key, answer.ready_at)
        self.take_back(permit)
        if answer.ready_at > deadline:
            raise _quota_wait(answer, self.parts.clock)
        shared.store.watch(self._hear_of_quota)
        return False

    def take_back(self, permit: Permit) -> None:
        """The call does not leave: its tokens go to the next in order at once."""
        self.parts.ledger.release(permit)
        self.parts.changed(permit.claims)

    def release(self, permit: Permit) -> None:
        """See `Governor.release`."""
        if self.parts.shared is not None:
            self.parts.shared.release(permit)
        self.take_back(permit)
        self.parts.reporter.settled(permit, "unsent", self.parts.clock.monotonic())

    def _hear_of_quota(self) -> None:
        """The store says that something has come free: calls that it has refused may ask again."""
        parts = self.parts
        parts.ledger.store_refusals.allow_now()
        parts.room.wake(parts.queue.ask_all(parts.clock.monotonic()))

    def _check_budget(self, claims: Claims, now: float, in_flight: int = 0) -> None:
        """Raise if the failure of one more call could close its endpoint."""
        spent = self.parts.ledger.budget.spent(claims.account, claims.route, in_flight, now)
        if spent is not None:
            raise self._budget_spent(claims, spent.key.code, spent.frees_at)

    def _recheck_budget(self, permit: Permit) -> None:
        """Errors may have come in while the call waited, and those in flight may still fail."""
        own = permit.account_bucket
        try:
            self._check_budget(permit.claims, self.parts.clock.monotonic(), own.in_flight - 1 if own is not None else 0)
        except ErrorBudgetSpent:
            self.release(permit)
            raise

    def _budget_spent(self, claims: Claims, code: int, frees_at: float) -> ErrorBudgetSpent:
        clock, budget = self.parts.clock, self.parts.ledger.budget
        left = max(0.0, frees_at - clock.monotonic()) / 1000.0
        return ErrorBudgetSpent(clock.moment(frees_at), left, claims.path, code, budget.limit, budget.window / 1000.0)


def _quota_wait(refusal: NotUntil, clock: ServerClock) -> QuotaWait:
    now = clock.monotonic()
    ready = max(refusal.ready_at, now)
    return QuotaWait(clock.moment(ready), (ready - now) / 1000.0, str(refusal.key))
