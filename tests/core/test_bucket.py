"""One bucket: what is free, when the next token is, and that both are exact."""

from math import inf, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.bucket import Bucket, occupancy_of, share_of
from bingx_async.core.quota import Quota

OCCUPANCY = 1002.5  # of a window of one second
steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "give back", "give back", "release", "block"]),
        st.one_of(st.just(0.0), st.floats(0, 400)),
        st.floats(-1500, 2500),
    ),
    max_size=40,
)


def played(bucket: Bucket, history: list[tuple[str, float, float]]) -> float:
    """Play a history on a bucket; a token is taken only where one is free. Returns the moment of its end."""
    now = 0.0
    for what, pause, extra in history:
        now += pause
        if what == "take" and bucket.ready_at(now) <= now:
            bucket.take(now)
        elif what == "give back" and bucket.in_flight:
            bucket.expire_at(now + bucket.occupancy + extra)
        elif what == "release" and bucket.in_flight:
            bucket.release()
        elif what == "block" and bucket.live(now) < bucket.limit:
            bucket.block(now + bucket.occupancy)
    return now


@pytest.mark.parametrize(("window", "occupancy"), [(1.0, 1002.5), (10.0, 10_007.0), (0.25, 252.125)])
def test_hold(window: float, occupancy: float) -> None:
    """A hold is the window, stretched by 5e-4, and 2 ms."""
    assert occupancy_of(Quota(5, window)) == pytest.approx(occupancy, abs=1e-9)


@pytest.mark.parametrize(
    ("limit", "share", "part"),
    [(5, 1.0, 5), (5, 0.5, 2), (2, 0.5, 1), (1, 0.5, 0), (10, 0.3, 3), (10, 0.7, 7), (300, 1 / 3, 100), (5, 0.01, 0)],
)
def test_share(limit: int, share: float, part: int) -> None:
    """A share is rounded down to whole calls; it may be nothing, since a rounded-up one would break the promise."""
    assert (share_of(limit, share), Bucket(Quota(limit, 1), share).limit) == (part, part)


def test_a_call_is_live_until_one_hold_after_its_reply() -> None:
    """A full bucket opens one occupancy after the first reply, to the millisecond."""
    bucket = Bucket(Quota(2, 1))
    bucket.take(0.0)
    bucket.take(0.0)
    assert (bucket.ready_at(5.0), bucket.live(5.0)) == (inf, 2)
    bucket.expire_at(40.0 + bucket.occupancy)
    assert bucket.ready_at(50.0) == bucket.ready_at(1000.0) == 40.0 + OCCUPANCY
    assert (bucket.live(1000.0), bucket.live(40.0 + OCCUPANCY)) == (2, 1)
    assert bucket.ready_at(40.0 + OCCUPANCY) == 40.0 + OCCUPANCY


def test_release() -> None:
    """A call that was never sent frees its token at once."""
    bucket = Bucket(Quota(1, 1))
    bucket.take(0.0)
    bucket.release()
    assert (bucket.ready_at(0.0), bucket.live(0.0)) == (0.0, 0)


def test_replies_in_any_order() -> None:
    """Tokens return in the order of their moments, not of their settling."""
    bucket = Bucket(Quota(3, 1))
    for _ in range(3):
        bucket.take(0.0)
    for at in (900.0, 300.0, 600.0):
        bucket.expire_at(at + bucket.occupancy)
    moments = []
    for _ in range(3):
        moments.append(bucket.ready_at(moments[-1] if moments else 0.0))
        bucket.take(moments[-1])
    assert moments == [300.0 + OCCUPANCY, 600.0 + OCCUPANCY, 900.0 + OCCUPANCY]


def test_a_lingering_call_holds_only_its_own_token() -> None:
    """The calls behind one that was given up go round on the other tokens, in flight or answered."""
    bucket = Bucket(Quota(2, 1))
    bucket.take(0.0)
    bucket.take(0.0)
    bucket.expire_at(bucket.occupancy + 10_000.0)
    assert bucket.nth_ready_at(0, 0.0) == OCCUPANCY
    bucket.expire_at(bucket.occupancy)
    assert [bucket.nth_ready_at(ahead, 0.0) for ahead in (0, 1, 2)] == [OCCUPANCY, OCCUPANCY, 2 * OCCUPANCY]


