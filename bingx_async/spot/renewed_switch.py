"""A dead man's switch that is renewed while a block runs.

The moment at which the exchange fires is not read from its replies but bounded: a renewal that was accepted counts from
when it was begun, so the switch cannot fire earlier than is known here. A renewal is given up after a third of the
timeout, so that another one fits in; where replies are known to be slow it has longer. The quota is one call at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from math import inf
from types import TracebackType
from typing import Protocol, Self, Unpack

import anyio
from anyio.abc import TaskGroup

from bingx_async.core.options import CallOptions
from bingx_async.errors import BingXError, ClientClosed, InvalidRequest, OutcomeUnknown, QuotaWait
from bingx_async.models import DeadMansSwitch, Priority, SwitchState
from bingx_async.spot.base import Calls

LONGEST_DELAY = 90.0  # seconds between tries at most; more than 20 errors within 480 s would close the endpoint
QUEUES = 2.0  # seconds for which a renewal may wait for quota; the switch is counted from before that
VALIDITY = 5.0  # seconds for which the exchange may accept a request that it was sent
CANCELLING = 10.0  # seconds for which the exchange may refuse everything after it has fired
WHY = {
    SwitchState.LATE: "no renewal was answered in time",
    SwitchState.EXPIRED: "no renewal was answered in time",
    SwitchState.LEFT_ARMED: "it could not be closed",
}
ROUNDING = timedelta(seconds=2)  # of the moments that the exchange names


class CancelAllAfter(Protocol):
    """The call that arms, renews and closes the switch."""

    def __call__(self, seconds: int | None, /, **options: Unpack[CallOptions]) -> Awaitable[DeadMansSwitch]:
        """See `client.spot.cancel_all_after`."""
        ...


class RenewedSwitch:
    """The dead man's switch of an account, armed on entry and renewed at each third of its timeout.

    Leaving the block normally closes it, and raises if that fails: it is armed then. Leaving the block by any exception
    leaves it armed, cancellation and KeyboardInterrupt included: whatever ended the program's work without telling that
    all is well, the exchange cancels what is open when the time runs out. `close()` closes it earlier.

    The block is never interrupted, and no error of a renewal reaches it. A renewal that is late or has failed is an
    event (`SwitchChanged`) and a warning in the log, and is tried again at once and ever more slowly; `state`,
    `is_late` and `error` tell how it stands, and `await switch.expired.wait()` returns once the time has run out
    without an accepted renewal. All open orders may have been cancelled then: look before you place them anew. The
    switch goes on trying to arm again, to protect what is placed later; `expired` stays set.
    """

    def __init__(self, timeout: int, cancel_all_after: CancelAllAfter, calls: Calls, options: CallOptions) -> None:
        self.timeout = timeout
        self.state = SwitchState.CLOSED
        self.error: Exception | None = None
        self._cancel_all_after, self._calls, self._options = cancel_all_after, calls, options
        self._period = timeout / 3
        self._due = self._fires_at = self._unsettled_until = 0.0  # on the event loop's clock
        self._fires_at_most: datetime | None = None  # as the exchange named it
        self._took = 0.0  # seconds until the last reply
        self._failures = 0
        self._is_renewing = self._is_under_way = False
        self._tasks: TaskGroup | None = None

    @property
    def is_late(self) -> bool:
        """Whether less than a third of the timeout is left, or nothing."""
        return self.state in (SwitchState.LATE, SwitchState.EXPIRED)

    @property
    def trigger_time(self) -> datetime:
        """The earliest moment (aware UTC, by the exchange's clock) at which it can cancel everything."""
        left = self._fires_at - anyio.current_time()
        return datetime.fromtimestamp(self._calls.now() / 1000.0, UTC) + timedelta(seconds=left)

    @property
    def _late_at(self) -> float:
        return self._fires_at - self._period

    async def close(self) -> None:
        """Close the switch; nothing will be cancelled. It is tried until the time runs out; raises the last error.

        Renewals under way are waited for: the exchange could carry one out after the closing, and arm the switch.
        """
        if not self._is_renewing:
            return
        self._is_renewing = False
        self._wake()
        while self._is_under_way:
            await self._changed.wait()
        await anyio.sleep(max(0.0, self._unsettled_until - anyio.current_time()))
        await self._close_in_time(max(self._fires_at, anyio.current_time() + CANCELLING))
        self._turn(SwitchState.CLOSED)

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise InvalidRequest("a dead man's switch is entered once; make another one")
        self.expired, self._changed = anyio.Event(), anyio.Event()
        began = anyio.current_time()
        self._accept(began, await self._cancel_all_after(self.timeout, **self._options))
        self._due, self._is_renewing = began + self._period, True
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._renew_on_time)
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tasks is not None
        try:
            if error is None:
                await self.close()
        finally:
            if self.state is not SwitchState.CLOSED:
                self._turn(SwitchState.LEFT_ARMED, error)
            self._is_renewing = False
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)  # the block's own error goes on as it is

    async def _renew_on_time(self) -> None:
        while self._is_renewing:
            if anyio.current_time() >= self._due:
                await self._renew()
            await self._change_before(self._due)

    async def _watch(self) -> None:
        while self._is_renewing:
            now = anyio.current_time()
            self._judge(now)
            await self._change_before(min(at for at in (self._late_at, self._fires_at, inf) if at > now))

    async def _change_before(self, deadline: float) -> None:
        with anyio.CancelScope(deadline=deadline):
            await self._changed.wait()

    async def _renew(self) -> None:
        began = anyio.current_time()
        thirds = 1 if began < self._fires_at else min(3, 1 + self._failures)
        patience = max(self._period * thirds, 1.5 * self._took)
        options = CallOptions(priority=Priority.KILL_SWITCH, timeout=patience, max_wait=QUEUES)
        self._is_under_way, self._due = True, began + self._period
        try:
            self._accept(began, await self._cancel_all_after(self.timeout, **self._options | options))
        except Exception as error:
            self._fail(error)
        finally:
            self._is_under_way = False
            self._wake()

    async def _close_in_time(self, deadline: float) -> None:
        while True:
            try:
                await self._cancel_all_after(None, **self._options)
                return
            except (ClientClosed, InvalidRequest):
                raise
            except BingXError:
                if anyio.current_time() + 1 >= deadline:
                    raise
            await anyio.sleep(1)

    def _accept(self, began: float, switch: DeadMansSwitch) -> None:
        now, before, at = anyio.current_time(), self._fires_at_most, switch.trigger_time
        self._judge(now)
        if before is not None and at is not None and at - before > timedelta(seconds=self.timeout) + ROUNDING:
            self._expire()  # by the exchange's own clock: the machine was asleep, perhaps
        self._fires_at_most = at if before is None or (at is not None and at > before) else before
        self._fires_at = max(self._fires_at, began + self.timeout)
        self._took, self._failures = now - began, 0
        if now < self._fires_at:
            self._turn(SwitchState.ARMED)

    def _fail(self, error: Exception) -> None:
        now, self.error = anyio.current_time(), error
        if isinstance(error, QuotaWait):  # not sent: its moment is known
            self._due = now + min(error.retry_after, LONGEST_DELAY)
            return
        left, growing = self._fires_at - now, min(2.0 ** min(self._failures, 9), LONGEST_DELAY)
        self._due = now + (min(growing, max(2.0, left / 3)) if left > 0 else growing)
        self._failures += 1
        if isinstance(error, OutcomeUnknown):
            self._unsettled_until = now + VALIDITY
            self._calls.forget(error)  # the next renewal settles it; the list is for calls that can be looked up
        self._report(error)

    def _judge(self, now: float) -> None:
        """The state as time has made it."""
        if self.state is SwitchState.ARMED and now >= self._late_at:
            self._turn(SwitchState.LATE, self.error)
        if self.state is SwitchState.LATE and now >= self._fires_at:
            self._expire()

    def _expire(self) -> None:
        self.expired.set()
        self._turn(SwitchState.EXPIRED, self.error)

    def _turn(self, state: SwitchState, error: BaseException | None = None) -> None:
        before, self.state = self.state, state
        if state is SwitchState.ARMED:
            self.error = None
        if state is not before:
            self._report(error)

    def _report(self, error: BaseException | None) -> None:
        why = WHY.get(self.state, "") if error is None else f"{type(error).__name__}: {error}"
        self._calls.report_switch(self.state.value, self.trigger_time, why)

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
