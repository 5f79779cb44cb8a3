"""Connections as a claim, and tokens that are kept for urgent calls."""

from __future__ import annotations

from math import inf

import pytest
from attrs import evolve

from bingx_async.core.bucket import AccountBucket, Bucket, Slots, occupancy_of
from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.core.gates import Gate
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.core.quota import UNLIMITED, Quota
from tests.core.made_up import claims_under, profile_of

CONNECTIONS = Key("connections", "1", "")
FIVE, HALF = Quota(5, 1), 500.0
OCCUPANCY = occupancy_of(FIVE)


def over(number: int = 2, key: Key = CONNECTIONS, quota: Quota = FIVE, kept: int = 0) -> Claims:
    """The claims of a call that travels over so many connections."""
    return evolve(claims_under(profile_of({"/a": quota}, UNLIMITED), "/a"), connections=(key, number), kept=kept)


def granted(answer: Permit | NotUntil) -> Permit:
    """It is a permit."""
    assert isinstance(answer, Permit)
    return answer


def test_slots() -> None:
    """The last one is for urgent calls; where there is only one, it is for all."""
    slots = Slots(2)
    assert (slots.limit, slots.in_flight) == (2, 0)
    assert [slots.has_room(False), slots.has_room(True)] == [True, True]
    slots.in_flight = 1
    assert [slots.has_room(False), slots.has_room(True)] == [False, True]
    slots.in_flight = 2
    assert [slots.has_room(False), slots.has_room(True)] == [False, False]
    assert [Slots(1).has_room(False), Slots(1).has_room(True)] == [True, True]


def test_a_call_claims_a_connection() -> None:
    """Without a free connection a call is refused until a reply, and nothing of it is taken; look says the same."""
    ledger, claims = Ledger(), over()
    assert claims.keys[-1] == CONNECTIONS
    first = granted(ledger.reserve(claims, 0.0))
    assert first.connections is not None
    assert first.connections.in_flight == 1
    refusal = NotUntil(inf, CONNECTIONS)
    assert (ledger.reserve(claims, 0.0), ledger.look(claims, 0.0)) == (refusal, refusal)
    assert next(ledger.states(0.0)).in_flight == 1
    assert ledger.nth_ready_at(claims, 0, 0.0) == NotUntil(0.0, CONNECTIONS)
    assert ledger.nth_ready_at(claims, 0, 0.0, is_urgent=True) == NotUntil(0.0, claims.endpoint_gate)
    urgent = granted(ledger.reserve(claims, 0.0, is_urgent=True))
    assert urgent.connections is first.connections
    assert first.connections.in_flight == 2
    assert ledger.reserve(claims, 0.0, True) == refusal
    for _ in range(2):
        ledger.settle(first, 50.0)
        assert first.connections.in_flight == 1
    for _ in range(2):
        ledger.release(urgent)
        assert first.connections.in_flight == 0
    granted(ledger.reserve(claims, 50.0))


def test_connections_of_different_clients() -> None:
    """Each client has its own; calls of one client share them, whatever they call."""
    ledger = Ledger()
    one, same = granted(ledger.reserve(over(), 0.0)), over()
    assert ledger.reserve(same, 0.0) == NotUntil(inf, CONNECTIONS)
    other = granted(ledger.reserve(over(key=Key("connections", "2", "")), 0.0))
    assert one.connections is not other.connections
    assert granted(ledger.reserve(claims_under(profile_of({"/a": FIVE}), "/a"), 0.0)).connections is None


def test_a_bucket_says_more_than_a_full_pool() -> None:
    """Where a bucket refuses too, its moment is told."""
    ledger, claims = Ledger(), over(quota=Quota(1, 1))
    ledger.settle(granted(ledger.reserve(claims, 0.0)), 10.0)
    assert claims.account_claim is not None
    assert ledger.reserve(claims, 20.0) == NotUntil(10.0 + OCCUPANCY, claims.account_claim.key)


def test_a_store_s_refusal_says_more_than_a_full_pool() -> None:
    """The same where a shared store has named a moment."""
    ledger, claims = Ledger(), over()
    granted(ledger.reserve(claims, 0.0))
    assert claims.account_claim is not None
    ledger.store_refusals.record(claims.account_claim.key, 900.0)
    assert ledger.reserve(claims, 1.0) == NotUntil(900.0, claims.account_claim.key)