def test_blocked_beyond_its_limit() -> None:
    """A bucket with more blocks than tokens opens when enough of them have gone."""
    bucket = Bucket(Quota(2, 1))
    for until in (100.0, 200.0, 300.0, 400.0, 500.0):
        bucket.block(until)
    assert (bucket.ready_at(0.0), bucket.live(0.0), bucket.nth_ready_at(0, 0.0)) == (400.0, 5, 100.0)


def test_grants_are_counted() -> None:
    """A bucket knows how many calls it has granted, however they ended."""
    bucket = Bucket(Quota(3, 1))
    counted = [bucket.grants]
    for end in (bucket.release, lambda: bucket.expire_at(bucket.occupancy)):
        bucket.take(0.0)
        end()
        counted.append(bucket.grants)
    assert counted == [0, 1, 2]


def test_later_moments_of_calls_in_flight() -> None:
    """While calls are in flight, who waits behind them is promised one occupancy from now, one more for each round."""
    bucket = Bucket(Quota(2, 1))
    bucket.take(0.0)
    bucket.take(0.0)
    assert [bucket.nth_ready_at(ahead, 10.0) for ahead in range(5)] == [
        10.0 + OCCUPANCY,
        10.0 + OCCUPANCY,
        10.0 + 2 * OCCUPANCY,
        10.0 + 2 * OCCUPANCY,
        10.0 + 3 * OCCUPANCY,
    ]


def test_later_moments_pass_over_what_has_returned() -> None:
    """Tokens that have come back since anybody asked count as free, and those still kept follow in their order."""
    bucket = Bucket(Quota(4, 1))
    for until in (5.0, 100.0, 200.0, 300.0):
        bucket.block(until)
    assert [bucket.nth_ready_at(ahead, 10.0) for ahead in range(5)] == [10.0, 100.0, 200.0, 300.0, 10.0 + OCCUPANCY]


@given(st.integers(1, 9), st.booleans(), steps)
def test_ready_at_is_exact(limit: int, is_paced: bool, history: list[tuple[str, float, float]]) -> None:
    """The named moment is the first at which a token is free, if nothing else happens; infinite if none ever is."""
    bucket = Bucket(Quota(limit, 1), is_paced=is_paced)
    now = played(bucket, history)
    ready = bucket.ready_at(now)
    if ready == inf:
        assert bucket.in_flight >= limit
        assert bucket.ready_at(now + 1e9) == inf
        return
    for between in {now, (now + ready) / 2, nextafter(ready, -inf)}:
        assert bucket.ready_at(max(now, min(between, ready))) == ready
    assert bucket.ready_at(ready + 1.0) == ready + 1.0


def test_pace_is_off_when_half_is_free() -> None:
    """A late grant does not pace the bucket beyond the moment at which half of its tokens are free again."""
    bucket = Bucket(Quota(4, 1), is_paced=True)
    for at in (0.0, 0.0, 0.0):
        bucket.take(at)
        bucket.expire_at(at + bucket.occupancy)
    bucket.take(1000.0)
    assert bucket.ready_at(1001.0) == bucket.ready_at(OCCUPANCY) == OCCUPANCY


def test_pace_is_off_with_the_token_that_makes_it_half() -> None:
    """With half of the calls in flight, the last answered one's token is the one that ends the pace."""
    bucket = Bucket(Quota(4, 1), is_paced=True)
    for at in (0.0, 10.0):
        bucket.take(at)
        bucket.expire_at(at + bucket.occupancy)
    bucket.take(1000.0)
    bucket.take(1000.0)
    assert bucket.ready_at(1001.0) == 10.0 + OCCUPANCY


def test_no_pace_before_the_first_grant() -> None:
    """Tokens that others hold pace nothing while no call of ours has left."""
    bucket = Bucket(Quota(4, 1), is_paced=True)
    for until in (100.0, 200.0, 300.0):
        bucket.block(until)
    assert bucket.ready_at(7.0) == 7.0


