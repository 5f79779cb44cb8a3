"""Where quota is kept for several processes. A governor asks its own ledger first and then, if it has one, a store.

A store is asked once per call and told once when the call has ended. It answers in spans (milliseconds), since
every process has a monotonic axis of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

from attrs import frozen

from bingx_async.core.bucket import occupancy_of
from bingx_async.core.budget import ErrorKey
from bingx_async.core.ledger import Claims, Key, Ledger, NotUntil, Permit, Settings
from bingx_async.runtime.clock import STALE_AFTER, monotonic_ms

PROBE_LOOK = 1_000.0  # ms; somebody else's probe is told about when it ends, and looked at this often


@frozen
class Ask:
    """May a call with these claims leave? `permit` names it for good; its request lives `life` ms at most.

    `share` is the part of every quota to use; `error_limit` and `error_window` (ms) hold for calls that create.
    """

    permit: str
    claims: Claims
    max_lifetime_ms: float
    share: float
    error_limit: int
    error_window: float


@frozen
class Granted:
    """It may. `bound` comes back with the settlement; `live` are the calls live in the bucket of each claim."""

    bound: int
    live: tuple[int, ...]


@frozen
class Later:
    """Not before `wait` ms have passed, because of `key`."""

    wait: float
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

    `extra` ms are added to every occupancy; `opens` means that the scope is open; `code` is a business error's number;
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
    share: float = 1.0


class QuotaStore(Protocol):
    """Quota, closed periods and error budgets of several governors.

    Everything but `reserve`, `rejoin` and `aclose` returns at once and is delivered as soon as possible.
    """

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none. Raises `StoreUnavailable`. Cancelled, it keeps nothing."""
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

    async def invalidate_history(self, notice: float) -> None:
        """Somebody granted calls while the store was away; others notice its return within `notice` ms."""
        ...

    async def read_clock(self) -> tuple[float, float] | None:
        """The exchange's clock minus this process' monotonic one, as somebody found out, and its age; both ms."""
        ...

    def tell_clock(self, offset: float, at: float) -> None:
        """The exchange's clock is `offset` ahead of this process' monotonic one, found out at `at`."""
        ...

    def watch(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever quota may have become free earlier than was said, until `unwatch`."""
        ...

    def unwatch(self, woken: Callable[[], None]) -> None:
        """Nobody waits there any more."""
        ...

    async def flush(self) -> None:
        """Deliver what was told, as far as the store can be reached now."""
        ...

    async def aclose(self) -> None:
        """Deliver what is left and close the connections that are the store's own."""
        ...


class MemoryStore:
    """A store for several governors of one process: a ledger that they share. Never away; needs nothing.

    `share` is the part of every quota it hands out; the governors' own must be the same.
    """

    def __init__(self, share: float = 1.0, *, monotonic: Callable[[], float] = monotonic_ms) -> None:
        self.ledger = Ledger(Settings(share))
        self._monotonic = monotonic
        self._permits: dict[str, Permit] = {}
        self._watchers: dict[Callable[[], None], None] = {}
        self._clock: tuple[float, float] | None = None

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none."""
        if ask.share != self.ledger.settings.share:
            raise ValueError(
                f"share={ask.share:g} of a governor is not that of its store, {self.ledger.settings.share:g}"
            )
        now = self._monotonic()
        claims = ask.claims
        spent = self._spent(ask, now)
        if spent is not None:
            return spent
        answer = self.ledger.reserve(claims, now)
        if isinstance(answer, NotUntil):
            return _later(claims, answer, now)
        self._permits[ask.permit] = answer
        return Granted(answer.bound, tuple(bucket.live(now) for bucket in answer.buckets))

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended."""
        permit = self._permits.pop(done.permit, None)
        if permit is None:  # granted elsewhere
            return
        self.ledger.settle(permit, done.at, done.extra, opens=done.opens)
        if done.code is not None:
            self.ledger.budget.record(ErrorKey(done.claims.account, done.claims.path, done.code), done.at)
        calls = self.ledger.observe(permit, done.remaining, self._monotonic()) if done.remaining is not None else 0
        if calls:
            foreign(calls)
        if permit.probes:
            self._wake()

    def release(self, permit: str, claims: Claims) -> None:  # noqa: ARG002
        """The call was never sent."""
        found = self._permits.pop(permit, None)
        if found is not None:
            self.ledger.release(found)
            self._wake()

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key`."""
        self.ledger.penalise(key, until, self._monotonic(), reason)

    async def invalidate_history(self, notice: float) -> None:
        """It was never away."""

    async def read_clock(self) -> tuple[float, float] | None:
        """What a governor has told, if it is fresh."""
        if self._clock is None or self._monotonic() - self._clock[1] > STALE_AFTER:
            return None
        return self._clock[0], self._monotonic() - self._clock[1]

    def tell_clock(self, offset: float, at: float) -> None:
        """Keep it for the others."""
        self._clock = (offset, at)

    def watch(self, woken: Callable[[], None]) -> None:
        """Call `woken` when a token comes back unspent or a probe ends."""
        self._watchers[woken] = None

    def unwatch(self, woken: Callable[[], None]) -> None:
        """Nobody waits there any more."""
        self._watchers.pop(woken, None)

    async def flush(self) -> None:
        """Nothing is ever on its way."""

    async def aclose(self) -> None:
        """Nothing to close: other governors may go on."""

    def _spent(self, ask: Ask, now: float) -> Spent | None:
        claims = ask.claims
        if not claims.is_creating:
            return None
        budget = self.ledger.budget
        budget.learn(ask.error_limit, ask.error_window)
        in_flight = sum(permit.claims.keys[0] == claims.keys[0] for permit in self._permits.values())
        state = budget.spent(claims.account, claims.path, in_flight, now)
        return Spent(state.key.code, state.used, max(0.0, state.frees_at - now)) if state is not None else None

    def _wake(self) -> None:
        for woken in list(self._watchers):
            woken()


def _later(claims: Claims, refusal: NotUntil, now: float) -> Later:
    """Where only a reply can tell, it takes one occupancy more at least; how a probe ends is told."""
    if refusal.ready_at < inf:
        return Later(refusal.ready_at - now, refusal.key)
    holds = [occupancy_of(claim.quota) for claim in claims.items if claim.key == refusal.key]
    return Later(holds[0] if holds else PROBE_LOOK, refusal.key)
