"""All buckets of one governor: reserve every claim of a call or none, and end each call once. `now` is monotonic ms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, count
from math import inf
from typing import NamedTuple, TypeVar

from attrs import frozen

from bingx_async.core.bucket import AccountBucket, Bucket, Slots, kept_of
from bingx_async.core.budget import ErrorBudget
from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.core.gates import BucketState, Gates, StoreRefusals, state_of
from bingx_async.core.quota import UNLIMITED

B = TypeVar("B", bound=Bucket)
COLD_MARGIN = 250.0  # ms on top of one occupancy: calls of the process before may still have been on their way
FORGET_EVERY = 60_000.0  # ms between looks for errors and closed periods that can be forgotten
MOST_DRAWN = 4_096  # claims whose buckets are kept looked up; one costs as much memory as a bucket
SWEEP_FROM = 64  # buckets; below that nothing is worth sweeping


@frozen
class Settings:
    """How buckets are opened: with `share` of each quota, and with `anchor` resting on the exchange's windows.
    `cold_start` is when the ledger began if a process before it may have spent the quotas: for one window they are."""

    share: float = 1.0
    cold_start: float | None = None
    anchor: bool = False


class Drawn(NamedTuple):
    """The buckets of one kind of call: the account's, those of all claims in their order, the same with their keys."""

    account_bucket: AccountBucket | None
    buckets: tuple[Bucket, ...]
    by_key: tuple[tuple[Key, Bucket], ...]
    connections: Slots | None


