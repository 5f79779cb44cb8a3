"""Rule R against an exchange that counts arrivals: never refused, however it counts and whatever the network does.

Assumed, as in the proof: every call goes through one ledger, a reply comes after the arrival, a call given up
arrives within the linger or never, and our clock runs at most 5e-4 faster than the exchange's. Nothing is assumed
about delays, their order, or how late a reply is looked at.
"""

from math import inf

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bingx_async.core.bucket import Bucket
from bingx_async.core.claims import Claims
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.core.quota import UNLIMITED, Quota
from tests.core import made_up
from tests.core.exchange import Counter, Counting, Traffic, Trip, short, trips

PATH = "/path"

quotas = st.builds(Quota, st.integers(1, 7), st.sampled_from([0.25, 1.0, 3.0]))
slow_quotas = st.builds(Quota, st.integers(1, 12), st.sampled_from([1.0, 5.0]))
countings = st.sampled_from(Counting)


def claims_under(own: Quota, interface: Quota = UNLIMITED, group: tuple[Quota, ...] = (UNLIMITED,)) -> Claims:
    """What a call draws on under these quotas."""
    return made_up.claims_under(made_up.profile_of({PATH: own}, interface, group), PATH)


def most_in_a_window(arrivals: list[float], window: float) -> int:
    """The most arrivals in any window, both ends included."""
    arrivals = sorted(arrivals)
    return max((sum(start <= at <= start + window for at in arrivals) for start in arrivals), default=0)


@given(quotas, st.lists(trips, max_size=40), countings, st.floats(1 / 1.0005, 1.2))
@settings(max_examples=200)
def test_never_refused(quota: Quota, calls: list[Trip], counting: Counting, rate: float) -> None:
    """No window of any alignment holds more arrivals than the limit, whatever the delays, for any way of counting."""
    counter = Counter(quota.limit, quota.window * 1000.0, counting)
    Traffic(Ledger(), claims_under(quota), [counter], rate).go(calls)
    assert most_in_a_window(counter.arrivals, counter.window) <= quota.limit
    assert counter.refused == 0


@given(quotas, slow_quotas, slow_quotas, st.lists(trips, max_size=40), countings)
@settings(max_examples=100)
def test_never_refused_by_any_of_three(
    own: Quota, interface: Quota, group: Quota, calls: list[Trip], counting: Counting
) -> None:
    """The same for the account's quota, the address' and its group's at once."""
    counters = [Counter(quota.limit, quota.window * 1000.0, counting) for quota in (own, interface, group)]
    Traffic(Ledger(), claims_under(own, interface, (group,)), counters).go(calls)
    assert [counter.refused for counter in counters] == [0, 0, 0]
    assert all(most_in_a_window(counter.arrivals, counter.window) <= counter.limit for counter in counters)


@given(quotas, st.lists(trips, max_size=30), countings, st.sampled_from([0.2, 0.5, 1.0]))
@settings(max_examples=150)
def test_our_own_calls_are_never_taken_for_foreign(
    quota: Quota, calls: list[Trip], counting: Counting, share: float
) -> None:
    """While only our calls exist, the exchange's count never shows any that are not ours, whatever the delays."""
    assume(quota.limit * share >= 1)
    counter = Counter(quota.limit, quota.window * 1000.0, counting)
    run = Traffic(Ledger(Settings(share)), claims_under(quota), [counter]).go(calls)
    assert run.foreign == 0


@given(st.integers(1, 10), st.sampled_from([0.2, 0.5, 0.9]), st.lists(trips, max_size=30))
@settings(max_examples=50)
def test_share(limit: int, share: float, calls: list[Trip]) -> None:
    """Under a share no window holds more than that part of the limit, in whole calls."""
    assume(limit * share >= 1)
    counter = Counter(limit, 1000.0, Counting.SLIDING)
    Traffic(Ledger(Settings(share)), claims_under(Quota(limit, 1)), [counter]).go(calls)
    assert most_in_a_window(counter.arrivals, 1000.0) <= int(limit * share + 1e-9)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.4, 0.6), (0.2, 0.8)])
