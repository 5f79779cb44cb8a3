"""Keeping a client's clock by the exchange's: looks at the time endpoint, and free samples from replies."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field

from bingx_async.core import events
from bingx_async.core.endpoint import Endpoint
from bingx_async.errors import ApiError, BingXError, ConnectFailed, OutcomeUnknown, QuotaWait, TransportError
from bingx_async.runtime.clock import ROUND_TRIPS, STEP, ServerClock
from bingx_async.runtime.governor import Governor

Sample = tuple[float, float, float]  # server time, sent at, received at
log = logging.getLogger("bingx_async")


@define(eq=False)
class Timekeeper:
    """Sets `clock`; `look` makes one round trip to a time endpoint."""

    governor: Governor
    clock: ServerClock
    endpoints: tuple[Endpoint[float | None], ...]
    look: Callable[[Endpoint[float | None]], Awaitable[Sample | None]]
    _lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def sync(self) -> BingXError | None:
        """Set the clock by the time endpoint: the best of a few round trips. A failure is logged and returned."""
        started = self.clock.monotonic()
        async with self._lock:
            if self.clock.synced_at is not None and self.clock.synced_at >= started:
                return None
            try:
                self.tell(self.clock.set_from(*await self._best_sample()))
                self.governor.lend_clock()
            except (QuotaWait, TransportError, ApiError) as error:
                log.warning("the exchange's clock could not be read (%s)", error)
                self.clock.synced_at = self.clock.monotonic()
                return error
        return None

    async def _best_sample(self) -> Sample:
        """(server time, sent at, received at) of the shortest round trip, from the first endpoint that answers."""
        for endpoint in self.endpoints:
            samples = await self._samples(endpoint)
            if samples:
                return min(samples, key=lambda sample: sample[2] - sample[1])
        raise ApiError(None, "the reply holds no time", self.endpoints[0].path, 200)

    async def _samples(self, endpoint: Endpoint[float | None]) -> list[Sample]:
        """What a few round trips have brought; a failure counts only if there was nothing before it."""
        samples: list[Sample] = []
        try:
            for _ in range(ROUND_TRIPS):
                sample = await self.look(endpoint)
                if sample is not None:
                    samples.append(sample)
        except (QuotaWait, ConnectFailed, OutcomeUnknown):
            if not samples:
                raise
        return samples

    def tell(self, step: float) -> None:
        """A step of the clock, in milliseconds, that is worth telling about."""
        if abs(step) >= STEP:
            log.warning("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            self.governor.reporter.emit(events.ClockStepped(self.clock.moment(self.clock.monotonic()), step / 1000.0))
