"""The governor's reports: events to one hook, and a log line for every problem that deserves a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bingx_async.core import events
from bingx_async.core.budget import BudgetState
from bingx_async.core.claims import Key, Permit
from bingx_async.core.gates import Penalty
from bingx_async.core.verdict import Meaning, Throttled
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.line import Waiter
from bingx_async.runtime.logs import inform, warn

HINT = (
    "under this governor a refusal may mean: it was closed before this process began; another process or client uses "
    "this account or address; the quota is lower than configured; this process was restarted within one window"
)


class Reporter:
    """Turns what happens into events. Without a hook it only logs."""

    def __init__(self, clock: ServerClock, on_event: Callable[[events.Event], None] | None) -> None:
        self._clock = clock
        self.on_event = on_event

    def emit(self, event: events.Event) -> None:
        """Hand an event to the hook; what that raises is logged, not passed on."""
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception:
            warn("on_event failed", with_traceback=True)

    def now(self) -> datetime:
        """The moment of an event."""
        return self._clock.moment(self._clock.monotonic())

    def queued(self, waiter: Waiter, bucket: Key) -> None:
        """A call has to wait for `bucket`."""
        if self.on_event is not None:
            claims = waiter.claims
            self.emit(events.Queued(self.now(), *bucket, claims.path, claims.account, waiter.ahead))

    def granted(self, permit: Permit, since: float) -> None:
        """A call may leave."""
        if self.on_event is not None:
            claims, waited = permit.claims, (self._clock.monotonic() - since) / 1000.0
            self.emit(events.Granted(self.now(), claims.path, claims.account, waited))
            for key in permit.probes:
                self.emit(events.Probing(self.now(), *key))

    def settled(self, permit: Permit, outcome: str, at: float, reopened: tuple[Key, ...] = ()) -> None:
        """A call has ended."""
        if self.on_event is not None:
            claims, took = permit.claims, (at - permit.granted_at) / 1000.0
            self.emit(events.Settled(self.now(), claims.path, claims.account, outcome, took))
        for key in reopened:
            inform("%s is open again", key)
            self.emit(events.Reopened(self.now(), *key))

    def penalised(self, penalty: Penalty, verdict: Throttled) -> None:
        """The exchange has closed something."""
        hint = HINT if verdict.meaning in (Meaning.CLOSED, Meaning.RATE_LIMITED, Meaning.BANNED) else ""
        until = self._clock.moment(penalty.until)
        warn("%s closed until %s (%s). %s", penalty.key, until.isoformat(), penalty.reason, hint)
        self.emit(events.Penalised(self.now(), *penalty.key, until, penalty.reason, penalty.was_clamped, hint))

    def foreign(self, key: Key, calls: int) -> None:
        """The exchange has counted calls that are not ours."""
        warn("%s: %d calls are counted that are not ours", key, calls)
        self.emit(events.ForeignUse(self.now(), *key, calls))

    def counting(self, key: Key, model: str) -> None:
        """The exchange has shown more of how it counts."""
        inform("%s is counted %s", key, model)
        self.emit(events.CountingLearnt(self.now(), *key, model))

    def budget_low(self, state: BudgetState) -> None:
        """The error budget is half or four fifths gone."""
        key = state.key
        warn("%s: %d of %d errors with code %d are spent", key.path, state.used, state.limit, key.code)
        self.emit(events.BudgetLow(self.now(), key.path, key.account, key.code, state.used, state.limit))