@pytest.mark.parametrize(("limit", "share", "kept"), [(300, 1.0, 3), (300, 0.5, 1), (99, 1.0, 0), (2000, 1.0, 20)])
def test_what_an_address_keeps(limit: int, share: float, kept: int) -> None:
    """One per cent of this process' share, in whole calls; the rest is for every call."""
    ledger = Ledger(Settings(share=share))
    claims = claims_under(profile_of({"/a": UNLIMITED}, Quota(limit, 10)), "/a")
    (address,) = [claim.key for claim in claims.egress_claims]
    now, ordinary = 0.0, 0
    while isinstance(answer := ledger.reserve(claims, now), Permit) or answer.ready_at < inf:
        ordinary += isinstance(answer, Permit)
        now = now if isinstance(answer, Permit) else answer.ready_at
    assert ordinary == int(limit * share) - kept
    assert answer == NotUntil(inf, address)
    assert ledger.nth_ready_at(claims, 0, now).ready_at == now + occupancy_of(Quota(limit, 10))
    for _ in range(kept):
        assert ledger.nth_ready_at(claims, 0, now, None, True).ready_at == now
        granted(ledger.reserve(claims, now, is_urgent=True))
    assert ledger.reserve(claims, now, is_urgent=True) == NotUntil(inf, address)


def test_an_address_without_a_limit_keeps_nothing() -> None:
    """Nothing is to be kept of a quota that does not end."""
    ledger = Ledger()
    claims = evolve(
        claims_under(profile_of({"/a": FIVE}), "/a"),
        egress_claims=(claims_under(profile_of({"/a": FIVE}, Quota(300, 10)), "/a").egress_claims[0],),
    )
    permit = granted(ledger.reserve(claims, 0.0))
    assert [bucket.kept for bucket in permit.buckets] == [0, 3]
    unlimited = evolve(claims, egress_claims=(claims.egress_claims[0]._replace(quota=UNLIMITED),))
    assert [bucket.kept for bucket in granted(Ledger().reserve(unlimited, 0.0)).buckets] == [0, 0]


def test_what_an_account_keeps() -> None:
    """As many tokens as its claims say, but one at least is for every call."""
    ledger, claims = Ledger(), over(9, quota=Quota(2, 1), kept=1)
    permit = granted(ledger.reserve(claims, 0.0))
    assert isinstance(permit.account_bucket, AccountBucket)
    assert permit.account_bucket.kept == 1
    assert isinstance(ledger.reserve(claims, 0.0), NotUntil)
    ledger.settle(permit, 10.0)
    assert ledger.nth_ready_at(claims, 0, 20.0).ready_at == 10.0 + OCCUPANCY
    assert ledger.nth_ready_at(claims, 0, 20.0, is_urgent=True).ready_at == 20.0
    granted(ledger.reserve(claims, 20.0, is_urgent=True))
    assert [Bucket(Quota(limit, 1), kept=5).kept for limit in (1, 2, 9)] == [0, 1, 5]


def test_the_wait_of_an_ordinary_call_leaves_out_what_is_kept() -> None:
    """Each round has so many tokens less."""
    bucket = Bucket(Quota(5, 1), kept=2)
    assert [bucket.nth_ready_at(ahead, 0.0) for ahead in (2, 3, 6)] == [0.0, OCCUPANCY, 2 * OCCUPANCY]
    assert [bucket.nth_ready_at(ahead, 0.0, True) for ahead in (4, 5)] == [0.0, OCCUPANCY]


def test_calls_ahead_at_one_bucket() -> None:
    """`ahead_at` counts for the bucket it names, `ahead` for the others; the latest moment is told with its key."""
    claims = claims_under(profile_of({"/a": FIVE}, Quota(4, 1)), "/a")
    (address,) = [claim.key for claim in claims.egress_claims]
    ledger = Ledger()
    assert ledger.nth_ready_at(claims, 4, 0.0, {address: 9}) == NotUntil(2 * OCCUPANCY, address)
    assert claims.account_claim is not None
    assert ledger.nth_ready_at(claims, 5, 0.0, {address: 0}) == NotUntil(OCCUPANCY, claims.account_claim.key)
    assert ledger.nth_ready_at(claims, 4, 0.0, {}).ready_at == OCCUPANCY


def test_a_gate_begins_open() -> None:
    """A new gate is closed until now, has no reason, sends no probe and counts no refusal."""
    gate = Gate(7.0)
    assert (gate.closed_at, gate.closed_until, gate.is_probed, gate.reason, gate.streak) == (7.0, 7.0, False, "", 0)


