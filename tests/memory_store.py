"""A store within one process: a ledger that several governors share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

from bingx_async.core.bucket import occupancy_of
from bingx_async.core.budget import ErrorKey
from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.errors import InvalidRequest
from bingx_async.runtime.clock import STALE_AFTER, monotonic_ms
from bingx_async.runtime.governor.store import Ask, Freed, Granted, Later, Settlement, Spent, Woken

PROBE_LOOK = 1_000.0  # ms; the end of another governor's probe is announced, and looked for this often


class MemoryStore:
    """A store for several governors of one process. It is never away and needs nothing else.

    `share` is the part of every quota that it hands out; the governors' own must be the same.
    """

    def __init__(self, share: float = 1.0, *, monotonic: Callable[[], float] = monotonic_ms) -> None:
        self.ledger = Ledger(Settings(share))
        self._monotonic = monotonic
        self._permits: dict[str, Permit] = {}
        self._watchers: dict[Woken, None] = {}
        self._clock: tuple[float, float] | None = None

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none."""
        share = self.ledger.settings.share
        if ask.share != share:
            raise InvalidRequest(f"share={ask.share:g} of a governor is not that of its store, {share:g}")
        now = self._monotonic()
        spent = self._spent(ask, now)
        if spent is not None:
            return spent
        answer = self.ledger.reserve(ask.claims, now, ask.is_urgent)
        if isinstance(answer, NotUntil):
            return _later(ask.claims, answer, now)
        self._permits[ask.permit] = answer
        live = tuple(bucket.live(now) for bucket in answer.buckets)
        ready = ((bucket, bucket.ready_at(now)) for bucket in answer.buckets)
        return Granted(answer.baseline, live, tuple(at - now if at < inf else each.occupancy for each, at in ready))

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended."""
        permit = self._permits.pop(done.permit, None)
        if permit is None:  # granted elsewhere
            return
        self.ledger.settle(permit, done.at, done.extra, opens=done.opens)
        if done.code is not None:
            self.ledger.budget.record(ErrorKey(done.claims.account, done.claims.route, done.code), done.at)
        if done.remaining is not None and permit.account_bucket is not None:
            calls = permit.account_bucket.observe(permit.baseline, done.remaining, self._monotonic())
            if calls:
                foreign(calls)
        if permit.probes:
            self._wake(permit.probes)

    def release(self, permit: str, claims: Claims) -> None:
        """The call was never sent."""
        found = self._permits.pop(permit, None)
        if found is not None:
            self.ledger.release(found)
            self._wake(claims.keys)

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key`."""
        self.ledger.gates.close(key, until, self._monotonic(), reason)

    async def invalidate_history(self, notice: float) -> None:
        """Nothing to invalidate: this store is never away."""

    async def read_clock(self) -> tuple[float, float] | None:
        """The finding that a governor has told, if it is fresh."""
        if self._clock is None or self._monotonic() - self._clock[1] > STALE_AFTER:
            return None
        return self._clock[0], self._monotonic() - self._clock[1]

    def tell_clock(self, offset: float, at: float) -> None:
        """Keep a finding for the other governors."""
        self._clock = (offset, at)

    def watch(self, woken: Woken) -> None:
        """Call `woken` when a token comes back unspent or a probe ends."""
        self._watchers[woken] = None

    def unwatch(self, woken: Woken) -> None:
        """Call `woken` no more."""
        self._watchers.pop(woken, None)

    async def flush(self) -> None:
        """Nothing to deliver: every word arrives at once."""

    async def aclose(self) -> None:
        """Nothing to close: other governors may go on."""

    def _spent(self, ask: Ask, now: float) -> Spent | None:
        claims = ask.claims
        if not claims.is_creating:
            return None
        budget = self.ledger.budget
        budget.learn(ask.error_limit, ask.error_window)
        in_flight = sum(permit.claims.endpoint_gate == claims.endpoint_gate for permit in self._permits.values())
        state = budget.spent(claims.account, claims.route, in_flight, now)
        return Spent(state.key.code, state.used, max(0.0, state.frees_at - now)) if state is not None else None

    def _wake(self, keys: Iterable[Key]) -> None:
        for woken in list(self._watchers):
            woken([Freed(key) for key in keys])


def _later(claims: Claims, refusal: NotUntil, now: float) -> Later:
    """Where only a reply can tell, it takes one more occupancy at least; the end of a probe is announced."""
    if refusal.ready_at < inf:
        return Later(refusal.ready_at - now, refusal.key)
    occupancies = [occupancy_of(claim.quota) for claim in claims.all if claim.key == refusal.key]
    return Later(max(occupancies, default=PROBE_LOOK), refusal.key)
