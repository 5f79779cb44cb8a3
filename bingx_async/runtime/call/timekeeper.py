"""Keeping a client's clock by the exchange's: readings of the time endpoint, and free samples from replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from attrs import define, field

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.events import ClockStepped
from bingx_async.errors import ApiError, BingXError, QuotaWait, ReadFailed, TransportError
from bingx_async.models import Priority
from bingx_async.runtime.clock import ROUND_TRIPS, STEP
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
    """Sets the clock of `governor`; `measure` makes one round trip to a time endpoint."""

    governor: Governor
    endpoints: tuple[Endpoint[float | None], ...]
    measure: Callable[[Endpoint[float | None]], Awaitable[list[Sample]]]
    _lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def sync(self, patience: float = PATIENCE) -> BingXError | None:
        """Set the clock by the best of a few round trips, for `patience` seconds at most; a failure is returned."""
        clock = self.governor.clock
        started = clock.monotonic()
        error: BingXError = ReadFailed(f"no answer within {patience:g} s", self.endpoints[0].path)
        with anyio.move_on_after(patience):
            try:
                async with self._lock:
                    if clock.synced_at is None or clock.synced_at < started:
                        self._report(clock.set_from(*await self._best_sample()))
                        self.governor.lend_clock()
                return None
            except (QuotaWait, TransportError, ApiError) as failure:
                error = failure
        warn("the exchange's clock could not be read (%s)", error)
        clock.synced_at = clock.monotonic()  # as it stands, by the machine's own clock
        return error

    def hint(self, server_ms: float, sent_at: float, received_at: float) -> None:
        """Correct the clock by the time that stood in a reply."""
        self._report(self.governor.clock.hint(server_ms, sent_at, received_at))

    async def _best_sample(self) -> Sample:
        """The sample of the shortest of a few round trips, from the first endpoint that answers."""
        samples: list[Sample] = []
        for endpoint in self.endpoints:
            try:
                for _ in range(ROUND_TRIPS):
                    samples += await self.measure(endpoint)
            except (QuotaWait, TransportError):
                if not samples:
                    raise
            if samples:
                return min(samples, key=lambda sample: sample[2] - sample[1])
        raise ApiError(None, "the reply holds no time", self.endpoints[0].path, 200)

    def _report(self, step: float) -> None:
        """Tell the log and the events of a step of the clock (ms), if it is large."""
        if abs(step) >= STEP:
            warn("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            reporter = self.governor.reporter
            reporter.emit(ClockStepped(reporter.now(), step / 1000.0))
