"""The four ways of counting, each against its own definition worked out by brute force."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.emulator.limits import MODELS, Limit, Model, build_limit

LIMITS = st.integers(1, 6)
WINDOWS = st.integers(1, 40)
GAPS = st.lists(st.integers(0, 30), min_size=1, max_size=80)


def moments(gaps: list[int]) -> list[int]:
    return [sum(gaps[: index + 1]) for index in range(len(gaps))]


def offer(limit: Limit, arrivals: list[int]) -> list[int]:
    """The arrivals that had room; each is counted."""
    accepted: list[int] = []
    for at in arrivals:
        if limit.remaining(at) > 0:
            limit.count(at)
            accepted.append(at)
    return accepted


@given(LIMITS, WINDOWS, GAPS)
def test_sliding_holds_no_window_over_the_limit(limit: int, window: int, gaps: list[int]) -> None:
    """No window (t - window, t] ever holds more than `limit` accepted arrivals."""
    accepted = offer(build_limit("sliding", limit, window), moments(gaps))
    assert max(sum(at - window < each <= at for each in accepted) for at in accepted) <= limit


@given(LIMITS, WINDOWS, GAPS)
def test_sliding_refuses_nothing_else(limit: int, window: int, gaps: list[int]) -> None:
    """An arrival is accepted exactly if it leaves its own window within the limit."""
    expected: list[int] = []
    for at in moments(gaps):
        if sum(at - window < each <= at for each in expected) < limit:
            expected.append(at)
    assert offer(build_limit("sliding", limit, window), moments(gaps)) == expected


@given(LIMITS, WINDOWS, GAPS)
def test_fixed_first_cuts_time_at_its_first_requests(limit: int, window: int, gaps: list[int]) -> None:
    """Each window starts with the first request after the last one and takes its first `limit` arrivals."""
    expected: list[int] = []
    rest = moments(gaps)
    while rest:
        inside = [at for at in rest if at < rest[0] + window]
        expected += inside[:limit]
        rest = rest[len(inside) :]
    assert offer(build_limit("fixed-first", limit, window), moments(gaps)) == expected


@given(LIMITS, WINDOWS, GAPS, st.integers(0, 100))
def test_fixed_clock_cuts_time_at_multiples_of_the_window(limit: int, window: int, gaps: list[int], phase: int) -> None:
    """Each window of the server's clock takes its first `limit` arrivals."""
    arrivals = moments(gaps)
    numbers = [(at + phase) // window for at in arrivals]
    expected = [at for index, at in enumerate(arrivals) if numbers[:index].count(numbers[index]) < limit]
    assert offer(build_limit("fixed-clock", limit, window, phase), arrivals) == expected


@given(LIMITS, WINDOWS, GAPS)
def test_token_bucket_is_refilled_continuously(limit: int, window: int, gaps: list[int]) -> None:
    """An arrival is accepted exactly if a whole token is there, in exact arithmetic."""
    expected: list[int] = []
    tokens, filled_at = Fraction(limit), 0
    for at in moments(gaps):
        tokens, filled_at = min(Fraction(limit), tokens + Fraction((at - filled_at) * limit, window)), at
        if tokens >= 1:
            tokens -= 1
            expected.append(at)
    assert offer(build_limit("token", limit, window), moments(gaps)) == expected


@given(st.sampled_from(MODELS), LIMITS, WINDOWS, GAPS)
def test_expiry_is_the_moment_a_place_comes_free(model: Model, limit: int, window: int, gaps: list[int]) -> None:
    """At `expires_at` there is more room than now; a tick before there is not; with nothing taken it is now."""
    bucket = build_limit(model, limit, window)
    arrivals = moments(gaps)
    offer(bucket, arrivals)
    at = arrivals[-1]
    now, expiry = bucket.remaining(at), bucket.expires_at(at)
    if now == limit:
        assert expiry == pytest.approx(at, abs=window)
    else:
        assert bucket.remaining(math.nextafter(expiry, math.inf)) > now
        assert expiry > at
        assert build_again(model, limit, window, arrivals).remaining(at + (expiry - at) * 0.999) == now


def build_again(model: Model, limit: int, window: int, arrivals: list[int]) -> Limit:
    bucket = build_limit(model, limit, window)
    offer(bucket, arrivals)
    return bucket


@pytest.mark.parametrize("model", MODELS)
def test_a_fresh_counter_is_empty(model: Model) -> None:
    """A counter that has seen nothing has all its room, and nothing to wait for."""
    bucket = build_limit(model, 5, 1000)
    assert (bucket.remaining(7_000), bucket.expires_at(7_000)) == (5, 7_000)


@pytest.mark.parametrize(
    ("model", "accepted"),
    [("sliding", [0, 900, 1000, 1900]), ("fixed-first", [0, 900, 1000, 1000]), ("fixed-clock", [0, 900, 1000, 1000])],
)
def test_the_models_differ_at_the_edge(model: Model, accepted: list[int]) -> None:
    """Two per second: fixed windows take two calls at once at the turn of the second, a sliding window one."""
    assert offer(build_limit(model, 2, 1000), [0, 900, 950, 1000, 1000, 1899, 1900])[:4] == accepted


def test_token_bucket_lets_nine_through_in_a_second() -> None:
    """Five per second as a bucket: five at once and one each 200 ms, nine within the first second."""
    assert len(offer(build_limit("token", 5, 1000), list(range(1000)))) == 9


def test_an_unknown_model_is_refused() -> None:
    """A model that does not exist is named with the ones that do."""
    with pytest.raises(ValueError, match="sliding, fixed-first, fixed-clock, token, not 'leaky'"):
        build_limit("leaky", 1, 1)  # type: ignore[arg-type]
