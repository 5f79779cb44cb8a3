"""Closing the scopes that the exchange has closed, until the moment it named or for a backoff of our own."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, frozen

from bingx_async.core.claims import Key
from bingx_async.core.gates import Penalty
from bingx_async.core.permit import Permit
from bingx_async.core.verdict import Meaning, Scope, Throttled
from bingx_async.runtime.governor.parts import Parts

SAFETY = 50.0  # ms added to a moment the exchange names: its own clocks may differ among each other
SPREAD = 50.0  # ms of random spread on top, so that many clients do not come back in step
BUSY_WINDOW = 500.0  # ms; "the current system is busy" is no quota: come back soon


@frozen(eq=False)
class Penalties:
    """`draw` is uniform in [0, 1)."""

    parts: Parts
    draw: Callable[[], float]

    def penalise(self, permit: Permit, verdict: Throttled) -> Penalty:
        """The exchange has refused this call for its pace: close what it has closed."""
        parts, claims = self.parts, permit.claims
        now = parts.clock.monotonic()
        if permit.account_bucket is not None:
            permit.account_bucket.invalidate_counting()
        key = claims.endpoint_gate if verdict.scope is Scope.ENDPOINT else claims.egress_gate
        penalty = self._close(permit, key, verdict, now)
        if verdict.budget is not None:
            parts.ledger.budget.learn(verdict.budget.limit, verdict.budget.window)
        parts.reporter.penalised(penalty, verdict)
        self._announce(penalty, now)
        return penalty

    def extend(self, penalty: Penalty, server_ms: float) -> Penalty:
        """Read the same moment again by a better clock; it can only get later."""
        now = self.parts.clock.monotonic()
        until = self.parts.clock.from_server(server_ms) + SAFETY
        if until <= penalty.until:
            return penalty
        later = self.parts.ledger.gates.close(penalty.key, until, now, penalty.reason)
        self._announce(later, now)
        return later

    def _close(self, permit: Permit, key: Key, verdict: Throttled, now: float) -> Penalty:
        gates, reason = self.parts.ledger.gates, verdict.meaning.value
        spread = SAFETY + SPREAD * self.draw()
        until = self.parts.clock.from_server(verdict.until) if verdict.until is not None else now
        # A moment that is over says nothing: without a backoff a probe would leave at once, again and again.
        if until > now:
            return gates.close(key, until + spread, now, reason)
        if verdict.after is not None:
            return gates.close(key, now + verdict.after + spread, now, reason)
        window = BUSY_WINDOW if verdict.meaning is Meaning.BUSY else permit.claims.window
        penalty = gates.back_off(permit, key, window, self.draw(), now, reason)
        return evolve(penalty, was_clamped=verdict.until is not None)

    def _announce(self, penalty: Penalty, now: float) -> None:
        """Tell the store, and refuse the calls that cannot wait that long."""
        parts = self.parts
        if parts.shared is not None:
            parts.shared.store.penalise(penalty.key, penalty.until, penalty.reason)
        parts.room.wake(parts.queue.closed(penalty.key, penalty.until, now))
