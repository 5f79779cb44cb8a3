"""The governor: the awaiting shell around the decisions of a ledger and a queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bingx_async.core.claims import Claims
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.gates import Penalty
from bingx_async.core.permit import Permit
from bingx_async.core.verdict import Verdict
from bingx_async.models import Priority
from bingx_async.runtime.governor.admission import Admission
from bingx_async.runtime.governor.feedback import Feedback
from bingx_async.runtime.governor.line import Place
from bingx_async.runtime.governor.parts import Parts
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.snapshot import Snapshot, take_snapshot

MAX_LIFETIME = 30_000.0  # ms; the longest life of a request whose caller does not say


class Governor:
    """Keeps every call within the exchange's quotas, and no call waiting longer than it must.

    One governor may serve many clients, in one event loop at a time.
    """

    def __init__(self, settings: GovernorSettings) -> None:
        self.profile = settings.profile
        self.credit = settings.credit
        self.clock = settings.clock
        self._parts = parts = Parts.of(settings)
        self.reporter = parts.reporter
        self._admission = Admission(parts, settings.profile)
        self._feedback = Feedback.of(parts, settings)

    def claims(self, endpoint: Endpoint[Any], account: str, egress: str = "default") -> Claims:
        """The claims of a call of `endpoint`. Raises `InvalidRequest` if `share` leaves no whole call of a quota."""
        return self._admission.claims_of(endpoint, account, egress)

    def new_place(self, priority: Priority) -> Place:
        """The place of a call that arrives now; a call that acquires several times keeps it."""
        return self._parts.queue.new_place(priority)

    async def acquire(
        self,
        claims: Claims,
        deadline: float = float("inf"),
        priority: Priority = Priority.READ,
        place: Place | None = None,
        owner: object = None,
        max_lifetime_ms: float = MAX_LIFETIME,
    ) -> Permit:
        """A permit for one call: at once if there is room, else in order of (priority, arrival).

        `deadline` is monotonic milliseconds; `place` is that of an earlier attempt, to go back to it;
        `max_lifetime_ms` the longest life of its request (a shared store keeps the tokens of a dead process that
        long). Raises `QuotaWait` at once if the wait cannot fit, and at the deadline if it did not.
        """
        place = place or self._parts.queue.new_place(priority)
        return await self._admission.acquire(claims, deadline, place, owner, max_lifetime_ms)

    def settle(
        self,
        permit: Permit,
        verdict: Verdict,
        replied_at: float,
        headers: Mapping[str, str],
        min_rtt: float | None = None,
    ) -> Penalty | None:
        """The reply has come: give the tokens back one occupancy later, and close what the exchange has closed.

        `min_rtt` is the shortest round trip the connection's TCP has seen (ms); without it no credit is given.
        """
        return self._feedback.settle(permit, verdict, replied_at, headers, min_rtt)

    def give_up(self, permit: Permit, linger: float) -> None:
        """No reply will come: what was sent may still be counted for `linger` milliseconds."""
        self._feedback.give_up(permit, linger)

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        self._admission.release(permit)

    def extend(self, penalty: Penalty, server_ms: float) -> Penalty:
        """Read a penalty's moment again, after the exchange's clock was read; it can only get later."""
        return self._feedback.penalties.extend(penalty, server_ms)

    def evict(self, owners: Collection[object], error: BaseException) -> None:
        """Let every waiting call of `owners` fail with `error`."""
        self._parts.room.wake(self._parts.queue.evict(owners, error, self.clock.monotonic()))

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
            endpoint = self.profile.catalogue.find(endpoint)
        priority = endpoint.priority if priority is None else priority
        return self._admission.eta(self.claims(endpoint, str(account), egress), priority) / 1000.0

    def may_fail(self, claims: Claims) -> bool:
        """Whether one more business error on the endpoint of `claims` would leave it open."""
        now = self.clock.monotonic()
        return self._parts.ledger.budget.spent(claims.account, claims.route, 0, now) is None

    async def borrow_clock(self) -> bool:
        """Take over another process' recent finding about the exchange's clock; False if there is none."""
        return self._parts.shared is not None and await self._parts.shared.borrow_clock()

    def lend_clock(self) -> None:
        """Tell other processes what has been found out about the exchange's clock."""
        if self._parts.shared is not None:
            self._parts.shared.lend_clock()

    async def flush(self) -> None:
        """Tell the shared store what it does not know yet."""
        if self._parts.shared is not None:
            await self._parts.shared.store.flush()

    def snapshot(self) -> Snapshot:
        """Every bucket in use, every closed scope and every error budget drawn on, frozen."""
        parts = self._parts
        credit = self._feedback.credit_ms(self.clock.monotonic())
        return take_snapshot(parts.ledger, parts.queue.lines.waiting_on(), self.clock, credit)
