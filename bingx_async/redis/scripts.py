"""The Lua scripts, the names of their keys, and the calls of them.

A script is put together from the parts it uses, one concern a file, and its own file at the end; its head lists the
keys and arguments in order. `now` is empty where the server's own clock counts; tests give a moment.

All keys of a namespace share one hash tag, so that a cluster keeps them on one node. Every key expires by itself.
Sizes: a bucket in use has two sorted sets (`expiries` and `in_flight`, together at most `limit` members of about 100
bytes) and a hash of three fields (`state`), while processes wait for it also one with two members for each (`line`); a
closed scope has a hash of five (`gate`); an endpoint that creates orders
and had errors has a sorted set of a few dozen members at most (`errors`). `history` and `clock` are one string each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple

from attrs import frozen

from bingx_async.core.bucket import MARGIN, STRETCH, Bucket, kept_of, occupancy_of, share_of
from bingx_async.core.claims import Claims, Key
from bingx_async.core.gates import LONGEST_PENALTY
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.quota import UNLIMITED
from bingx_async.runtime.governor.store import Ask, Freed, Settlement

PARTS = {
    "reserve": ("history", "turns", "buckets", "gates", "error_budget"),
    "release": ("turns",),
    "invalidate_history": ("history",),
}
CLOCK_AGE = 300_000.0  # ms; a measurement of the exchange's clock is not used for longer


@frozen
class Names:
    """Keys of one namespace."""

    namespace: str

    def of(self, kind: str, key: Key | None = None) -> str:
        """`history`, `clock`, `channel`; with a `key` `gate`, `errors`, `expiries`, `in_flight`, `state` or `line`."""
        owner = f":{key.kind}:{key.owner}:{key.name}" if key is not None else ""
        return f"bingx:{{{self.namespace}}}:{kind}{owner}"

    def gates(self, claims: Claims) -> list[str]:
        """The gates of the endpoint and of the egress."""
        return [self.of("gate", key) for key in claims.gates]

    def buckets(self, claims: Claims, *kinds: str) -> list[str]:
        """The keys of every claim, claim by claim."""
        return [self.of(kind, claim.key) for claim in claims.all for kind in kinds]


@cache
def source(script: str) -> str:
    """The text of a script as the server gets it."""
    folder = files("bingx_async.redis") / "lua"
    parts = ("prelude", *PARTS.get(script, ()), script)
    return "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in parts)


@cache
def digest(script: str) -> str:
    """The server's name for it."""
    return sha1(source(script).encode(), usedforsecurity=False).hexdigest()


class ScriptCall(NamedTuple):
    """A script, its keys and its arguments."""

    script: str
    keys: Sequence[str | bytes]
    arguments: list[str]


def reserve(names: Names, ask: Ask, deadline: str = "", now: str = "", cold: float = COLD_MARGIN) -> ScriptCall:
    """Take a token of every claim or none; `deadline` is the moment in Redis after which nothing may be taken."""
    claims, account = ask.claims, account_claim(ask.claims)
    limit = ask.error_limit if claims.is_creating and account else 0
    words: list[object] = [ask.permit, ask.max_lifetime_ms, cold, deadline or "-"]
    words += [account, limit, _stretched(ask.error_window), int(ask.is_urgent)]
    for claim in claims.all:
        kept = claims.kept if claim is claims.account_claim else kept_of(claim.quota, ask.share)
        bucket = Bucket(claim.quota, ask.share, claim.is_paced, kept)
        words += [bucket.limit, bucket.kept, bucket.occupancy, bucket.spacing, int(claim.key in ask.more)]
    return ScriptCall("reserve", _keys(names, claims, ("history",), ("line",)), [now, " ".join(map(str, words))])


