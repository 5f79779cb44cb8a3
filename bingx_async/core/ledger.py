"""All buckets and all closed periods: reserve every claim of a call or none, settle, penalise, observe.

Decisions are synchronous and hold no clock: `now` is monotonic milliseconds. A refusal is a value, `NotUntil`,
that says when and which bucket; it leaves the ledger as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import inf
from typing import Any, NamedTuple

from attrs import field, frozen

from bingx_async.core.backoff import backoff
from bingx_async.core.bucket import MARGIN, Bucket
from bingx_async.core.budget import ErrorBudget
from bingx_async.core.catalogue import Profile
from bingx_async.core.counting import Counting
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import UNLIMITED, Quota
from bingx_async.core.store_refusals import StoreRefusals

LONGEST_PENALTY = 3_600_000.0  # ms; a moment further away is clamped and reported (GOVERNOR.md)
COLD_MARGIN = 250.0  # ms on top of one occupancy after a cold start (GOVERNOR.md)
LISTENING_GAP = 0.25  # of a window, between grants while less than half of the tokens are free
LISTENING_CALLS = 64  # after so many calls of a bucket no more are held apart
FORGOTTEN = 3_600_000.0  # ms after its end in which nobody has called into a closed period
FORGET_EVERY = 60_000.0  # ms between looks for what else can be forgotten
SWEEP_FROM = 64  # buckets; below that nothing is worth sweeping


class Key(NamedTuple):
    """Names a bucket or a closed scope: whose it is, and what it counts."""

    kind: str  # "account" | "egress"
    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.owner}{' ' + self.name if self.name else ''}"


class Claim(NamedTuple):
    """One bucket that a call draws on."""

    key: Key
    quota: Quota
    is_paced: bool


@frozen(eq=False)
class Claims:
    """Everything one call draws on. `gates` are what can be closed: the endpoint, then the whole egress."""

    account: str
    egress: str
    path: str
    items: tuple[Claim, ...]
    gates: tuple[Key, Key]
    is_creating: bool = False
    keys: tuple[Key, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "keys", (*(claim.key for claim in self.items), self.gates[1]))


def claims_of(endpoint: Endpoint[Any], profile: Profile, account: str, egress: str) -> Claims:
    """The claims of `endpoint` under `profile`: the account's, then the address' own and its group's."""
    path, route, group = endpoint.path, endpoint.route, endpoint.group
    found: list[Claim] = []
    if not endpoint.is_public:
        found.append(Claim(Key("account", account, route), profile.quota_of(endpoint), False))
    if endpoint.is_public or profile.interface[group] is not UNLIMITED:
        found.append(Claim(Key("egress", egress, route), profile.interface[group], True))
    for quota in profile.groups[group]:
        if quota is not UNLIMITED:
            name = f"group {group.value} per {quota.window:g} s"
            found.append(Claim(Key("egress", egress, name), quota, True))
    return Claims(account, egress, path, tuple(found), (found[0].key, Key("egress", egress, "")), endpoint.is_creating)


@frozen
class NotUntil:
    """A call cannot leave before `ready_at` (infinity: not before a reply comes in), because of `key`."""

    ready_at: float
    key: Key


class Permit:
    """A call that may leave now. Settle it exactly once; more often does nothing."""

    __slots__ = ("bound", "buckets", "claims", "granted_at", "is_settled", "live", "place", "probes", "ticket")

    def __init__(self, claims: Claims, buckets: list[Bucket], granted_at: float) -> None:
        self.claims = claims
        self.buckets = buckets
        self.granted_at = granted_at
        self.is_settled = False
        self.probes: tuple[Key, ...] = ()
        self.ticket: str | None = None  # its name in a shared store that has granted it too
        self.live: tuple[int, ...] = ()  # how many calls are live in each bucket there
        self.place: tuple[int, int] = (0, 0)  # the place in the queue, kept for a repeat
        # With the first bucket's grants since: an upper bound of what the exchange can have counted of ours.
        self.bound = len(buckets[0].expiries) + buckets[0].in_flight - buckets[0].grants

    def __repr__(self) -> str:
        return f"Permit({self.claims.path}, {'settled' if self.is_settled else 'in flight'})"


