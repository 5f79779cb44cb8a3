"""Keeping a client's clock by the exchange's: readings of the time endpoint, and which of them can be believed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import anyio
from attrs import define, field

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.interval_clock import PRECISION
from bingx_async.errors import ApiError, BingXError, QuotaWait, ReadFailed, TransportError
from bingx_async.models import Priority
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Reply
from bingx_async.runtime.logs import warn

PATIENCE = 5.0  # seconds for setting the clock
CANCEL_PATIENCE = 1.0  # the same, while a cancel waits for it
LOOKS = 3  # round trips at once
GRACE = 50.0  # ms at least in which the others may follow the first
DATE_PRECISION = 1_000.0  # ms; of the header `Date` and of a time told in seconds


class Sample(NamedTuple):
    """A reading of the time endpoint: `server_ms`, cut to `resolution`, was shown between the two moments."""

    server_ms: float
    sent_at: float
    received_at: float
    resolution: float = PRECISION

    @property
    def took(self) -> float:
        """How unsure it is, in milliseconds."""
        return self.received_at - self.sent_at + self.resolution


def patience_of(endpoint: Endpoint[Any], timeout: float) -> float:
    """Seconds for which a call waits for the exchange's clock; the machine's own is a fair guess for a cancel."""
    return min(CANCEL_PATIENCE if endpoint.priority <= Priority.CANCEL else PATIENCE, timeout)


def waits_for_clock(endpoint: Endpoint[Any]) -> bool:
    """Whether a first call waits for one look at the exchange's clock. A cancel never does: if the machine's clock is
    so wrong that it is refused, it is sent again after a look. An order with a stamp from the future could run late."""
    return endpoint.is_signed and endpoint.priority > Priority.CANCEL


@define(eq=False)
class Timekeeper:
    """Sets the clock of `governor`; `measure` makes one round trip to a time endpoint."""

    governor: Governor
    endpoints: tuple[Endpoint[float | None], ...]
    measure: Callable[[Endpoint[float | None]], Awaitable[Sample | None]]
    _lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def sync(self, patience: float = PATIENCE) -> BingXError | None:
        """Set the clock by a few round trips at once, for `patience` seconds at most; a failure is returned."""
        clock = self.governor.clock
        started = clock.monotonic()
        error: BingXError = ReadFailed(f"no answer within {patience:g} s", self.endpoints[0].path)
        with anyio.move_on_after(patience):
            try:
                async with self._lock:
                    if not self._has_looked_since(started):
                        await self._look()
                        self.governor.lend_clock()
                return None
            except (QuotaWait, TransportError, ApiError) as failure:
                error = failure
        if self._has_looked_since(started):  # by a look that came before the others were given up
            return None
        warn("the exchange's clock could not be read (%s)", error)
        clock.synced_at = clock.monotonic()  # as it stands, by the machine's own clock
        return error

    def read(self, told: float | None, sent_at: float, reply: Reply) -> Sample | None:
        """The reading that a reply of the time endpoint `told`; None, and a warning, if no clock can show it. A time
        in seconds is taken for one if it is plausible only so."""
        if told is None:
            return None
        date = _date_of(reply)
        for unit, resolution in ((1.0, PRECISION), (DATE_PRECISION, DATE_PRECISION)):
            if self.governor.clock.is_plausible(told * unit, date):
                return Sample(told * unit, sent_at, reply.received_at, resolution)
        warn("the exchange's clock cannot show %.15g: it is more than a day from this machine's; not believed", told)
        return None

    def _has_looked_since(self, started: float) -> bool:
        synced_at = self.governor.clock.synced_at
        return synced_at is not None and synced_at > started

    async def _look(self) -> None:
        """Look at the clock by the first endpoint that tells the time. Raises the error of the looks if none does."""
        for endpoint in self.endpoints:
            best, errors = await self._look_at(endpoint)
            if best is not None:
                return
            if errors:
                raise errors[0]
        raise ApiError(None, "the reply holds no time to believe", self.endpoints[0].path, 200)

    async def _look_at(self, endpoint: Endpoint[float | None]) -> tuple[Sample | None, list[BingXError]]:
        """A few round trips at once. The first sets the clock; those that come within as long again improve it."""
        clock = self.governor.clock
        best: Sample | None = None
        errors: list[BingXError] = []

        async def look() -> None:
            nonlocal best
            try:
                sample = await self.measure(endpoint)
            except BingXError as error:
                errors.append(error)
                return
            if sample is None:
                return
            if best is None or sample.took < best.took:
                best = sample
                self.governor.reporter.clock_stepped(clock.set_from(*sample))
            else:
                clock.interval.add(*sample)
            until = anyio.current_time() + max(GRACE, best.took) / 1000.0
            group.cancel_scope.deadline = min(group.cancel_scope.deadline, until)

        async with anyio.create_task_group() as group:
            for _ in range(LOOKS):
                group.start_soon(look)
        return best, errors


def _date_of(reply: Reply) -> float | None:
    """The header `Date` in epoch milliseconds, if it can be read."""
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).timestamp() * 1000.0
    except (ValueError, TypeError, OverflowError):
        return None
