"""The exchange's clock: samples, hints, a wall clock that steps, a monotonic one that drifts."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import anyio
import pytest

from bingx_async.runtime.clock import STALE_AFTER, ServerClock, monotonic_ms, wall_ms
from bingx_async.testing import EPOCH, simulated_clock
from tests.runtime.hall import Backend, backends, run


class Hands:
    """Two clocks set by hand."""

    def __init__(self) -> None:
        self.monotonic = 1_000.0
        self.wall = EPOCH

    def clock(self) -> ServerClock:
        """A server clock on them."""
        return ServerClock(monotonic=lambda: self.monotonic, wall=lambda: self.wall)


def test_first_guess() -> None:
    """Before any sample the machine's wall clock is believed; later steps of it move nothing."""
    hands = Hands()
    clock = hands.clock()
    assert clock.now() == EPOCH
    hands.wall += 3_600_000.0
    hands.monotonic += 10.0
    assert clock.now() == EPOCH + 10.0
    assert clock.moment(1_010.0) == datetime.fromtimestamp((EPOCH + 10.0) / 1000.0, UTC)
    assert clock.from_server(clock.now()) == 1_010.0


def test_set_from() -> None:
    """A sample was read half-way between sending and receiving; the step against the old belief is returned."""
    clock = Hands().clock()
    assert clock.set_from(EPOCH + 5_000.0, 1_000.0, 1_100.0) == 4_950.0
    assert clock.now() == EPOCH + 4_950.0
    assert clock.synced_at == 1_100.0


def test_is_stale() -> None:
    """A look at the exchange's clock is worth five minutes."""
    hands = Hands()
    clock = hands.clock()
    assert clock.is_stale()
    clock.set_from(EPOCH, 1_000.0, 1_000.0)
    hands.monotonic += STALE_AFTER
    assert not clock.is_stale()
    hands.monotonic += 1.0
    assert clock.is_stale()


@pytest.mark.parametrize(
    ("told", "step"),
    [
        (EPOCH + 20.0, 0.0),  # between sending (0 ms) and receiving (50 ms): contradicts nothing
        (EPOCH - 1.0, 0.0),  # whole milliseconds: one either way is rounding
        (EPOCH + 51.0, 0.0),
        (EPOCH + 1_050.0, 999.0),  # at least this much ahead
        (EPOCH - 1_001.0, -999.975),  # the two clocks drift, 500 ppm in 50 ms
        (EPOCH - 901.0, -899.975),
        (EPOCH - 1_000.0, 0.0),  # perhaps cut to whole seconds: then it is up to a second older than it says
        (EPOCH - 2_000.0, -999.975),
        (EPOCH + 4_000_000.0, 0.0),  # more than an hour off is no time
        (1.0, 0.0),
        (math.nan, 0.0),
        (math.inf, 0.0),
    ],
)
def test_hint(told: float, step: float) -> None:
    """A free sample corrects the clock only as far as it contradicts it."""
    clock = Hands().clock()
    assert clock.hint(told, 1_000.0, 1_050.0) == pytest.approx(step, abs=1e-3)
    assert clock.now() == pytest.approx(EPOCH + step, abs=1e-3)
    assert clock.synced_at is None


@backends
def test_drift(backend: Backend) -> None:
    """The simulated clock can drift and start off, as real ones do."""

    async def main() -> None:
        right, fast = simulated_clock(), simulated_clock(drift=2e-4, offset=-500.0)
        await anyio.sleep(1_000)
        assert right.now() == pytest.approx(EPOCH + 1_000_000.0, abs=0.01)
        assert fast.now() == pytest.approx(EPOCH - 500.0 + 1_000_200.0, abs=0.01)
        assert fast.wall() == pytest.approx(fast.now(), abs=0.01)

    run(backend, main)


def test_real_clocks() -> None:
    """Outside of tests, both axes are the machine's, in milliseconds."""
    before = monotonic_ms()
    assert monotonic_ms() >= before
    assert abs(datetime.now(UTC).timestamp() * 1000.0 - wall_ms()) < 5_000
    assert abs(ServerClock().now() - wall_ms()) < 5_000


@pytest.mark.parametrize("point", [-1e18, 1e18, math.inf, -math.inf, math.nan, 1e300])
def test_moment_of_anything(point: float) -> None:
    """No point raises: beyond the years 1970 to 9999 the nearest of them is named."""
    assert 1970 <= Hands().clock().moment(point).year <= 9999


@pytest.mark.parametrize("told", [math.nan, math.inf, -math.inf])
def test_no_number(told: float) -> None:
    """What is no number moves nothing."""
    clock = Hands().clock()
    assert clock.set_from(told, 1_000.0, 1_010.0) == 0.0
    assert (clock.now(), clock.synced_at) == (EPOCH, None)
    assert not clock.borrow(told, 0.0)


def test_is_plausible() -> None:
    """Within a day of the machine's clock, of an earlier look, or of the reply's own date."""
    hands = Hands()
    clock, month = hands.clock(), 30 * 86_400_000.0
    assert [clock.is_plausible(EPOCH + off) for off in (0.0, 86_399_999.0, 86_400_001.0, -86_400_001.0)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not any(map(clock.is_plausible, (1e18, 1.0, -1.0, EPOCH / 1000.0, math.nan, math.inf)))
    assert clock.is_plausible(EPOCH + month, date_ms=EPOCH + month + 900.0)
    assert not clock.is_plausible(1e18, date_ms=EPOCH)
    clock.set_from(EPOCH + month, 1_000.0, 1_010.0)
    assert clock.is_plausible(EPOCH + month)


def test_latest() -> None:
    """A moment that the exchange names is over at the end of the interval at the latest; by the guess before a look."""
    clock = Hands().clock()
    assert clock.latest(EPOCH + 500.0) == 1_500.0
    clock.set_from(EPOCH + 50.0, 1_000.0, 1_100.0)
    assert clock.from_server(EPOCH + 500.0) == 1_500.0
    assert clock.latest(EPOCH + 500.0) == pytest.approx(1_551.0, abs=0.3)
    clock.hint(EPOCH + 151.0, 1_150.0, 1_155.0)
    assert clock.latest(EPOCH + 500.0) == pytest.approx(1_505.0, abs=0.3)
    assert clock.from_server(EPOCH + 500.0) == pytest.approx(1_500.0, abs=2.1)


def test_borrow() -> None:
    """Another process' guess is taken over with its age, as far as what is proven here allows; nonsense is not."""
    clock = Hands().clock()
    assert clock.borrow(clock.offset + 5_000.0, 200.0)
    assert (clock.now(), clock.synced_at) == (EPOCH + 5_000.0, 800.0)
    clock.hint(EPOCH + 5_001.0, 1_000.0, 1_000.0)
    assert clock.borrow(clock.offset + 100.0, 0.0)
    assert clock.now() == EPOCH + 5_002.0
    assert not clock.borrow(1e18, 0.0)