def test_a_refusal_of_the_same_instant() -> None:
    """A call granted in the instant of the last refusal was granted after it; the penalty has the newest reason."""
    ledger, claims = Ledger(), claims_under(profile_of({"/a": FIVE}), "/a")
    permit = granted(ledger.reserve(claims, 0.0))
    key = claims.endpoint_gate
    found = [ledger.gates.close_again(permit, key, 0.0, 1000.0, 0.5, 0.0, f"{n}") for n in range(4)]
    assert [each.reason for each in found] == ["0", "1", "2", "3"]
    assert [each.until for each in found] == [0.0, 0.0, 0.0, 1_500.0]


@pytest.mark.parametrize(("limit", "window"), [(5, 1.0), (2, 0.5)])
def test_a_reply_without_headers(limit: int, window: float) -> None:
    """It opens the counting of its own quota if headers are to be listened to; without a limit there is none."""
    bucket = AccountBucket(Quota(limit, window), 1.0, is_anchored=True)
    bucket.miss(0.0, 10.0)
    assert bucket.counting is None
    bucket.miss(0.0, 10.0, begins=True)
    assert bucket.counting is not None
    assert (bucket.counting.limit, bucket.counting.window) == (limit, window * 1000.0)
    free = AccountBucket(UNLIMITED, 1.0, is_anchored=True)
    free.miss(0.0, 10.0, begins=True)
    assert free.counting is None


def test_what_an_account_could_send_at_once() -> None:
    """Its free tokens; none while its endpoint is closed, any number where only the address counts."""
    ledger, claims = Ledger(), claims_under(profile_of({"/a": FIVE}, Quota(8, 1)), "/a")
    public = evolve(claims, account_claim=None)
    for _ in range(2):
        granted(ledger.reserve(claims, 0.0))
    assert (ledger.tokens(claims, 0.0), ledger.tokens(public, 0.0)) == (3, UNLIMITED.limit)
    assert ledger.own_ready_at(claims, 2, 7.0) == 7.0
    assert ledger.own_ready_at(claims, 3, 7.0) == 7.0 + OCCUPANCY
    assert ledger.own_ready_at(public, 30, 7.0) == 7.0
    ledger.settle(granted(ledger.reserve(claims, 0.0)), 0.0)
    assert [ledger.tokens(claims, now) for now in (1.0, OCCUPANCY)] == [2, 3]
    ledger.gates.close(claims.egress_gate, 900.0, 0.0, "closed")
    assert ledger.tokens(claims, 1.0) == 2
    ledger.gates.close(claims.endpoint_gate, 900.0, 0.0, "closed")
    assert ledger.tokens(claims, 0.0) == 0
    spent = [Ledger(Settings(cold_start=0.0)) for _ in range(2)]
    assert spent[0].tokens(claims, 0.0) == 0
    assert spent[1].own_ready_at(claims, 0, 0.0) == OCCUPANCY


def test_what_an_address_would_grant_at_once() -> None:
    """The tokens above half of its limit; none of a bucket that is not there."""
    ledger, claims = Ledger(), claims_under(profile_of({"/a": UNLIMITED}, Quota(9, 1)), "/a")
    (address,) = [claim.key for claim in claims.egress_claims]
    found = [ledger.spare(address, 0.0)]
    for at in (0.0, 0.0, 0.0, 0.0, 0.0, 100.0):
        granted(ledger.reserve(claims, at))
        found.append(ledger.spare(address, at))
    assert found == [0, 4, 3, 2, 1, 0, 0]
    other = Ledger()
    for _ in range(2):
        other.settle(granted(other.reserve(claims, 0.0)), 0.0)
    assert [other.spare(address, now) for now in (1.0, OCCUPANCY)] == [3, 5]


def test_each_call_holds_one_connection() -> None:
    """One comes and goes with each call, and an account keeps nothing unless it is told to."""
    ledger, claims = Ledger(), over(9)
    permits = [granted(ledger.reserve(claims, 0.0)) for _ in range(4)]
    slots = permits[0].connections
    assert slots is not None
    counts = [slots.in_flight]
    for permit in permits[:2]:
        ledger.settle(permit, 1.0)
        counts.append(slots.in_flight)
    for permit in permits[2:]:
        ledger.release(permit)
        counts.append(slots.in_flight)
    assert counts == [4, 3, 2, 1, 0]
    assert AccountBucket(FIVE, 1.0, False).kept == 0
