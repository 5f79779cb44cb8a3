"""Where the exchange names no moment, the delay grows, spreads and stays within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.gates import CEILING, backoff

attempts = st.integers(0, 10_000)
windows = st.floats(1, 600_000)
draws = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempt", "draw", "delay"),
    [(0, 0.0, 1000.0), (0, 0.5, 1500.0), (1, 0.5, 2000.0), (2, 0.5, 3000.0), (5, 0.25, 9000.0), (60, 0.999, CEILING)],
)
def test_windows_of_1_2_4(attempt: int, draw: float, delay: float) -> None:
    """One window, then a share of 1, 2, 4 … windows; 5 minutes at most."""
    assert backoff(attempt, 1000.0, draw) == delay


@given(attempts, windows, draws)
def test_bounds(attempt: int, window: float, draw: float) -> None:
    """Never sooner than one window (or 5 minutes, if that is less), never later than 5 minutes."""
    assert min(window, 300_000.0) <= backoff(attempt, window, draw) <= 300_000.0


@given(attempts, windows, draws)
def test_grows(attempt: int, window: float, draw: float) -> None:
    """With the same draw a later attempt waits at least as long."""
    assert backoff(attempt, window, draw) <= backoff(attempt + 1, window, draw)


@given(attempts, windows, draws, draws)
def test_spreads(attempt: int, window: float, one: float, other: float) -> None:
    """A larger draw never waits less, so different draws spread the clients."""
    low, high = sorted((one, other))
    assert backoff(attempt, window, low) <= backoff(attempt, window, high)