class Gate:
    """A scope the exchange has closed. At `closed_until` one call goes first as a probe."""

    __slots__ = ("closed_at", "closed_until", "probe", "reason", "streak")

    def __init__(self, now: float) -> None:
        self.closed_at = now
        self.closed_until = now
        self.probe: Permit | None = None
        self.reason = ""
        self.streak = 0

    def ready_at(self, now: float) -> float:
        """When a call may pass: at the reopening, or only when the probe in flight has been answered."""
        if self.closed_until > now:
            return self.closed_until
        return now if self.probe is None else inf


@frozen
class Penalty:
    """A scope was closed: until when, why, and whether the moment had to be clamped."""

    key: Key
    until: float
    reason: str
    was_clamped: bool = False


@frozen
class BucketState:
    """One bucket at one moment; moments on the ledger's axis."""

    key: Key
    quota: Quota
    available: int
    in_flight: int
    next_at: float
    closed_until: float | None = None
    reason: str = ""
    counting: str = ""


@frozen
class Settings:
    """`share` of each quota that is ours; `cold_until`: buckets opened before are treated as spent till then."""

    share: float = 1.0
    cold_start: float | None = field(default=None)  # the moment the ledger began, if its past is to be feared
    anchor: bool = False  # return tokens when a fixed window ends, once it is known to be one


