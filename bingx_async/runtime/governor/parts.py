"""The parts of one governor, and the room in which its waiting calls sleep."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

import anyio.lowlevel

from bingx_async.core.claims import Claims, NotUntil, Permit
from bingx_async.core.counting import MinRtt
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.line import Waiter
from bingx_async.runtime.governor.queue import WaitQueue
from bingx_async.runtime.governor.reports import Reporter
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.loops import Loop, WrongLoop

LONG = 100.0  # ms; a wait from which on the last part is timed apart
LAST_PART = 20.0  # ms of it, or
LAST_SHARE = 0.01  # of it, whichever is longer


class WaitingRoom:
    """Where the waiters of one queue sleep, all on one timer, without a task in the background.

    One of the waiters leads. It sleeps until the queue's next moment while the others sleep until they are woken; when
    it leaves, a waiter from the back of a line leads next. In a second event loop it works once the first has ended.
    """

    def __init__(self, queue: WaitQueue, clock: ServerClock) -> None:
        self._queue, self._clock = queue, clock
        self._leader: Waiter | None = None
        self._led_until = inf
        self._loop: Loop | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no call waits and none is about to leave."""
        return not self._queue.lines and self._leader is None

    async def wait(self, waiter: Waiter) -> Permit | NotUntil:
        """Its permit or the refusal that ended its wait, once there is one. Raises the error that evicted it."""
        self._loop = Loop()
        try:
            while waiter.permit is None and waiter.refusal is None:
                await self._sleep(waiter)
        except BaseException:
            self.wake(self._queue.leave(waiter, self._clock.monotonic()))
            raise
        finally:
            if self._leader is waiter:
                self._leader, self._led_until = self._queue.lines.last(), inf
            self.wake()  # a permit that went back may have been refused to the next until an earlier moment
        if waiter.permit is not None:
            return waiter.permit
        if isinstance(waiter.refusal, BaseException):
            raise waiter.refusal
        assert waiter.refusal is not None
        return waiter.refusal

    async def _sleep(self, waiter: Waiter) -> None:
        """Until woken; the leader also until the queue's next moment."""
        woken = anyio.Event()
        waiter.wake = woken.set
        if self._leader is None:
            self._leader = waiter
        if self._leader is not waiter:
            self.wake()
            await woken.wait()
            return
        self._led_until = self._queue.next_at()
        await self._sleep_until(self._led_until, woken)
        decided = self._queue.tick(self._clock.monotonic())
        for each in decided:
            each.wake()
        first_granted = next((each for each in decided if each.permit is not None), None)
        if waiter.permit is not None and waiter is not first_granted:
            await anyio.lowlevel.checkpoint()  # those that were granted before the leader go first

    async def _sleep_until(self, moment: float, woken: anyio.Event) -> None:
        """Sleep until `moment` or until woken; in two parts if long, as a timer is late by a share of its span."""
        span = moment - self._clock.monotonic()
        if span <= 0.0:
            await anyio.lowlevel.checkpoint()
            return
        if LONG <= span < inf:
            with anyio.move_on_after((span - max(LAST_PART, LAST_SHARE * span)) / 1000.0):
                await woken.wait()
                return
            span = max(0.0, moment - self._clock.monotonic())
        with anyio.move_on_after(span / 1000.0):
            await woken.wait()

    def wake(self, decided: Iterable[Waiter] = ()) -> None:
        """Wake the waiters that the queue has decided, and the leader if its timer is set too late."""
        for waiter in decided:
            waiter.wake()
        if self._leader is not None and self._queue.next_at() < self._led_until:
            self._led_until = -inf
            self._leader.wake()

    def check_loop(self) -> None:
        """Forget the waiters of an event loop that has ended. Raises `WrongLoop` if that loop still runs."""
        if self._loop is None or self._loop.is_current():
            return
        if not self._loop.has_ended():
            raise WrongLoop("a Governor serves one event loop at a time; give each loop its own, with share")
        self._leader = None
        self._queue.forget()


class Parts:
    """Everything a governor with these settings needs; `_shared` is None without a store."""

    def __init__(self, settings: GovernorSettings) -> None:
        self.profile, self.credit, self.clock = settings.profile, settings.credit, settings.clock
        self.reserve = settings.reserve
        self.requested: dict[tuple[str, str], Endpoint[Any]] = {}  # by account and route; none of the catalogue
        if settings.utc_error is not None:
            self.clock.utc_error = settings.utc_error
        named = (self.profile.catalogue.find_all(name) for name in settings.stamped)
        self._stamped = frozenset(endpoint.route for endpoints in named for endpoint in endpoints)
        self.reporter = Reporter(self.clock, settings.on_event)
        self._draw, self._min_rtt = settings.draw, MinRtt()
        began = self.clock.monotonic() if settings.cold_start == "spent" else None
        self._ledger = ledger = Ledger(Settings(settings.share, began, settings.anchor == "headers"))
        self._queue = WaitQueue(ledger)
        self._room = WaitingRoom(self._queue, self.clock)
        store = settings.store
        self._shared = SharedQuota(store, settings, ledger, self.reporter) if store is not None else None

    def _changed(self, claims: Claims) -> None:
        """Something has happened to the buckets of `claims`: grant the calls that wait for them what has come free."""
        self._room.wake(self._queue.ask(claims.keys, self.clock.monotonic()))
