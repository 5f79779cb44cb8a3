"""Stores keep quotas for several processes. A governor asks its own ledger first and then, if it has one, a store.

It is asked once per call and told once. It answers in spans (ms): every process has a monotonic axis of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from attrs import frozen

from bingx_async.core.claims import Claims, Key


@frozen
class Ask:
    """The question whether a call with these claims may leave."""

    permit: str  # its name for good
    claims: Claims
    max_lifetime_ms: float  # of its request
    share: float  # the part of every quota to use
    error_limit: int  # this and the next hold for calls that create
    error_window: float  # ms
    more: frozenset[Key] = frozenset()  # buckets for which more calls of this process wait
    is_urgent: bool = False  # it may take what is kept of every bucket, and waits behind no other process


@frozen
class Granted:
    """It may leave."""

    bound: int  # comes back with the settlement: a `Permit.baseline`, of the store's own bucket
    live: tuple[int, ...]  # calls live in the bucket of each claim
    waits: tuple[float, ...] = ()  # ms until each bucket has a token for the next call of this process


@frozen
class Later:
    """It may not leave before `wait` ms have passed, because of `key`."""

    wait: float
    key: Key


@frozen
class Spent:
    """It may not leave: one more error of `code` could close the endpoint. Possible in `wait` ms."""

    code: int
    used: int
    wait: float


@frozen
class Settlement:
    """How a call ended."""

    permit: str
    claims: Claims
    at: float  # on this process' monotonic axis
    extra: float  # ms, added to every occupancy
    opens: bool  # the scope is open
    code: int | None  # a business error's number
    error_window: float
    remaining: int | None  # of the account's quota, as the exchange says
    bound: int
    share: float = 1.0


class Freed(NamedTuple):
    """A bucket may have a token earlier than was said, or a closed scope an opening. `process` is whose turn it is, as
    in the names of its permits; empty where every process may ask."""

    key: Key
    process: str = ""


Woken = Callable[[Sequence[Freed] | None], None]


class QuotaStore(Protocol):
    """Quota, closed periods and error budgets of several governors. Telling returns at once; it is delivered soon."""

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none. Raises `StoreUnavailable`. Cancelled, it keeps nothing."""
        ...

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended; `foreign` is called with the number of calls that are not ours, if any."""

    def release(self, permit: str, claims: Claims) -> None:
        """The call was never sent."""

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key` until `until` on this process' monotonic axis."""

    async def invalidate_history(self, notice: float) -> None:
        """A process granted calls while the store was away; the others notice its return within `notice` ms."""

    async def read_clock(self) -> tuple[float, float] | None:
        """The exchange's clock minus this process' monotonic one, as a process has found out, and its age; both ms."""

    def tell_clock(self, offset: float, at: float) -> None:
        """The exchange's clock is `offset` ahead of this process' monotonic one, found out at `at`."""

    def watch(self, woken: Woken) -> None:
        """Call `woken` with what may have become free, or None where that is not known, until `unwatch`."""

    def unwatch(self, woken: Woken) -> None:
        """Call `woken` no more."""

    async def flush(self) -> None:
        """Deliver what was told, as far as the store can be reached now."""

    async def aclose(self) -> None:
        """Deliver what is left and close the connections that are the store's own."""
