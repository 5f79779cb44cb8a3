"""The demo's arithmetic: shares of quotas from moments of arrival."""

import pytest

from bingx_async import Quota
from bingx_async.demo.report import measure, share_used
from bingx_async.demo.scenario import CLOSED_ACCOUNT, Closure
from bingx_async.emulator import EndpointStats
from bingx_async.spot.cancels import CANCEL_ORDER

FIVE = Quota(5, 1.0)


@pytest.mark.parametrize(
    ("arrivals", "spans", "share"),
    [
        ([], [(0.0, 1000.0)], 0.0),
        ([0.0] * 5, [(0.0, 1000.0)], 1.0),
        ([0.0] * 5, [(0.0, 2000.0)], 0.5),
        ([500.0], [(0.0, 1000.0)], 0.1),
        ([-500.0], [(0.0, 1000.0)], 0.1),
        ([0.0] * 5, [(0.0, 500.0), (5000.0, 5500.0)], 0.5),
        ([0.0], [], 0.0),
    ],
)
def test_a_share_is_how_full_the_window_was_on_average(
    arrivals: list[float], spans: list[tuple[float, float]], share: float
) -> None:
    """Each arrival takes one place of the quota for one window; only what lies within the spans counts."""
    assert share_used(arrivals, FIVE, spans) == pytest.approx(share)


def test_steady_use_is_the_quotient_of_calls_and_allowance() -> None:
    """A burst of 5 every 1.05 s is 95.2 % of 5/s, wherever the period ends."""
    arrivals = [1050.0 * (each // 5) for each in range(200)]
    stats = EndpointStats(len(arrivals), arrivals=tuple(arrivals))
    for end in (22_050.0, 31_500.0):
        use = measure("1001", CANCEL_ORDER.name, FIVE, stats, None, end)
        assert use is not None
        assert use.share == pytest.approx(1 / 1.05, abs=0.003)
        assert use.rate == pytest.approx(5 / 1.05, abs=0.015)


def test_the_closed_period_is_left_out() -> None:
    """Calls before and after count, the refused one does not; the second stretch begins with its first call."""
    arrivals = [200.0 * each for each in range(20)] + [4100.0] + [9100.0 + 200.0 * each for each in range(20)]
    stats = EndpointStats(40, closed=1, arrivals=tuple(arrivals))
    use = measure(CLOSED_ACCOUNT, CANCEL_ORDER.name, FIVE, stats, Closure(4000.0, 9000.0), 13_000.0)
    assert use is not None
    assert (use.calls, use.seconds) == (40, pytest.approx(3.0 + 3.9))
    assert use.share == pytest.approx((3.0 * 5 + (3.9 * 5 - 2.0)) / (6.9 * 5))


def test_nothing_is_measured_in_the_first_window() -> None:
    """Before all tokens are in play there is no share."""
    assert measure("1001", CANCEL_ORDER.name, FIVE, EndpointStats(1, arrivals=(0.0,)), None, 900.0) is None
    assert measure("1001", CANCEL_ORDER.name, FIVE, EndpointStats(), None, 900.0) is None
