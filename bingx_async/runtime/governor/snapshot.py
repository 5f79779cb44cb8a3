"""The governor at one moment, as frozen values for people, tests and status pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import inf

from attrs import frozen

from bingx_async.core.budget import BudgetState
from bingx_async.core.claims import Key
from bingx_async.core.ledger import Ledger
from bingx_async.core.quota import Quota
from bingx_async.runtime.clock import ServerClock


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
    key, window = state.key, state.window / 1000.0
    return BudgetSnapshot(
        key.account, key.path, key.code, state.used, state.limit, window, clock.moment(state.frees_at)
    )
