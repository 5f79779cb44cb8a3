"""Keeping a client's clock by the exchange's: looks at the time endpoint, and free samples from replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field

from bingx_async.core import events
from bingx_async.core.endpoint import Endpoint
from bingx_async.errors import ApiError, BingXError, ConnectFailed, OutcomeUnknown, QuotaWait, TransportError
from bingx_async.runtime.clock import ROUND_TRIPS, STEP, ServerClock
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.logs import warn

PATIENCE = 5.0  # seconds for setting the clock
Sample = tuple[float, float, float]  # server time, sent at, received at


@define(eq=False)
class Timekeeper:
    """Sets `clock`; `look` makes one round trip to a time endpoint."""

    governor: Governor
    clock: ServerClock
    endpoints: tuple[Endpoint[float | None], ...]
    look: Callable[[Endpoint[float | None]], Awaitable[Sample | None]]
    _lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def sync(self, patience: float = PATIENCE) -> BingXError | None:
        """Set the clock by the time endpoint: the best of a few round trips, for `patience` seconds at most.

        A failure is logged and returned; the machine's own clock is used then.
        """
        started = self.clock.monotonic()
        error: BingXError = OutcomeUnknown(f"no answer within {patience:g} s", self.endpoints[0].path, {}, ())
        with anyio.move_on_after(patience):
            try:
                async with self._lock:
                    if self.clock.synced_at is None or self.clock.synced_at < started:
                        self.tell(self.clock.set_from(*await self._best_sample()))
                        self.governor.lend_clock()
                return None
            except (QuotaWait, TransportError, ApiError) as failure:
                error = failure
        warn("the exchange's clock could not be read (%s)", error)
        self.clock.synced_at = self.clock.monotonic()
        return error

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
            warn("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            self.governor.reporter.emit(events.ClockStepped(self.clock.moment(self.clock.monotonic()), step / 1000.0))
