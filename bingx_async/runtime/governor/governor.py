"""The governor: the awaiting shell around the decisions of a ledger and a queue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bingx_async.core.claims import Claims
from bingx_async.core.endpoint import Endpoint
from bingx_async.errors import StoreUnavailable
from bingx_async.models import Priority
from bingx_async.runtime.governor.admission import Admission
from bingx_async.runtime.governor.feedback import Feedback
from bingx_async.runtime.governor.line import LAST
from bingx_async.runtime.governor.snapshot import Snapshot, take_snapshot


class Governor(Admission, Feedback):
    """Keeps every call within the exchange's quotas, and no call waiting longer than it must.

    One governor may serve many clients, in one event loop at a time.
    """

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
        place = (int(endpoint.priority if priority is None else priority), LAST)
        now = self.clock.monotonic()
        earliest = self._queue.earliest(self.claims(endpoint, str(account), egress), place, now)
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
        offset, age = found
        now = self.clock.monotonic()
        self.clock.set_from(now + offset, now, now)
        self.clock.synced_at = now - age
        return True

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