class Ledger:
    """The buckets, gates and error budgets of one governor, in memory."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.budget = ErrorBudget()
        self.gates = Gates()
        self.store_refusals = StoreRefusals()
        self.urgent_refusals = StoreRefusals()  # of urgent calls: a store may grant them what it refuses to others
        self._accounts: dict[Key, AccountBucket] = {}
        self._addresses: dict[Key, Bucket] = {}
        self._connections: dict[Key, Slots] = {}
        self._drawn: dict[Claims, Drawn] = {}
        self._size = 0
        self._numbers = count(1)
        self._open_permits: set[int] = set()  # by number
        self._sweep_at = SWEEP_FROM
        self._forget_at = -inf

    def reserve(self, claims: Claims, now: float, is_urgent: bool = False) -> Permit | NotUntil:
        """Take one token of every claim, or none and say when and where it will be possible."""
        drawn = self._find(claims, now)
        refusal = self._look(claims, drawn, now, is_urgent)
        if refusal is not None:
            return refusal
        probes = self.gates.send_probe(claims.gates) if self.gates else ()
        number = next(self._numbers)
        own, buckets, _, connections = drawn
        permit = Permit(number, claims, buckets, own, now, probes, own.baseline if own is not None else 0, connections)
        for bucket in buckets:
            bucket.take(now)
        if connections is not None:
            connections.in_flight += 1
        self._open_permits.add(number)
        refusals = self.urgent_refusals if is_urgent else self.store_refusals
        if refusals:
            refusals.ask(claims.keys, now)
        return permit

    def look(self, claims: Claims, now: float, is_urgent: bool = False) -> NotUntil | None:
        """The refusal that `reserve` would give, or None where it would grant; takes nothing."""
        return self._look(claims, self._find(claims, now), now, is_urgent)

    def _look(self, claims: Claims, drawn: Drawn, now: float, is_urgent: bool) -> NotUntil | None:
        latest, key = now, None
        for bucket_key, bucket in drawn.by_key:
            ready = bucket.ready_at(now, is_urgent)
            if ready > latest:
                latest, key = ready, bucket_key
        if self.gates:
            for gate_key in claims.gates:
                gate = self.gates.get(gate_key)
                if gate is not None and gate.ready_at(now) > latest:
                    latest, key = gate.ready_at(now), gate_key
        refusals = self.urgent_refusals if is_urgent else self.store_refusals
        if refusals:
            for refused_key in claims.keys:
                if refusals.until(refused_key) > latest:
                    latest, key = refusals.until(refused_key), refused_key
        if key is None and claims.connections is not None and drawn.connections is not None:
            return None if drawn.connections.has_room(is_urgent) else NotUntil(inf, claims.connections[0])
        return None if key is None else NotUntil(latest, key)

    def nth_ready_at(
        self,
        claims: Claims,
        ahead: int,
        now: float,
        ahead_at: Mapping[Key, int] | None = None,
        is_urgent: bool = False,
    ) -> NotUntil:
        """The earliest moment (a lower bound) for a call with `ahead` calls of the same claims before it, and with
        `ahead_at` of any claims at some buckets."""
        drawn, latest, key = self._find(claims, now), now, claims.endpoint_gate
        if claims.connections is not None and drawn.connections and not drawn.connections.has_room(is_urgent):
            key = claims.connections[0]  # until a call ends
        for bucket_key, bucket in drawn.by_key:
            first = bucket.ready_at(now, is_urgent)
            if bucket.in_flight:
                first = min(first, now + bucket.occupancy)
            before = ahead_at.get(bucket_key, ahead) if ahead_at else ahead
            ready = max(bucket.nth_ready_at(before, now, is_urgent), first)
            if ready > latest:
                latest, key = ready, bucket_key
        for gate_key in claims.gates:
            gate = self.gates.get(gate_key)
            if gate is not None and gate.closed_until > latest:
                latest, key = gate.closed_until, gate_key
        refusals = self.refusals_of(is_urgent)
        for refused_key in claims.keys if refusals else ():
            if refusals.named(refused_key) > latest:
                latest, key = refusals.named(refused_key), refused_key
        return NotUntil(latest, key)

    def refusals_of(self, is_urgent: bool) -> StoreRefusals:
        """What a shared store has refused to calls of this kind."""
        return self.urgent_refusals if is_urgent else self.store_refusals

    def tokens(self, claims: Claims, now: float) -> int:
        """The tokens that the account has free: none while the endpoint is closed, any number for a public call."""
        if self.gates and claims.endpoint_gate in self.gates:
            return 0
        own = self._find(claims, now).account_bucket
        return own.limit - own.live(now) if own is not None else UNLIMITED.limit

    def own_ready_at(self, claims: Claims, ahead: int, now: float) -> float:
        """When the account could have a token (a lower bound) for a call with `ahead` calls of its own before it."""
        own = self._find(claims, now).account_bucket
        return own.nth_ready_at(ahead, now) if own is not None else now

    def spare(self, key: Key, now: float) -> int:
        """The tokens that the address' bucket `key` would grant at once, without a distance."""
        bucket = self._addresses.get(key)
        return max(0, bucket.limit - bucket.live(now) - bucket.limit // 2) if bucket is not None else 0

    def settle(self, permit: Permit, at: float, extra: float = 0.0, *, opens: bool = False) -> tuple[Key, ...]:
        """The call has ended at `at`: its tokens return one occupancy plus `extra` (linger, or minus the credit) later.
        `opens`: the reply proves that the scope is open. Returns the scopes that a probe has reopened."""
        try:
            self._open_permits.remove(permit.number)
        except KeyError:
            return ()
        for bucket in permit.buckets:
            bucket.expire_at(at + bucket.occupancy + extra)
        if permit.connections is not None:
            permit.connections.in_flight -= 1
        return self.gates.end_probe(permit, opens) if permit.probes else ()

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        try:
            self._open_permits.remove(permit.number)
        except KeyError:
            return
        for bucket in permit.buckets:
            bucket.release()
        if permit.connections is not None:
            permit.connections.in_flight -= 1
        if self.store_refusals or self.urgent_refusals:
            self.store_refusals.answered(permit.claims.keys)
            self.urgent_refusals.answered(permit.claims.keys)
        self.gates.end_probe(permit, opens=False)

    def states(self, now: float) -> Iterator[BucketState]:
        """Every bucket in use and every closed scope: the accounts', the addresses', then scopes without a bucket."""
        for key, bucket in chain(self._accounts.items(), self._addresses.items()):
            gate = self.gates.get(key)
            if gate is not None or bucket.quota.limit < UNLIMITED.limit:
                yield state_of(key, bucket, gate, now)
        for key, gate in self.gates.items():
            if key not in self._accounts and key not in self._addresses:
                yield BucketState(key, UNLIMITED, 0, 0, gate.ready_at(now), gate.closed_until, gate.reason)

    def _find(self, claims: Claims, now: float) -> Drawn:
        """The buckets of `claims`, looked up once until the next sweep."""
        drawn = self._drawn.get(claims)
        if drawn is None:
            if len(self._drawn) >= min(self._sweep_at, MOST_DRAWN):
                self._drawn.clear()
            if self._size >= self._sweep_at:
                self._sweep(now)  # before any is looked up: one that is about to be used must not be dropped
            drawn = self._drawn[claims] = self._look_up(claims, now)
        return drawn

    def _look_up(self, claims: Claims, now: float) -> Drawn:
        by_key: list[tuple[Key, Bucket]] = []
        share, own, connections = self.settings.share, None, None
        if claims.account_claim is not None:
            key, quota, _ = claims.account_claim
            own = self._accounts.get(key)
            if own is None:
                own = self._open(
                    self._accounts, key, AccountBucket(quota, share, self.settings.anchor, claims.kept), now
                )
            by_key.append((key, own))
        for key, quota, is_paced in claims.egress_claims:
            bucket = self._addresses.get(key)
            if bucket is None:
                bucket = self._open(self._addresses, key, Bucket(quota, share, is_paced, kept_of(quota, share)), now)
            by_key.append((key, bucket))
        if claims.connections is not None:
            name, limit = claims.connections
            connections = self._connections.setdefault(name, Slots(limit))
        return Drawn(own, tuple(bucket for _, bucket in by_key), tuple(by_key), connections)

    def _open(self, buckets: dict[Key, B], key: Key, bucket: B, now: float) -> B:
        """Keep and count a new bucket; after a cold start it counts as spent by the process before."""
        buckets[key] = bucket
        self._size += 1
        began = self.settings.cold_start
        if began is not None and began + bucket.occupancy + COLD_MARGIN > now and bucket.quota.limit < UNLIMITED.limit:
            bucket.expiries = [began + bucket.occupancy + COLD_MARGIN] * bucket.limit
        return bucket

    def _sweep(self, now: float) -> None:
        """Forget idle buckets and, from time to time, errors and closed periods that are long over."""
        self._accounts = {key: bucket for key, bucket in self._accounts.items() if not bucket.is_idle(now)}
        self._addresses = {key: bucket for key, bucket in self._addresses.items() if not bucket.is_idle(now)}
        self._drawn.clear()
        self._size = len(self._accounts) + len(self._addresses)
        self.store_refusals.sweep(now)
        self.urgent_refusals.sweep(now)
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY
            self.budget.sweep(now)
            self.gates.sweep(now)
        self._sweep_at = max(SWEEP_FROM, 2 * self._size)
