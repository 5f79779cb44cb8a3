"""A governor in simulated time, and calls on it that take a round trip."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, Literal, TypeVar

import anyio
import anyio.lowlevel
import pytest

from bingx_async import Governor, Priority
from bingx_async.core.claims import Permit
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.events import Event
from bingx_async.core.verdict import Accepted, Meaning, Scope, Throttled
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.testing import run_simulated, simulated_clock

__all__ = [
    "CANCEL_OCO_ORDER",
    "CANCEL_OPEN_ORDERS",
    "CANCEL_ORDER",
    "CANCEL_ORDERS",
    "OK",
    "PLACE_OCO_ORDER",
    "Backend",
    "Hall",
    "backends",
    "in_turn",
    "run",
    "throttled",
]

T = TypeVar("T")
Backend = Literal["asyncio", "trio"]
OK = Accepted(None, {})
OCCUPANCY = 1002.5  # ms: one second, stretched, and the margin

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(backend: Backend, main: Callable[..., Awaitable[T]], *args: Any) -> T:
    """`main` in simulated time, bounded to a simulated day so that a hang fails instead."""

    async def bounded() -> T:
        with anyio.fail_after(86_400):
            return await main(*args)

    return run_simulated(bounded, backend=backend)


async def in_turn(steps: int = 3) -> None:
    """Let the tasks just started take their places: trio starts them in random order otherwise."""
    for _ in range(steps):
        await anyio.lowlevel.checkpoint()


def throttled(until: float | None = None, after: float | None = None, scope: Scope = Scope.ENDPOINT) -> Throttled:
    """The exchange has closed something."""
    return Throttled(Meaning.CLOSED, scope, 100410, "closed", 200, {}, until, after)


class Hall:
    """A governor, its events, and a log of the grants (name and whole milliseconds since the start)."""

    def __init__(self, **settings: Any) -> None:
        self.events: list[Event] = []
        self.clock = simulated_clock()
        settings.setdefault("draw", lambda: 0.0)
        settings.setdefault("on_event", self.events.append)
        self.governor = Governor(clock=self.clock, **settings)
        self.began = self.clock.monotonic()
        self.log: list[tuple[Any, int]] = []

    def now(self) -> float:
        """Milliseconds since the start."""
        return self.clock.monotonic() - self.began

    async def acquire(
        self,
        endpoint: Endpoint[Any] = CANCEL_ORDER,
        max_wait: float = inf,
        priority: Priority | None = None,
        account: str = "1",
        **more: Any,
    ) -> Permit:
        """A permit, as a call would ask for it."""
        deadline = self.clock.monotonic() + max_wait * 1000.0
        claims = self.governor.claims(endpoint, account)
        return await self.governor.acquire(
            claims, deadline, endpoint.priority if priority is None else priority, **more
        )

    def settle(self, permit: Permit, verdict: Any = OK, **headers: str) -> Any:
        """A reply comes now."""
        return self.governor.settle(permit, verdict, self.clock.monotonic(), headers)

    async def call(self, name: Any, endpoint: Endpoint[Any] = CANCEL_ORDER, rtt: float = 0.05, **more: Any) -> None:
        """A whole call that is accepted after `rtt` seconds; its grant goes into the log."""
        permit = await self.acquire(endpoint, **more)
        self.log.append((name, round(self.now())))
        await anyio.sleep(rtt)
        self.settle(permit)

    def names(self) -> list[Any]:
        """The names of the calls that were granted, in order."""
        return [name for name, _ in self.log]

    def bucket(self, endpoint: Endpoint[Any] = CANCEL_ORDER, account: str = "1") -> tuple[int, int, int]:
        """(available, in flight, waiting) of a UID bucket."""
        found = self.governor.snapshot().find(f"account {account} {endpoint.route}")
        assert found is not None
        return (found.available, found.in_flight, found.waiting)
