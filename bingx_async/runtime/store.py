"""Where quota is kept for several processes. A governor asks its own ledger first and then, if it has one, a store.

A store is asked once per call and told once when the call has ended. It answers in spans (milliseconds), since
every process has a monotonic axis of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from bingx_async.core.ledger import Claims, Key


@frozen
class Ask:
    """May a call with these claims leave? `permit` names it for good; its request lives `life` ms at most.

    `share` is the part of every quota to use; `error_limit` and `error_window` (ms) hold for calls that create.
    """

    permit: str
    claims: Claims
    life: float
    share: float
    error_limit: int
    error_window: float


@frozen
class Granted:
    """It may. `bound` comes back with the settlement."""

    bound: int = 0


@frozen
class Later:
    """Not before `wait` ms have passed, because of `key`; None if that depends on a reply."""

    wait: float | None
    key: Key


@frozen
class Spent:
    """One more error of `code` could close the endpoint; possible in `wait` ms."""

    code: int
    used: int
    wait: float


@frozen
class Settlement:
    """How a call ended, at `at` on this process' monotonic axis.

    `extra` ms are added to every hold; `opens` means that the scope is open; `code` is a business error's number;
    `remaining` what the exchange says is left of the first quota.
    """

    permit: str
    claims: Claims
    at: float
    extra: float
    opens: bool
    code: int | None
    error_window: float
    remaining: int | None
    bound: int


class QuotaStore(Protocol):
    """Quota, closed periods and error budgets of several governors.

    Everything but `reserve`, `rejoin` and `aclose` returns at once and is delivered as soon as possible.
    """

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none. Raises `StoreUnavailable`."""
        ...

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended; `foreign` is called with the number of calls that are not ours, if any."""
        ...

    def release(self, permit: str, claims: Claims) -> None:
        """The call was never sent."""
        ...

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key` until `until` on this process' monotonic axis."""
        ...

    async def rejoin(self, away_for: float, notice: float) -> None:
        """This process granted calls on its own for `away_for` ms; others notice the return within `notice` ms."""
        ...

    def watch(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever quota may have become free earlier than was said, until `unwatch`."""
        ...

    def unwatch(self) -> None:
        """Nobody waits any more."""
        ...

    async def flush(self) -> None:
        """Deliver what was told, as far as the store can be reached now."""
        ...

    async def aclose(self) -> None:
        """Deliver what is left and close the connections that are the store's own."""
        ...
