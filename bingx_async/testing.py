"""Simulated time: hours of waiting in seconds of running, under asyncio and trio.

`run_simulated(main)` runs an async function in an event loop whose clock jumps to the next timer as soon as nothing
else can run. `simulated_clock()` gives a `Governor` or client the same clock. Nothing may wait for a real socket or
thread inside. `bingx_async.replay` plays the recording of a client's streams.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, TypeVarTuple

import anyio

from bingx_async.runtime.clock import ServerClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
EPOCH = 1_790_000_000_000.0  # ms; where the simulated wall clock starts


class _JumpingSelector(selectors.SelectSelector):
    """Where the loop would sleep, its clock jumps."""

    loop: SimulatedEventLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("deadlock in simulated time: every task waits and no timer is set")
        self.loop.jump(timeout)
        return super().select(0)


class SimulatedEventLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop in simulated time."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self._simulated = 0.0
        super().__init__(selector)

    def time(self) -> float:
        """Simulated seconds since the loop was made."""
        return self._simulated

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """As usual, but a timer at infinity (`anyio.sleep_forever`) is none, or the clock would jump for ever."""
        if when == math.inf:
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._simulated += max(0.0, seconds)


def run_simulated(main: Callable[..., Awaitable[T]], *args: Any, backend: Literal["asyncio", "trio"] = "asyncio") -> T:
    """Run `main(*args)` in simulated time and return what it returns."""
    if backend == "asyncio":
        options: dict[str, Any] = {"loop_factory": SimulatedEventLoop}
    else:
        from trio.testing import MockClock

        options = {"clock": MockClock(autojump_threshold=0)}
    return anyio.run(main, *args, backend=backend, backend_options=options)


def simulated_monotonic() -> float:
    """Milliseconds by the running event loop's clock, which may be simulated."""
    return anyio.current_time() * 1000.0


def simulated_clock(drift: float = 0.0, offset: float = 0.0) -> ServerClock:
    """A clock on the running loop's time; `drift` in parts per one, `offset` of the wall clock in milliseconds."""
    origin = simulated_monotonic()

    def monotonic() -> float:
        return origin + (simulated_monotonic() - origin) * (1.0 + drift)

    return ServerClock(monotonic=monotonic, wall=lambda: EPOCH + offset + (monotonic() - origin))
