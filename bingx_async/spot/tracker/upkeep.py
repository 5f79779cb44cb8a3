"""Keeping the state true: everything is read after each gap and every minute, and orders that no event tells of sooner.

One task does all reading, one call after the other, so connections that drop one after the other share a recovery, and
reads never crowd out the program's own calls. A reading that fails is repeated ever more slowly until it succeeds; only
then is a gap said to have ended.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import inf

import anyio

from bingx_async.core.order_report import CONDITIONAL
from bingx_async.errors import BingXError, ClientClosed
from bingx_async.models import OrderType, Placement, TrackedOrder
from bingx_async.spot.tracker.agenda import Agenda
from bingx_async.spot.tracker.feed import Feed
from bingx_async.spot.tracker.portfolio import Portfolio
from bingx_async.spot.tracker.reading import Reader, is_leg
from bingx_async.spot.tracker.waiting import key_of

EVERY = 60.0  # seconds between two readings of everything
POLLED_EVERY = 10.0  # the same while orders are open of which no event may tell, or while no event comes at all
LOOK_AFTER = 2.0  # seconds after which an order that should have ended, or lacks fills, is looked at
APART = 1.0  # seconds between two recoveries at least
LONGEST_DELAY = 60.0  # seconds between two tries at most


def is_polled(order: TrackedOrder) -> bool:
    """Whether the exchange may send no event of what happens to the order."""
    return order.is_open and (order.type in CONDITIONAL or is_leg(order))


def needs_a_look(order: TrackedOrder) -> bool:
    """Whether it should have ended, lacks fills, or is in a state that is not known."""
    if order.is_done or order.placement is not Placement.PLACED:
        return False
    return not order.is_open or order.type == OrderType.MARKET


class Upkeep:
    """The reading for one account. `ended` is told the error after which no reading is possible."""

    def __init__(
        self, portfolio: Portfolio, reader: Reader, report: Callable[[str], None], ended: Callable[[BingXError], None]
    ) -> None:
        self._portfolio, self._reader, self._report, self._ended = portfolio, reader, report, ended
        self._agenda = Agenda()
        self._read_at = self._not_before = 0.0
        self._was_urgent_at = -inf
        self._failures, self._is_urgent = 0, False
        self._changed: anyio.Event | None = None

    def heed(self, order: TrackedOrder) -> None:
        """An order has changed."""
        key, now = key_of(order), anyio.current_time()
        if order.is_done:
            self._agenda.drop(key)
        elif needs_a_look(order):
            self._agenda.add(key, now, LOOK_AFTER)
        if is_polled(order):
            self.read_soon()
        self.wake()

    def look_soon(self, order: TrackedOrder) -> None:
        """Something was done to the order of which an event should tell."""
        self._agenda.add(key_of(order), anyio.current_time(), LOOK_AFTER)
        self.wake()

    def read_soon(self) -> None:
        """Something is not known which a reading tells."""
        self._read_at = min(self._read_at, anyio.current_time() + POLLED_EVERY)
        self.wake()

    def wake(self, is_urgent: bool = False) -> None:
        """Something is to be read; if it is urgent, everything is, since an event is missing: at once, or a while after
        the last time that it was urgent."""
        if is_urgent:
            soon = max(anyio.current_time(), self._was_urgent_at + POLLED_EVERY)
            self._read_at, self._is_urgent = min(self._read_at, soon), True
        if self._changed is not None:
            self._changed.set()

    async def begin(self, deadline: float) -> None:
        """Read everything for the first time, and what was placed in an earlier run. Raises the error that kept it from
        being read within `deadline` seconds."""
        give_up_at = anyio.current_time() + deadline
        for tries in count():
            try:
                await self._read(is_recovery=False)
                await self._reader.catch_up()
                return
            except ClientClosed:
                raise
            except BingXError as error:
                delay = _delay(error, tries)
                if anyio.current_time() + delay > give_up_at:
                    raise
            await anyio.sleep(delay)

    async def run(self, feed: Feed) -> None:
        """Read whenever something is due, until it is cancelled or the client is closed."""
        while True:
            await self._until_due(feed)
            try:
                await self._do(feed)
                self._failures = 0
            except ClientClosed as error:
                self._ended(error)
                return
            except Exception as error:
                self._put_off(error)

    async def _until_due(self, feed: Feed) -> None:
        while True:
            now = anyio.current_time()
            due = now if _can_recover(feed) else min(self._read_at, self._agenda.next_at)
            if max(due, self._not_before) <= now:
                return
            self._changed = anyio.Event()
            with anyio.CancelScope(deadline=max(due, self._not_before)):
                await self._changed.wait()

    async def _do(self, feed: Feed) -> None:
        if _can_recover(feed):
            losses = feed.losses
            await self._read(is_recovery=True)
            if feed.losses == losses and not feed.is_down:
                feed.resynced()
        elif self._read_at <= anyio.current_time():
            await self._read(is_recovery=False)
            if feed.is_down:
                self.read_soon()
        else:
            await self._look()

    async def _read(self, is_recovery: bool) -> None:
        due, is_urgent = self._read_at, self._is_urgent
        self._read_at, self._is_urgent = inf, False  # one that is asked for from now on stays due: this is too early
        if is_urgent:
            self._was_urgent_at = anyio.current_time()
        try:
            unseen = await self._reader.read_all(is_recovery or is_urgent)
        except BaseException:
            self._read_at, self._is_urgent = min(self._read_at, due), self._is_urgent or is_urgent
            raise
        if is_recovery or is_urgent:
            self._not_before = anyio.current_time() + APART
        is_often = any(map(is_polled, self._portfolio.open()))
        self._read_at = min(self._read_at, anyio.current_time() + (POLLED_EVERY if is_often else EVERY))
        for order in (*unseen, *self._portfolio.unsettled()):
            self.look_soon(order)

    async def _look(self) -> None:
        """Look at the orders that are due: at their fills, where they are known to have ended."""
        due = self._agenda.take(anyio.current_time())
        lacking = [each for each in self._portfolio.lacking() if key_of(each) in due]
        await self._reader.read_fills(lacking, is_late=True)
        for key in due:
            order = self._portfolio.find(key)
            if order is None or order.is_done:
                self._agenda.drop(key)
            elif not order.status.is_final and await self._reader.look_at(order):
                self._rest(key)

    def _rest(self, key: str) -> None:
        """Look no more at an order that was found to be as it should."""
        order = self._portfolio.find(key)
        if order is None or not (needs_a_look(order) or any(each is order for each in self._portfolio.unsettled())):
            self._agenda.drop(key)

    def _put_off(self, error: Exception) -> None:
        """A reading that failed is repeated later; of several failures in a row the first is reported."""
        if not self._failures:
            self._report(f"orders and balances could not be read and will be read again: {error!r}")
        self._not_before = anyio.current_time() + _delay(error, self._failures)
        self._failures += 1


def _can_recover(feed: Feed) -> bool:
    return feed.gap is not None and not feed.is_down


def _delay(error: Exception, failures: int) -> float:
    """Seconds until the next try: as the exchange or the quota says, else ever longer."""
    told = getattr(error, "retry_after", None)
    growing = min(0.5 * 2.0 ** min(failures, 9), LONGEST_DELAY)
    return max(growing, told if isinstance(told, float) and told < inf else 0.0)
