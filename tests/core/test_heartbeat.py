"""Whether the other end is alive, and the wait before the next attempt."""

from __future__ import annotations

import pytest

from bingx_async.core.heartbeat import Backoff, Heartbeat
from bingx_async.core.stream_limits import StreamLimits

LIMITS = StreamLimits()


def test_before_the_first_ping() -> None:
    """A socket is given 40 s before its first ping, from its beginning and from whatever is heard."""
    heartbeat = Heartbeat(LIMITS, 1000.0)
    assert heartbeat.dies_at == 41_000.0
    heartbeat.heard_at = 2000.0
    assert heartbeat.dies_at == 42_000.0


@pytest.mark.parametrize(
    ("pings", "patience"),
    [([0], 15_000), ([0, 5000], 15_000), ([0, 5000, 10_000], 15_000), ([0, 6000, 7000], 18_000), ([0, 30_000], 90_000)],
)
def test_after_pings(pings: list[float], patience: float) -> None:
    """Then it is dead after 15 s of silence, or three times the longest span between two pings."""
    heartbeat = Heartbeat(LIMITS, 0.0)
    for at in pings:
        heartbeat.pinged(float(at))
    assert heartbeat.patience == patience


def test_backoff() -> None:
    """The bound of the wait doubles from 0.5 s to 30 s; the wait is drawn from all of it."""
    backoff = Backoff(LIMITS)
    assert [backoff.wait(0.0, False, 1.0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [backoff.wait(0.0, False, drawn) for drawn in (0.0, 0.5)] == [0, 15]
    assert [backoff.wait(0.0, False, 1.0) for _ in range(2000)] == [30.0] * 2000


@pytest.mark.parametrize(("lived", "wait"), [(59_999.0, 2.0), (60_000.0, 0.5)])
def test_settled(lived: float, wait: float) -> None:
    """After a connection that lasted for 60 s the wait begins small again."""
    backoff = Backoff(LIMITS)
    for _ in range(2):
        backoff.wait(0.0, False, 1.0)
    assert backoff.wait(lived, False, 1.0) == wait


@pytest.mark.parametrize(("drawn", "wait"), [(0.0, 60.0), (0.5, 90.0)])
def test_forbidden(drawn: float, wait: float) -> None:
    """Where the exchange forbade the connection the wait is 60 s at least."""
    assert Backoff(LIMITS).wait(0.0, True, drawn) == wait
