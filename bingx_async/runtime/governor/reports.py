"""The governor's reports: events to one hook, a log line for every problem, and snapshots for people and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import inf

from attrs import frozen

from bingx_async.core import events
from bingx_async.core.budget import BudgetState
from bingx_async.core.claims import Claims, Key, Permit
from bingx_async.core.gates import Penalty
from bingx_async.core.ledger import Ledger
from bingx_async.core.quota import Quota
from bingx_async.core.verdict import Meaning, Throttled
from bingx_async.runtime.clock import STEP, ServerClock
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

    def queued(self, claims: Claims, bucket: Key, ahead: int) -> None:
        """A call has to wait for `bucket`, behind `ahead` calls of its kind."""
        if self.on_event is not None:
            self.emit(events.Queued(self.now(), *bucket, claims.path, claims.account, ahead))

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
            self.emit(events.Settled(self.now(), claims.path, claims.account, outcome.lower(), took))
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

    def clock_stepped(self, step: float) -> None:
        """The exchange's clock is `step` milliseconds from where it was believed to be."""
        if abs(step) >= STEP:
            warn("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            self.emit(events.ClockStepped(self.now(), step / 1000.0))

    def budget_low(self, state: BudgetState) -> None:
        """The error budget is half or four fifths gone."""
        key = state.key
        warn("%s: %d of %d errors with code %d are spent", key.path, state.used, state.limit, key.code)
        self.emit(events.BudgetLow(self.now(), key.path, key.account, key.code, state.used, state.limit))


@frozen
class BucketSnapshot:
    """One bucket: `available` tokens are free, `in_flight` calls are unanswered, `waiting` calls wait for it.

    `kind` is "account" or "egress", `owner` the account or the outgoing address, `name` the endpoint
    ("POST /path"), the group of endpoints, or empty for everything from an address; `key` is all of it as text.
    `next_at` is the earliest moment for the next call (None: not before a reply comes in), `closed_until` the end
    of a closed period the exchange has set, with its `reason`. `counting` names the ways in which the exchange may
    be counting, as far as its headers tell. Moments are aware UTC.
    """

    kind: str
    owner: str
    name: str
    quota: Quota
    available: int
    in_flight: int
    waiting: int
    next_at: datetime | None
    closed_until: datetime | None
    reason: str
    counting: str = ""

    @property
    def key(self) -> str:
        """Kind, owner and name as one text: "account 1001 POST /path", for example."""
        return str(Key(self.kind, self.owner, self.name))


@frozen
class BudgetSnapshot:
    """`used` of `limit` errors with `code` within `window` seconds; the oldest is forgotten at `frees_at`."""

    account: str
    endpoint: str
    code: int
    used: int
    limit: int
    window: float
    frees_at: datetime


@frozen
class Snapshot:
    """The governor at one moment; iterates over its buckets. `credit` is in seconds."""

    at: datetime
    buckets: tuple[BucketSnapshot, ...]
    budgets: tuple[BudgetSnapshot, ...]
    waiting: int
    credit: float = 0.0

    def __iter__(self) -> Iterator[BucketSnapshot]:
        return iter(self.buckets)

    def find(self, part: str) -> BucketSnapshot | None:
        """The first bucket whose key ends with `part`, such as `trade/cancel`."""
        return next((bucket for bucket in self.buckets if bucket.key.endswith(part)), None)


def take_snapshot(ledger: Ledger, waiting: Mapping[Key, int], clock: ServerClock, credit: float = 0.0) -> Snapshot:
    """The ledger as it stands, with the number of calls that wait for each bucket; `credit` in milliseconds."""
    now = clock.monotonic()
    buckets = tuple(
        BucketSnapshot(
            *state.key,
            state.quota,
            state.available,
            state.in_flight,
            waiting.get(state.key, 0),
            clock.moment(state.next_at) if state.next_at < inf else None,
            clock.moment(state.closed_until) if state.closed_until is not None else None,
            state.reason,
            state.counting,
        )
        for state in ledger.states(now)
    )
    budgets = tuple(_budget_of(state, clock) for state in ledger.budget.states(now))
    return Snapshot(clock.moment(now), buckets, budgets, sum(waiting.values()), credit / 1000.0)


def _budget_of(state: BudgetState, clock: ServerClock) -> BudgetSnapshot:
    key, frees_at = state.key, clock.moment(state.frees_at)
    return BudgetSnapshot(key.account, key.path, key.code, state.used, state.limit, state.window / 1000.0, frees_at)
