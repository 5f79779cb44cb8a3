"""What can be observed: frozen values, handed to one hook. Moments are aware UTC, spans are seconds."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen
class Event:
    """Anything that happens. `at` is when, by the exchange's clock as far as it is known."""

    at: datetime


@frozen
class Queued(Event):
    """A call has to wait: for which bucket, behind how many calls of its own kind."""

    endpoint: str
    account: str
    bucket: str
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
class Penalised(Event):
    """The exchange has closed `bucket` until `until`. `hint` says what may be the cause."""

    bucket: str
    until: datetime
    reason: str
    was_clamped: bool
    hint: str


@frozen
class Probing(Event):
    """One call goes first into a scope whose closed period is over."""

    bucket: str


@frozen
class Reopened(Event):
    """The probe was let through: `bucket` is open again."""

    bucket: str


@frozen
class ForeignUse(Event):
    """The exchange's count shows `calls` that are not ours: somebody else uses this account or address."""

    bucket: str
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
class CountingLearnt(Event):
    """The replies about `bucket` leave only `model` as the exchange's way of counting."""

    bucket: str
    model: str


@frozen
class StoreLost(Event):
    """The shared store does not answer; `policy` is what happens meanwhile."""

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