def test_shares_add_up(shares: tuple[float, float]) -> None:
    """Processes whose shares add up to one never exceed the quota together."""
    counter = Counter(10, 1000.0, Counting.SLIDING)
    for share in shares:
        part = Counter(10, 1000.0, Counting.SLIDING)
        Traffic(Ledger(Settings(share)), claims_under(Quota(10, 1)), [part]).go([Trip(0, 20, 20)] * 40)
        counter.arrivals += part.arrivals
    assert most_in_a_window(counter.arrivals, 1000.0) == 10


@given(st.integers(1, 20), st.lists(st.builds(Trip, st.just(0.0), short, short), min_size=30, max_size=60))
@settings(max_examples=60)
def test_never_idle(limit: int, calls: list[Trip]) -> None:
    """Saturated callers use the whole quota but for the round trips: a round takes an occupancy and a round trip."""
    claims = claims_under(Quota(limit, 1))
    run = Traffic(Ledger(), claims, [Counter(limit, 1000.0, Counting.SLIDING)]).go(calls)
    occupancy, longest = 1000 * 1.0005 + 2, max(trip.out + trip.back for trip in calls)
    rounds = (len(calls) - 1) // limit
    assert rounds * occupancy <= run.granted_at[-1] + 1e-6
    assert run.granted_at[-1] <= rounds * (occupancy + longest) + 1e-6


@given(slow_quotas, st.lists(trips, max_size=40))
@settings(max_examples=100)
def test_paced(quota: Quota, calls: list[Trip]) -> None:
    """On an address' bucket grants are 0.9 * window / limit apart as soon as fewer than half of its tokens are free;
    a late one is made up for, by 40 ms at most."""
    run = Traffic(Ledger(), claims_under(UNLIMITED, quota), []).go(calls)
    spacing = 0.9 * quota.window * 1000.0 / quota.limit
    scarce = [2 * free < quota.limit for free in run.free]
    for first, granted_at in enumerate(run.granted_at):
        for last in range(first + 1, len(scarce)):
            if not scarce[last]:
                break
            assert run.granted_at[last] - granted_at >= (last - first) * spacing - 40.0 - 1e-6


def test_a_late_timer_is_made_up_for() -> None:
    """Grants that come a little late each do not fall behind: the average distance stays that of the pace."""
    bucket = Bucket(Quota(100, 10), is_paced=True)
    for _ in range(60):
        bucket.take(0.0)
        bucket.expire_at(10_000.0)
    now, late = 0.0, 20.0
    for number in range(1, 31):
        now = bucket.ready_at(now) + late
        bucket.take(now)
        assert now == pytest.approx(number * 90.0 + late)


def test_what_is_kept_is_for_urgent_calls() -> None:
    """One per cent of an address' tokens, and an account's reserve, go to urgent calls alone, at once and unpaced."""
    bucket = Bucket(Quota(300, 10), is_paced=True, kept=3)
    taken = 0
    while bucket.ready_at(0.0) == 0.0:
        bucket.take(0.0)
        taken += 1
    for _ in range(297 - taken):
        bucket.take(0.0)
    assert bucket.ready_at(1.0) == inf
    for _ in range(3):
        assert bucket.ready_at(1.0, is_urgent=True) == 1.0
        bucket.take(1.0)
    assert bucket.ready_at(1.0, is_urgent=True) == inf
    assert Bucket(Quota(2, 1), kept=5).kept == 1  # one is left for everything else


def test_an_account_is_never_paced() -> None:
    """After an idle time the whole of an account's quota leaves at once."""
    run = Traffic(Ledger(), claims_under(Quota(5, 1)), []).go([Trip(0, 20, 20)] * 5)
    assert run.granted_at == [0.0] * 5


def test_half_of_an_address_leaves_at_once() -> None:
    """Pacing begins with the call that finds fewer than half of the tokens free."""
    run = Traffic(Ledger(), claims_under(UNLIMITED, Quota(10, 10)), []).go([Trip(0, 20, 20)] * 9)
    assert run.granted_at == [0.0] * 6 + [900.0, 1800.0, 2700.0]
