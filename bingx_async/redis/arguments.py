"""What each script is called with: its keys and its arguments, as the head of its file lists them.

`now` is empty for the server's own clock; tests give a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from bingx_async.core.bucket import MARGIN, STRETCH, Bucket, occupancy_of, share_of
from bingx_async.core.claims import Claims, Key
from bingx_async.core.gates import LONGEST_PENALTY
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.quota import UNLIMITED
from bingx_async.redis.names import Names
from bingx_async.runtime.governor.store import Ask, Settlement

CLOCK_AGE = 300_000.0  # ms; how old a finding of the exchange's clock may get


class Called(NamedTuple):
    """A script, its keys and its arguments."""

    name: str
    keys: Sequence[str | bytes]
    arguments: list[str]


def reserve(names: Names, ask: Ask, deadline: str = "", now: str = "", cold: float = COLD_MARGIN) -> Called:
    """Take a token of every claim or none."""
    claims = ask.claims
    limit = ask.error_limit if claims.is_creating else 0
    words: list[object] = [ask.permit, ask.max_lifetime_ms, cold, deadline or "-", limit, _stretched(ask.error_window)]
    for claim in claims.all:
        bucket = Bucket(claim.quota, ask.share, claim.is_paced)
        words += [bucket.limit, bucket.occupancy, bucket.spacing]
    return Called("reserve", [names.of("birth"), *_keys(names, claims)], [now, _line(words)])


def settle(names: Names, done: Settlement, age: float, now: str = "") -> Called:
    """The call has ended `age` ms ago."""
    claims = done.claims
    quota = claims.account_claim.quota if claims.account_claim is not None else UNLIMITED
    code = "-" if done.code is None or not claims.is_creating else str(done.code)
    is_sound = done.remaining is not None and 0 <= done.remaining <= quota.limit < UNLIMITED.limit
    left = done.remaining if is_sound else "-"
    words: list[object] = [done.permit, age, int(done.opens), code, _stretched(done.error_window), left]
    words += [done.bound, share_of(quota.limit, done.share)]
    for claim in claims.all:
        occupancy = occupancy_of(claim.quota)
        words += [occupancy, occupancy + done.extra]
    return Called("settle", _keys(names, claims), [now, names.of("channel"), _line(words)])


def release(names: Names, permit: str, claims: Claims) -> Called:
    """The call was never sent."""
    return Called("release", [*names.gates(claims), *names.buckets(claims, "flights")], [permit, names.of("channel")])


def penalise(names: Names, key: Key, span: float, reason: str, now: str = "") -> Called:
    """Close `key` for `span` ms."""
    return Called("penalise", [names.of("gate", key)], [now, repr(span), reason, repr(LONGEST_PENALTY)])


def invalidate_history(names: Names, notice: float, now: str = "") -> Called:
    """Trust nothing from before."""
    return Called("invalidate_history", [names.of("birth")], [now, repr(notice)])


def tell_clock(names: Names, ahead: float, age: float, now: str = "") -> Called:
    """The exchange's clock is `ahead` ms of Redis', found out `age` ms ago."""
    return Called("exchange_clock", [names.of("clock")], [now, repr(ahead), repr(age), repr(CLOCK_AGE)])


def read_clock(names: Names, now: str = "") -> Called:
    """What somebody has found out about the exchange's clock."""
    return Called("exchange_clock", [names.of("clock")], [now, "", "0", repr(CLOCK_AGE)])


@lru_cache(maxsize=4096)
def _keys(names: Names, claims: Claims) -> list[bytes]:
    """The gates, the errors, and three keys of each claim; in use all the time, so laid out once."""
    keys = [*names.gates(claims), names.of("errors", claims.endpoint_gate)]
    return [key.encode() for key in keys + names.buckets(claims, "expiries", "flights", "meta")]


def _stretched(window: float) -> float:
    """An error was counted before its reply came: until then it may be in the exchange's window."""
    return window * (1.0 + STRETCH) + MARGIN


def _line(words: list[object]) -> str:
    return " ".join(map(str, words))