def settle(names: Names, done: Settlement, age: float, now: str = "") -> ScriptCall:
    """The call has ended `age` ms ago."""
    claims = done.claims
    code = "-" if done.code is None or not claims.is_creating else str(done.code)
    words: list[object] = [done.permit, age, int(done.opens), code, _stretched(done.error_window)]
    words += [*_used(done), done.bound]
    for claim in claims.all:
        occupancy = occupancy_of(claim.quota)
        words += [occupancy, occupancy + done.extra]
    told = [names.of("channel"), " ".join(map(str, words))]
    return ScriptCall("settle", _keys(names, claims), [now, *told, *map(_label, claims.gates)])


def release(names: Names, permit: str, claims: Claims, now: str = "") -> ScriptCall:
    """The call was never sent."""
    keys = [*names.gates(claims), *names.buckets(claims, "in_flight", "line")]
    labels = [*map(_label, claims.gates), *(_label(claim.key) for claim in claims.all)]
    return ScriptCall("release", keys, [now, permit, names.of("channel"), *labels])


def penalise(names: Names, key: Key, span: float, reason: str, now: str = "") -> ScriptCall:
    """Close `key` for `span` ms."""
    return ScriptCall("penalise", [names.of("gate", key)], [now, repr(span), reason, repr(LONGEST_PENALTY)])


def invalidate_history(names: Names, notice: float, now: str = "") -> ScriptCall:
    """Redis' memory of calls until `notice` ms from now is incomplete."""
    return ScriptCall("invalidate_history", [names.of("history")], [now, repr(notice)])


def tell_clock(names: Names, ahead: float, age: float, now: str = "") -> ScriptCall:
    """The exchange's clock is `ahead` ms ahead of Redis', measured `age` ms ago."""
    return ScriptCall("exchange_clock", [names.of("clock")], [now, repr(ahead), repr(age), repr(CLOCK_AGE)])


def read_clock(names: Names, now: str = "") -> ScriptCall:
    """Read the latest measurement of the exchange's clock."""
    return ScriptCall("exchange_clock", [names.of("clock")], [now, "", "0", repr(CLOCK_AGE)])


def account_claim(claims: Claims) -> int:
    """The number of the account's claim, counted from 1 as in Lua; 0 for a call that draws on no account."""
    return claims.all.index(claims.account_claim) + 1 if claims.account_claim is not None else 0


def refusing_key(claims: Claims, kind: str, number: str) -> Key:
    """The key that a refusal names by `claim` or `gate` and its number."""
    keys = claims.gates if kind == "gate" else [claim.key for claim in claims.all]
    return keys[int(number) - 1]


def read_freed(message: str) -> list[Freed] | None:
    """The keys that a message of `release` or `settle` names; None if it is of another version."""
    lines = [line.partition(" ") for line in message.split("\n")]
    try:
        return [Freed(Key(*json.loads(label)), process) for process, _, label in lines]
    except (ValueError, TypeError):
        return None


def _used(done: Settlement) -> tuple[int, int]:
    """The number of the account's claim, and the used calls of our share; zeros if the exchange told no sound count."""
    claim = done.claims.account_claim
    if done.remaining is None or claim is None:
        return 0, 0
    limit = claim.quota.limit
    is_sound = 0 <= done.remaining <= limit < UNLIMITED.limit
    return (account_claim(done.claims), share_of(limit, done.share) - done.remaining) if is_sound else (0, 0)


@lru_cache(maxsize=4096)
def _keys(names: Names, claims: Claims, first: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> list[bytes]:
    """`first`, the gates, the errors, and three keys of each claim and `more`; cached, since calls use the same."""
    keys = [*map(names.of, first), *names.gates(claims), names.of("errors", claims.endpoint_gate)]
    return [key.encode() for key in keys + names.buckets(claims, "expiries", "in_flight", "state", *more)]


@lru_cache(maxsize=4096)
def _label(key: Key) -> str:
    """How a message names a key."""
    return json.dumps(key)


def _stretched(window: float) -> float:
    """An error was counted before its reply came: until then it may be in the exchange's window."""
    return window * (1.0 + STRETCH) + MARGIN
