"""Simulated time itself."""

from __future__ import annotations

import time

import anyio
import pytest

from bingx_async.testing import run_simulated, simulated_monotonic
from tests.runtime.hall import Backend, backends


@backends
def test_hours_in_no_time(backend: Backend) -> None:
    """A day passes in an instant, timers fire in order, and the result comes back."""

    async def main(answer: int) -> int:
        start, order = simulated_monotonic(), list[float]()

        async def sleep(seconds: float) -> None:
            await anyio.sleep(seconds)
            order.append(seconds)

        async with anyio.create_task_group() as group:
            for seconds in (86_400.0, 0.001, 3_600.0, 0.0):
                group.start_soon(sleep, seconds)
        assert order == [0.0, 0.001, 3_600.0, 86_400.0]
        assert simulated_monotonic() - start == pytest.approx(86_400_000.0)
        return answer

    began = time.monotonic()
    assert run_simulated(main, 42, backend=backend) == 42
    assert time.monotonic() - began < 30


def test_deadlock() -> None:
    """A program in which every task waits for nothing ends with an error instead of hanging."""
    with pytest.raises(RuntimeError, match="deadlock in simulated time: every task waits and no timer is set"):
        run_simulated(anyio.sleep_forever)
