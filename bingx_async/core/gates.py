"""The scopes that the exchange has closed, until a moment that only ever moves to a later one; a store's refusals.

Then one call goes first as a probe and the others wait: its success opens the scope, a refusal closes it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from attrs import frozen

from bingx_async.core.bucket import AccountBucket, Bucket
from bingx_async.core.claims import Key, Permit
from bingx_async.core.quota import Quota

LONGEST_PENALTY = 3_600_000.0  # ms; a moment further away is more likely a misreading: it is clamped and reported
BELIEVED = 3  # moments in a row that a refusal names; each was followed by another refusal
FORGOTTEN = 3_600_000.0  # ms after its end in which no call has gone into a closed period
CEILING = 300_000.0  # ms; a block is said to end after 5 minutes at the latest, see docs/facts
ASKING = 2_000.0  # ms after which an answer of the shared store is no longer waited for


def backoff(attempt: int, window: float, draw: float) -> float:
    """Milliseconds to wait after refusal `attempt` (from 0): one window, then full jitter over 1, 2, 4 … windows;
    `draw` is uniform in [0, 1). Nothing can be free before one window (ms). At most 5 minutes."""
    spread = window * 2.0 ** min(attempt, 30)
    return min(CEILING, window + draw * min(spread, CEILING))


@frozen
class Penalty:
    """A scope was closed: until when, why, and whether the moment had to be clamped."""

    key: Key
    until: float
    reason: str
    was_clamped: bool = False


class Gate:
    """One closed scope. `closed_at` is when it was last closed, `streak` how often in a row without a moment."""

    __slots__ = ("closed_at", "closed_until", "is_probed", "reason", "streak")

    def __init__(self, now: float) -> None:
        self.closed_at = now
        self.closed_until = now
        self.is_probed = False
        self.reason = ""
        self.streak = 0

    def ready_at(self, now: float) -> float:
        """When a call may pass: at the reopening, or only when the probe in flight has been answered."""
        if self.closed_until > now:
            return self.closed_until
        return inf if self.is_probed else now


class Gates(dict[Key, Gate]):
    """The closed scopes of one ledger; empty while there is none."""

    def close(self, key: Key, until: float, now: float, reason: str) -> Penalty:
        """Close `key` until `until`, one hour from now at most; a longer closed period is never shortened."""
        clamped = min(max(until, now), now + LONGEST_PENALTY)
        gate = self.setdefault(key, Gate(now))
        if clamped >= gate.closed_until:
            gate.closed_until, gate.reason = clamped, reason
        gate.closed_at = now
        return Penalty(key, gate.closed_until, reason, clamped != until)

    def close_again(
        self, permit: Permit, key: Key, until: float, window: float, draw: float, now: float, reason: str
    ) -> Penalty:
        """Close `key` until a moment that the exchange named; moments that only lead to the next refusal, several times
        in a row, are worth less than a growing time of our own."""
        gate = self.get(key)
        is_next = gate is None or permit.granted_at >= gate.closed_at
        streak = gate.streak + is_next if gate is not None else 1
        if streak > BELIEVED:
            until = max(until, now + backoff(streak - BELIEVED - 1, window, draw))
        penalty = self.close(key, until, now, reason)
        self[key].streak = streak
        return penalty

    def back_off(self, permit: Permit, key: Key, window: float, draw: float, now: float, reason: str) -> Penalty:
        """Close `key` for a growing time of our own, since the exchange named no moment."""
        gate = self.get(key)
        # Several calls in flight may be refused for the same cause: that alone does not make the time grow.
        if gate is not None and permit.granted_at < gate.closed_at:
            return Penalty(key, gate.closed_until, gate.reason)
        streak = gate.streak if gate is not None else 0
        penalty = self.close(key, now + backoff(streak, window, draw), now, reason)
        self[key].streak = streak + 1
        return penalty

    def send_probe(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """A call leaves into these scopes now; returns those that are closed, of which it is the probe."""
        probed = tuple(key for key in keys if key in self)
        for key in probed:
            self[key].is_probed = True
        return probed

    def end_probe(self, permit: Permit, opens: bool) -> tuple[Key, ...]:
        """The probe has ended; with `opens` its reply proves that it was let through. Returns what is open again."""
        opened: list[Key] = []
        for key in permit.probes:
            gate = self[key]
            gate.is_probed = False
            if opens and gate.closed_until <= permit.granted_at:  # a later closure is not the probe's to open
                del self[key]
                opened.append(key)
        return tuple(opened)

    def sweep(self, now: float) -> None:
        """Forget the closed periods that ended long ago and into which no call has gone since."""
        for key, gate in list(self.items()):
            if not gate.is_probed and gate.closed_until + FORGOTTEN <= now:
                del self[key]


class StoreRefusals(dict[Key, float]):
    """Keys for which a shared store had no token before the moment it named; empty while it has never refused. Then
    one call at a time asks, or every waiting call of every process would ask for every token that comes free."""

    def __init__(self) -> None:
        super().__init__()
        self._asking: dict[Key, float] = {}

    def record(self, key: Key, until: float) -> None:
        """The store has no token for `key` before `until`; an earlier moment than one known changes nothing."""
        self[key] = max(until, self.get(key, until))

    def named(self, key: Key) -> float:
        """The moment the store named, or minus infinity."""
        return self.get(key, -inf)

    def until(self, key: Key) -> float:
        """When the store may be asked for `key`: at the moment it named, or once the call that asks has its answer."""
        return max(self.named(key), self._asking.get(key, -inf))

    def ask(self, keys: Iterable[Key], now: float) -> None:
        """A call asks the store now; other calls wait for its answer."""
        for key in keys:
            if key in self:
                self._asking[key] = now + ASKING

    def answered(self, keys: Iterable[Key]) -> None:
        """The call that asked is over: the next may ask."""
        for key in keys:
            self._asking.pop(key, None)

    def granted(self, keys: Iterable[Key], until: Mapping[Key, float]) -> bool:
        """The store had tokens, and names the moments of the next ones where there are none left for now: until then no
        call asks, and then one alone. Whether other calls may ask earlier than was known."""
        had_refused = bool(self)
        for key in keys:
            self._asking.pop(key, None)
            self.pop(key, None)
        self.update(until)
        return had_refused

    def allow_now(self, keys: Iterable[Key] | None = None) -> None:
        """These, or all, may have come free: whatever moment the store named, the next call may ask at once."""
        self.update(dict.fromkeys(self if keys is None else self.keys() & set(keys), -inf))

    def sweep(self, now: float) -> None:
        """Forget the moments that are over."""
        for key, until in list(self.items()):
            if max(until, self._asking.get(key, -inf)) <= now:
                del self[key]
        self._asking = {key: until for key, until in self._asking.items() if key in self}


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


def state_of(key: Key, bucket: Bucket, gate: Gate | None, now: float) -> BucketState:
    """The state of a bucket, with that of the gate of the same name."""
    free = max(0, bucket.limit - bucket.live(now))
    closed_until, reason = (gate.closed_until, gate.reason) if gate is not None else (None, "")
    counting = bucket.counting if isinstance(bucket, AccountBucket) else None
    told = str(counting) if counting is not None else ""
    return BucketState(key, bucket.quota, free, bucket.in_flight, bucket.ready_at(now), closed_until, reason, told)
