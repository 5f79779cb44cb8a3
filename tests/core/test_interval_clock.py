"""The interval clock: the truth is always inside, whatever the delays and the drift."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.interval_clock import DRIFT, IntervalClock

EPOCH = 1_790_000_000_000.0
ROUNDING = 0.01  # ms; what is left of a float at the size of an epoch

delays = st.one_of(st.floats(0, 5), st.floats(0, 2_000))
trips = st.tuples(st.floats(0, 600_000), delays, delays, st.floats(-DRIFT, DRIFT))  # pause, there, back, drift
stamps = st.sampled_from([int, round, float])


class Exchange:
    """A clock that drifts from ours by another rate after every trip."""

    def __init__(self) -> None:
        self.now, self.offset = 1_000.0, EPOCH

    def wait(self, span: float, drift: float) -> None:
        self.now += span
        self.offset += span * drift

    def show(self) -> float:
        return self.now + self.offset


@given(st.lists(trips, min_size=1, max_size=30), stamps)
def test_the_truth_is_inside(journeys: list[tuple[float, float, float, float]], stamp: type) -> None:
    """Under any delays, and any drift of 500 ppm at most, the offset is between the bounds, and moments are too."""
    exchange, clock = Exchange(), IntervalClock()
    for pause, there, back, drift in journeys:
        exchange.wait(pause, drift)
        sent = exchange.now
        exchange.wait(there, -drift)
        told = float(stamp(exchange.show()))
        exchange.wait(back, drift)
        assert clock.add(told, sent, exchange.now)
        low, high = clock.bounds(exchange.now)
        assert low - ROUNDING <= exchange.offset <= high + ROUNDING
        shown, before = exchange.show(), exchange.now
        assert clock.earliest(shown) - ROUNDING <= before <= clock.latest(shown) + ROUNDING
        exchange.wait(pause, drift)
        later = exchange.show()
        assert clock.earliest(later) - ROUNDING <= exchange.now <= clock.latest(later) + ROUNDING


@given(st.lists(trips, min_size=1, max_size=30), st.randoms())
def test_never_widened_by_an_honest_reading(journeys: list[tuple[float, float, float, float]], rng) -> None:
    """A reading leaves both bounds or narrows them, also one that is read late."""
    exchange, clock, readings = Exchange(), IntervalClock(), []
    for pause, there, back, drift in journeys:
        exchange.wait(pause, drift)
        sent = exchange.now
        exchange.wait(there, drift)
        told = exchange.show()
        exchange.wait(back, drift)
        readings.append((told, sent, exchange.now))
    rng.shuffle(readings)
    for reading in readings:
        (low, high) = clock.bounds(exchange.now)
        assert clock.add(*reading)
        narrowed = clock.bounds(exchange.now)
        assert narrowed[0] >= low - ROUNDING
        assert narrowed[1] <= high + ROUNDING
        assert narrowed[0] - ROUNDING <= exchange.offset <= narrowed[1] + ROUNDING


def test_bounds() -> None:
    """One reading bounds the offset by its round trip and 1 ms; each bound widens by 500 ppm of the time since."""
    clock = IntervalClock()
    assert clock.bounds(0.0) == (-inf, inf)
    assert (clock.earliest(EPOCH), clock.latest(EPOCH)) == (-inf, inf)
    assert clock.add(50_000.0, 1_000.0, 1_100.0)
    assert clock.bounds(1_100.0) == pytest.approx((48_899.0, 49_001.05))
    assert clock.bounds(101_100.0) == pytest.approx((48_849.0, 49_051.05))
    assert clock.latest(50_000.0) == pytest.approx(1_101.0, abs=0.01)
    assert clock.earliest(50_000.0) == pytest.approx(999.0, abs=0.01)
    assert clock.latest(60_000.0) == pytest.approx(11_101.0 + 5.0, abs=0.01)
    assert clock.earliest(60_000.0) == pytest.approx(10_999.0 - 5.0, abs=0.01)


def test_whole_seconds() -> None:
    """A stamp cut to seconds proves less: it may be a second old."""
    clock = IntervalClock()
    clock.add(50_000.0, 1_000.0, 1_100.0, resolution=1_000.0)
    assert clock.bounds(1_100.0) == pytest.approx((48_899.0, 50_000.05))


@pytest.mark.parametrize("step", [-500.0, 500.0])
def test_a_step_replaces(step: float) -> None:
    """A reading that contradicts the bounds means that a clock was set: from then on it alone counts."""
    clock = IntervalClock()
    assert clock.add(50_000.0, 1_000.0, 1_010.0)
    assert not clock.add(51_000.0 + step, 2_000.0, 2_100.0)
    assert clock.bounds(2_100.0) == pytest.approx((48_899.0 + step, 49_001.05 + step))


def test_a_promise_narrows() -> None:
    """A clock of ours that is off by 2 ms at most bounds the offset by 4 ms, and by the span in which it was read."""
    clock = IntervalClock()
    assert clock.promise(50_000.0, 2.0, 1_000.0, 1_000.5)
    assert clock.bounds(1_000.5) == pytest.approx((48_997.5, 49_002.0), abs=0.001)
    assert clock.add(50_100.0, 1_000.0, 1_200.0)  # less narrow
    assert clock.bounds(1_000.5) == pytest.approx((48_997.5, 49_002.0), abs=0.001)


def test_a_broken_promise_changes_nothing() -> None:
    """What stamps prove contradicts a promise: they count, and it is told."""
    clock = IntervalClock()
    clock.add(50_000.0, 1_000.0, 1_010.0)
    before = clock.bounds(1_010.0)
    for error in (-30.0, 30.0):
        assert not clock.promise(50_010.0 + error, 2.0, 1_010.0, 1_010.0)
        assert clock.bounds(1_010.0) == before
