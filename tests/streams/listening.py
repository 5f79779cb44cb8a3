"""A listener that notes what it is told, and a line with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from bingx_async.core.stream_limits import StreamLimits
from bingx_async.runtime.loops import Changes
from bingx_async.runtime.stream.dialing import Door
from bingx_async.runtime.stream.line import Line
from bingx_async.testing import simulated_monotonic
from tests.streams.exchange import URL, StreamExchange

TRADES, TICKER = "BTC-USDT@trade", "BTC-USDT@ticker"


class Notes:
    """What a line told, in order: (kind, value, ...)."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, ...]] = []
        self.began = simulated_monotonic()
        self.at: list[float] = []  # the moment of each, ms
        self.changes = Changes()

    def __getattr__(self, kind: str) -> Callable[..., None]:
        def note(*values: Any) -> None:
            self.all.append((kind, *values))
            self.at.append(round(simulated_monotonic() - self.began))
            self.changes.notify()

        return note

    def of(self, kind: str) -> list[Any]:
        """The values of one kind; a tuple where there are several."""
        return [values[0] if len(values) == 1 else values for found, *values in self.all if found == kind]

    def moments(self, kind: str) -> list[float]:
        """When they were told, ms since the start."""
        return [at for at, (found, *_) in zip(self.at, self.all, strict=True) if found == kind]

    async def wait_for(self, kind: str, times: int = 1) -> Any:
        """The first value of this kind, once it was told so many times."""
        while len(self.of(kind)) < times:
            await self.changes.wait()
        return self.of(kind)[0]

    @property
    def data(self) -> list[Any]:
        """The data of the messages."""
        return [push.data for push in self.of("pushed")]

    @property
    def reasons(self) -> list[str]:
        """Why sockets were lost."""
        return [reason for _, reason in self.of("lost")]


class Setting:
    """A scripted exchange, a line to it and what the line told."""

    def __init__(self, exchange: StreamExchange | None = None, **limits: Any) -> None:
        self.exchange = exchange or StreamExchange()
        self.notes = Notes()
        self.limits = StreamLimits(**limits)
        self.line = self.line_to(Door(URL, connect=self.exchange.connect_stream))

    def line_to(self, door: Door, **more: Any) -> Line:
        """Another line that tells the same listener."""
        more.setdefault("draw", lambda: 1.0)
        listener: Any = self.notes
        return Line(door, self.limits, simulated_monotonic, listener, **more)

    @asynccontextmanager
    async def running(self, *topics: str, every: float | None = None) -> AsyncIterator[Setting]:
        """The line runs, and the topics have been asked for, while the block does."""
        for topic in topics:
            self.line.want(topic, every)
        async with anyio.create_task_group() as group:
            group.start_soon(self.line.run)
            yield self
            group.cancel_scope.cancel()