@pytest.mark.parametrize(
    ("limit", "now", "ready"), [(4, 10.0, 10.0), (3, 10.0, 100.0), (2, 10.0, 200.0), (1, 10.0, 10.0 + OCCUPANCY)]
)
def test_ready_within(limit: int, now: float, ready: float) -> None:
    """For a call that has its token: when it would have got it under a smaller limit, as far as replies can tell."""
    bucket = Bucket(Quota(5, 1))
    bucket.block(5.0)  # has returned by then
    bucket.block(100.0)
    bucket.block(200.0)
    bucket.take(6.0)
    bucket.take(10.0)
    assert bucket.ready_within(limit, now) == ready


@given(st.integers(2, 9), st.integers(1, 8), steps)
def test_ready_within_is_that_of_a_smaller_bucket(
    limit: int, less: int, history: list[tuple[str, float, float]]
) -> None:
    """It is what a bucket of the smaller limit with the same calls says, before this one was granted."""
    bucket, smaller = Bucket(Quota(limit, 1)), Bucket(Quota(max(1, limit - less), 1))
    now = played(bucket, history)
    smaller.in_flight, smaller.expiries = bucket.in_flight, list(bucket.expiries)
    if bucket.ready_at(now) > now:
        return
    bucket.take(now)
    expected = smaller.ready_at(now)
    assert bucket.ready_within(smaller.limit, now) == (expected if expected < inf else now + bucket.occupancy)


@given(st.integers(1, 9), steps)
def test_live_and_free_add_up(limit: int, history: list[tuple[str, float, float]]) -> None:
    """A token is free exactly while fewer than `limit` calls are live."""
    bucket = Bucket(Quota(limit, 1))
    now = played(bucket, history)
    live = bucket.live(now)
    assert (bucket.ready_at(now) == now) == (live < limit)
    assert bucket.live(now) == live <= limit


@given(st.integers(1, 6), steps, st.integers(0, 20))
def test_nth_ready_at_is_exact_without_round_trips(
    limit: int, history: list[tuple[str, float, float]], ahead: int
) -> None:
    """With everything answered, nothing lingering, and replies that take no time, a later call's moment is exact."""
    bucket = Bucket(Quota(limit, 1))
    now = played(bucket, [(what, pause, min(extra, 0.0)) for what, pause, extra in history])
    while bucket.in_flight:
        bucket.expire_at(now + bucket.occupancy)
    expected = bucket.nth_ready_at(ahead, now)
    for _ in range(ahead):
        now = bucket.ready_at(now)
        bucket.take(now)
        bucket.expire_at(now + bucket.occupancy)
    assert bucket.ready_at(now) == pytest.approx(expected, abs=1e-6)


@given(st.integers(1, 6), steps, st.integers(0, 20), st.lists(st.floats(0, 300), min_size=21, max_size=21))
def test_nth_ready_at_is_a_lower_bound(
    limit: int, history: list[tuple[str, float, float]], ahead: int, trips: list[float]
) -> None:
    """Whatever the round trips, a call with others before it is never granted sooner (unless some are never sent)."""
    bucket = Bucket(Quota(limit, 1))
    now = played(bucket, history)
    expected = bucket.nth_ready_at(ahead, now)
    in_flight = [now] * bucket.in_flight
    for trip in trips[: ahead + 1]:
        while bucket.ready_at(now) > now:
            if bucket.ready_at(now) < inf and not (in_flight and min(in_flight) < bucket.ready_at(now)):
                now = bucket.ready_at(now)
            else:
                reply = min(in_flight)
                in_flight.remove(reply)
                now = max(now, reply)
                bucket.expire_at(now + bucket.occupancy)
        bucket.take(now)
        in_flight.append(now + trip)
    assert now >= expected - 1e-6


@pytest.mark.parametrize(
    ("in_flight", "now", "is_idle"), [(True, 9e9, False), (False, 900.0, False), (False, OCCUPANCY, True)]
)
def test_is_idle(in_flight: bool, now: float, is_idle: bool) -> None:
    """A bucket may be forgotten when nothing is in flight and every token has returned."""
    bucket = Bucket(Quota(3, 1))
    assert bucket.is_idle(0.0) is True
    bucket.take(0.0)
    if not in_flight:
        bucket.expire_at(bucket.occupancy)
    assert bucket.is_idle(now) is is_idle
