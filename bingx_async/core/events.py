"""Events for one hook: frozen values. Moments are aware UTC, spans are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from bingx_async.core.claims import Key


@frozen
class Event:
    """Base of all events. `at` is when it happened, by the exchange's clock as far as it is known."""

    at: datetime


@frozen
class BucketEvent(Event):
    """About one bucket or closed scope.

    `kind` is "account" or "egress", `owner` the account or the outgoing address, `name` the endpoint
    ("POST /path"), the group of endpoints, or empty for everything from an address.
    """

    kind: str
    owner: str
    name: str

    @property
    def bucket(self) -> str:
        """Kind, owner and name as one text: "account 1001 POST /path", for example."""
        return str(Key(self.kind, self.owner, self.name))


@frozen
class Queued(BucketEvent):
    """A call has to wait for a bucket, behind `ahead` calls of its own kind."""

    endpoint: str
    account: str
    ahead: int


@frozen
class Granted(Event):
    """A call may leave after having waited for `waited` seconds."""

    endpoint: str
    account: str
    waited: float


@frozen
class Settled(Event):
    """A call has ended; `outcome` is accepted, refused, throttled, unclear, failed or unsent."""

    endpoint: str
    account: str
    outcome: str
    took: float


@frozen
class Abandoned(Event):
    """A call that changes something was cancelled while its reply was awaited: it may have run. It is kept in
    `client.in_doubt`, where it can be resolved."""

    endpoint: str
    account: str
    client_order_ids: tuple[str, ...]
    params: Mapping[str, Any]


@frozen
class Penalised(BucketEvent):
    """The exchange has closed a scope until `until`. `hint` names possible causes."""

    until: datetime
    reason: str
    was_clamped: bool
    hint: str


@frozen
class Probing(BucketEvent):
    """One call goes first into a scope whose closed period is over."""


@frozen
class Reopened(BucketEvent):
    """The probe was let through: the scope is open again."""


@frozen
class ForeignUse(BucketEvent):
    """The exchange has counted `calls` that are not ours: another program uses this account or address."""

    calls: int


@frozen
class BudgetLow(Event):
    """`used` of `limit` business errors with `code` are counted on `endpoint`; one more than `limit` closes it."""

    endpoint: str
    account: str
    code: int
    used: int
    limit: int


@frozen
class CountingLearnt(BucketEvent):
    """The replies leave only `model` as the exchange's way of counting."""

    model: str


@frozen
class StoreLost(Event):
    """The shared store does not answer; `policy` says how calls go on meanwhile."""

    error: str
    policy: str


@frozen
class StoreFound(Event):
    """The shared store answers again after `away` seconds."""

    away: float


@frozen
class ClockStepped(Event):
    """The exchange's clock was found `by` seconds away from where it was believed to be."""

    by: float


@frozen
class CarrierChosen(Event):
    """Parameters travel by `carrier` from now on; `reason` says how that was found out."""

    carrier: str
    reason: str


@frozen
class SwitchChanged(Event):
    """A dead man's switch is in `state` (a value of `SwitchState`), or a renewal failed; `why` has the error, if any.
    It cancels every open order at `trigger_time` at the earliest."""

    state: str
    trigger_time: datetime
    why: str


@frozen
class BookPolicyChanged(Event):
    """The order book of `symbol` now follows `policy` (a value of `BookPolicy`), after updates were missing `gaps`
    times."""

    symbol: str
    policy: str
    gaps: int
