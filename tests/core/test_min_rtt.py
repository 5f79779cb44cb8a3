"""The floor of recent round trips, and the credit that rests on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.counting import RTT_ENOUGH, RTT_WINDOW, MinRtt


def floor_of(values: list[float], step: float = 1.0) -> MinRtt:
    """A floor that has seen `values`, one per `step` milliseconds."""
    floor = MinRtt()
    for number, value in enumerate(values):
        floor.add(value, number * step)
    return floor


@pytest.mark.parametrize(("replies", "credit"), [(0, 0.0), (RTT_ENOUGH - 1, 0.0), (RTT_ENOUGH, 23.0), (100, 23.0)])
def test_no_credit_before_enough_replies(replies: int, credit: float) -> None:
    """A credit of one half is half of the shortest round trip less 2 ms, after 32 replies."""
    assert floor_of([50.0] * replies).credit(0.5, 0.0) == credit


def test_no_credit_unless_asked_for() -> None:
    """The default is no credit."""
    assert floor_of([50.0] * 100).credit(0.0, 0.0) == 0.0


def test_no_negative_credit() -> None:
    """A round trip shorter than the margin gives nothing."""
    assert floor_of([3.0] * 100).credit(0.5, 0.0) == 0.0


def test_old_round_trips_are_forgotten() -> None:
    """A short round trip counts for five minutes."""
    floor = floor_of([10.0] + [80.0] * 40)
    assert floor.credit(1.0, 0.0) == 8.0
    floor.add(80.0, RTT_WINDOW - 1.0)
    assert floor.credit(1.0, 0.0) == 8.0
    floor.add(80.0, RTT_WINDOW)
    assert floor.credit(1.0, 0.0) == 78.0


@given(st.lists(st.floats(0, 1e4), min_size=RTT_ENOUGH, max_size=80), st.floats(1, 50_000), st.floats(0.01, 1))
def test_credit_is_of_the_minimum(values: list[float], step: float, part: float) -> None:
    """The credit is that share of the shortest of the last five minutes, less 2 ms."""
    last = (len(values) - 1) * step
    recent = [value for number, value in enumerate(values) if number * step > last - RTT_WINDOW]
    assert floor_of(values, step).credit(part, 0.0) == max(0.0, part * min(recent) - 2.0)
