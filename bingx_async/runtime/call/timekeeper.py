"""Keeping a client's clock by the exchange's: readings of the time endpoint, and free samples from replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from attrs import define, field

from bingx_async.core import events
from bingx_async.core.endpoint import Endpoint
from bingx_async.errors import ApiError, BingXError, QuotaWait, ReadFailed, TransportError
from bingx_async.models import Priority
from bingx_async.runtime.clock import ROUND_TRIPS, STEP, ServerClock
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.logs import warn

PATIENCE = 5.0  # seconds for setting the clock
CANCEL_PATIENCE = 1.0  # the same, while a cancel waits for it
Sample = tuple[float, float, float]  # server time, sent at, received at


def patience_of(endpoint: Endpoint[Any], timeout: float) -> float:
    """Seconds for which a call waits for the exchange's clock; the machine's own is a fair guess for a cancel."""
    return min(CANCEL_PATIENCE if endpoint.priority <= Priority.CANCEL else PATIENCE, timeout)


@define(eq=False)
class Timekeeper:
    """Sets `clock`; `measure` makes one round trip to a time endpoint."""

    governor: Governor
    clock: ServerClock
    endpoints: tuple[Endpoint[float | None], ...]
    measure: Callable[[Endpoint[float | None]], Awaitable[Sample | None]]
    _lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def sync(self, patience: float = PATIENCE) -> BingXError | None:
        """Set the clock by the time endpoint: the best of a few round trips, for `patience` seconds at most.

        A failure is logged and returned; the machine's own clock is used then.
        """
        started = self.clock.monotonic()
        error: BingXError = ReadFailed(f"no answer within {patience:g} s", self.endpoints[0].path)
        with anyio.move_on_after(patience):
            try:
                async with self._lock:
                    if self.clock.synced_at is None or self.clock.synced_at < started:
                        self._report(self.clock.set_from(*await self._best_sample()))
                        self.governor.lend_clock()
                return None
            except (QuotaWait, TransportError, ApiError) as failure:
                error = failure
        warn("the exchange's clock could not be read (%s)", error)
        self.clock.synced_at = self.clock.monotonic()
        return error

    def hint(self, server_ms: float, sent_at: float, received_at: float) -> None:
        """Correct the clock by the time that stood in a reply."""
        self._report(self.clock.hint(server_ms, sent_at, received_at))

    async def _best_sample(self) -> Sample:
        """(server time, sent at, received at) of the shortest round trip, from the first endpoint that answers."""
        for endpoint in self.endpoints:
            samples = await self._samples(endpoint)
            if samples:
                return min(samples, key=lambda sample: sample[2] - sample[1])
        raise ApiError(None, "the reply holds no time", self.endpoints[0].path, 200)

    async def _samples(self, endpoint: Endpoint[float | None]) -> list[Sample]:
        """The samples of a few round trips; a failure counts only if there was none before it."""
        samples: list[Sample] = []
        try:
            for _ in range(ROUND_TRIPS):
                sample = await self.measure(endpoint)
                if sample is not None:
                    samples.append(sample)
        except (QuotaWait, TransportError):
            if not samples:
                raise
        return samples

    def _report(self, step: float) -> None:
        """Tell the log and the events of a step of the clock (ms), if it is large."""
        if abs(step) >= STEP:
            warn("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            self.governor.reporter.emit(events.ClockStepped(self.clock.moment(self.clock.monotonic()), step / 1000.0))