class Ledger:
    """The buckets and gates of one governor, in memory."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.budget = ErrorBudget()
        self._buckets: dict[Key, Bucket] = {}
        self._gates: dict[Key, Gate] = {}
        self._store_refusals = StoreRefusals()
        self._sweep_at = SWEEP_FROM
        self._forget_at = -inf

    def reserve(self, claims: Claims, now: float) -> Permit | NotUntil:
        """Take one token of every claim, or none and say when and where it will be possible."""
        buckets = self._find(claims, now)
        refusal = self._look(claims, buckets, now)
        if refusal is not None:
            return refusal
        permit = Permit(claims, buckets, now)
        for bucket in buckets:
            bucket.take(now)
        if self._gates:
            self._send_probe(permit)
        if self._store_refusals:
            self._store_refusals.ask(claims.keys, now)
        return permit

    def look(self, claims: Claims, now: float) -> NotUntil | None:
        """What `reserve` would refuse with, taking nothing."""
        return self._look(claims, self._find(claims, now), now)

    def _look(self, claims: Claims, buckets: list[Bucket], now: float) -> NotUntil | None:
        latest, key = now, None
        for bucket, claim in zip(buckets, claims.items, strict=True):
            ready = bucket.ready_at(now)
            if ready > latest:
                latest, key = ready, claim.key
        if self._gates:
            for gate_key in claims.gates:
                gate = self._gates.get(gate_key)
                if gate is not None and gate.ready_at(now) > latest:
                    latest, key = gate.ready_at(now), gate_key
        if self._store_refusals:
            for held_key in claims.keys:
                if self._store_refusals.until(held_key) > latest:
                    latest, key = self._store_refusals.until(held_key), held_key
        return None if key is None else NotUntil(latest, key)

    def nth_ready_at(self, claims: Claims, ahead: int, now: float) -> NotUntil:
        """The earliest moment (a lower bound) for a call with `ahead` calls of the same claims before it."""
        latest, key = now, claims.items[0].key
        for bucket, claim in zip(self._find(claims, now), claims.items, strict=True):
            first = min(bucket.ready_at(now), now + bucket.occupancy) if bucket.in_flight else bucket.ready_at(now)
            ready = max(bucket.nth_ready_at(ahead, now), first)
            if ready > latest:
                latest, key = ready, claim.key
        for gate_key in claims.gates:
            gate = self._gates.get(gate_key)
            if gate is not None and gate.closed_until > latest:
                latest, key = gate.closed_until, gate_key
        for held_key in claims.keys if self._store_refusals else ():
            if self._store_refusals.named(held_key) > latest:
                latest, key = self._store_refusals.named(held_key), held_key
        return NotUntil(latest, key)

    def hold_back(self, key: Key, until: float) -> None:
        """A shared store has no token for `key` before `until`; unlike a penalty this needs no probe."""
        self._store_refusals.record(key, until)

    def let_go(self) -> None:
        """Something has come free in the store: it may be asked again."""
        self._store_refusals.let_go()

    def confirm(self, claims: Claims, full: Collection[Key]) -> bool:
        """The store has granted the call too; `full` have no token left there. Whether others may ask now."""
        was_held = bool(self._store_refusals)
        if was_held:
            self._store_refusals.granted(claims.keys, full)
        return was_held

    def settle(self, permit: Permit, at: float, extra: float = 0.0, *, opens: bool = False) -> tuple[Key, ...]:
        """The call was answered or given up at `at`: its tokens return one occupancy plus `extra` later.

        `extra` is the linger of a call given up, or minus the credit. With `opens` the reply proves that the
        scope is open. Returns the scopes that a probe has reopened.
        """
        if permit.is_settled:
            return ()
        permit.is_settled = True
        for bucket in permit.buckets:
            bucket.expire_at(at + bucket.occupancy + extra)
        return self._end_probe(permit, opens)

    def release(self, permit: Permit) -> None:
        """Not one byte was written: the tokens are free at once."""
        if permit.is_settled:
            return
        permit.is_settled = True
        for bucket in permit.buckets:
            bucket.release()
        if self._store_refusals:
            self._store_refusals.answered(permit.claims.keys)
        self._end_probe(permit, opens=False)

    def penalise(self, key: Key, until: float, now: float, reason: str) -> Penalty:
        """Close `key` until `until`: clamped to one hour from now, never shortened."""
        clamped = min(max(until, now), now + LONGEST_PENALTY)
        gate = self._gates.setdefault(key, Gate(now))
        if clamped >= gate.closed_until:
            gate.closed_until, gate.reason = clamped, reason
        gate.closed_at = now
        return Penalty(key, gate.closed_until, reason, clamped != until)

    def back_off(self, permit: Permit, key: Key, window: float, draw: float, now: float, reason: str) -> Penalty:
        """Close `key` for a growing time of our own, since the exchange named no moment.

        Several calls in flight may be refused for the same cause: those granted before the scope was last closed
        do not make it grow.
        """
        gate = self._gates.get(key)
        if gate is not None and permit.granted_at < gate.closed_at:
            return Penalty(key, gate.closed_until, gate.reason)
        streak = gate.streak if gate is not None else 0
        penalty = self.penalise(key, now + backoff(streak, window, draw), now, reason)
        self._gates[key].streak = streak + 1
        return penalty

    def observe(self, permit: Permit, remaining: int, now: float) -> int:
        """The exchange says `remaining` calls are left in the account's window; returns the calls that are not ours.

        It may only tighten: the foreign calls hold tokens of ours for one occupancy. Nonsense is ignored. Under a share
        others may use the rest of the quota; what they use beyond it counts.
        """
        bucket = permit.buckets[0]
        if not 0 <= remaining <= bucket.quota.limit < UNLIMITED.limit:
            return 0
        ours = permit.bound + bucket.grants
        foreign = bucket.limit - remaining - max(ours, bucket.live(now))
        for _ in range(foreign):
            bucket.block(now + bucket.occupancy)
        return max(0, foreign)

    def learn(self, permit: Permit, at: float, remaining: int, end: float | None, epoch: float) -> Counting | None:
        """Take what the reply at `at` says about the way of counting; with `anchor`, rest on it once it is sure.

        `end` is when the account's window ends, by the exchange's word; `epoch` turns a moment into epoch
        milliseconds. While that window lasts, every call that was answered has been counted in it or before, so it
        counts no longer for calls sent after `end`. Returns the suspicion if this reply changed it.
        """
        bucket = permit.buckets[0]
        if not 0 <= remaining < bucket.quota.limit < UNLIMITED.limit:
            return None
        if bucket.counting is None:
            bucket.counting = Counting(bucket.quota.limit, bucket.quota.window * 1000.0)
        counting = bucket.counting
        before = str(counting)
        if self.settings.anchor or not counting.is_decided:
            counting.observe(permit.granted_at, at, remaining, bucket.in_flight, end, epoch)
        if self.settings.anchor:
            # Calls all at once look the same under every way of counting: until it is known, some are held apart.
            is_listening = not counting.is_decided and bucket.grants < LISTENING_CALLS
            bucket.spacing = LISTENING_GAP * counting.window if is_listening else 0.0
            if counting.is_fixed and end is not None and end >= at:
                bucket.cap(end + MARGIN)
        return counting if str(counting) != before else None

    def invalidate_counting(self, permit: Permit) -> None:
        """A call was refused for its pace: nothing rests on the way of counting any more."""
        counting = permit.buckets[0].counting
        if counting is not None:
            counting.invalidate()
            permit.buckets[0].spacing = 0.0

    def closed_until(self, key: Key) -> float | None:
        """Until when `key` is closed, or None."""
        gate = self._gates.get(key)
        return gate.closed_until if gate is not None else None

    def states(self, now: float) -> Iterator[BucketState]:
        """Every bucket in use and every closed scope."""
        for key, bucket in self._buckets.items():
            gate = self._gates.get(key)
            if gate is None and bucket.quota.limit >= UNLIMITED.limit:
                continue
            free = max(0, bucket.limit - bucket.live(now))
            closed_until, reason = (gate.closed_until, gate.reason) if gate else (None, "")
            counting = str(bucket.counting) if bucket.counting is not None else ""
            ready = bucket.ready_at(now)
            yield BucketState(key, bucket.quota, free, bucket.in_flight, ready, closed_until, reason, counting)
        for key, gate in self._gates.items():
            if key not in self._buckets:
                yield BucketState(key, UNLIMITED, 0, 0, gate.ready_at(now), gate.closed_until, gate.reason)

    def _send_probe(self, permit: Permit) -> None:
        probed = tuple(key for key in permit.claims.gates if key in self._gates)
        for key in probed:
            self._gates[key].probe = permit
        permit.probes = probed

    def _end_probe(self, permit: Permit, opens: bool) -> tuple[Key, ...]:
        opened: list[Key] = []
        for key in permit.probes:
            gate = self._gates[key]
            gate.probe = None
            if opens and gate.closed_until <= permit.granted_at:  # a later closure is not the probe's to open
                del self._gates[key]
                opened.append(key)
        return tuple(opened)

    def _find(self, claims: Claims, now: float) -> list[Bucket]:
        if len(self._buckets) >= self._sweep_at:
            self._sweep(now)  # before any is looked up: one that is about to be used must not be dropped
        return [self._buckets.get(claim.key) or self._open(claim, now) for claim in claims.items]

    def _open(self, claim: Claim, now: float) -> Bucket:
        bucket = self._buckets[claim.key] = Bucket(claim.quota, self.settings.share, claim.is_paced)
        began = self.settings.cold_start
        if began is not None and began + bucket.occupancy + COLD_MARGIN > now and claim.quota.limit < UNLIMITED.limit:
            bucket.expiries = [began + bucket.occupancy + COLD_MARGIN] * bucket.limit
        return bucket

    def _sweep(self, now: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_idle(now)}
        self._store_refusals.sweep(now)
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY
            self._forget(now)
        self._sweep_at = max(SWEEP_FROM, 2 * len(self._buckets))

    def _forget(self, now: float) -> None:
        """Errors that have left their window, and periods long over into which nobody has called since."""
        self.budget.sweep(now)
        for key, gate in list(self._gates.items()):
            if gate.probe is None and gate.closed_until + FORGOTTEN <= now:
                del self._gates[key]
