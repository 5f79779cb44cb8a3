"""The messages of an order book on their way into it, and a timer for what may take only so long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import inf

import anyio

from bingx_async.core.book_recovery import Recovery
from bingx_async.core.channel import Push
from bingx_async.core.order_book import Book, Took
from bingx_async.core.sink import Listening
from bingx_async.errors import BingXError
from bingx_async.spot.base import Streaming
from bingx_async.spot.streaming.channels import DEPTH_CHANGES
from bingx_async.spot.streaming.waking import Changing


class BookFeed:
    """A sink that keeps `book`, and tells `changing` of every change, also of one in `recovery.reason`. Moments are ms
    on the event loop's clock."""

    def __init__(self, streaming: Streaming, symbol: str) -> None:
        self.symbol, self.topic = symbol, DEPTH_CHANGES.topic_of(symbol)
        self.book, self.changing = Book(), Changing()
        self.recovery = Recovery(self.book)
        self._streaming = streaming
        self._listening: Listening | None = None
        self._policy = self.recovery.policy
        self._is_lost = False
        self._due_at: float | None = None
        self._wakes_at = inf
        self._rearmed: anyio.Event | None = None

    def take(self, push: Push) -> None:
        """A message."""
        took = self.book.take(push.data, push.time)
        if self._due_at is not None or (took is not Took.APPLIED and took is not Took.OLD):
            now = _now()
            self.recovery.judge(took, now)
            self._act(now)
        if took is not Took.OLD:
            self.changing.notify()

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """The book may be wrong from now on, so it is emptied."""
        self._is_lost = True
        self.recovery.lost(reason)
        self._arm()
        self.changing.notify()

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """The whole book is on its way."""
        self._is_lost = False
        self._start()

    def fail(self, error: BingXError) -> None:
        """Nothing comes any more."""
        self.recovery.lost(str(error))
        self._arm()
        self.changing.fail(error)

    def begin(self, listening: Listening) -> None:
        """The topic is subscribed."""
        self._listening = listening
        if not self._is_lost:
            self._start()

    async def keep_time(self) -> None:
        """Until cancelled, subscribe again when it is time to."""
        while True:
            rearmed = self._rearmed = anyio.Event()
            self._wakes_at = inf if self._due_at is None else self._due_at
            with anyio.CancelScope(deadline=self._wakes_at / 1000.0) as scope:
                await rearmed.wait()
            if scope.cancelled_caught:
                self._act(max(_now(), self._wakes_at))
                self.changing.notify()

    def _start(self) -> None:
        now = _now()
        self.recovery.back(now)
        self._act(now)
        self.changing.notify()

    def _act(self, now: float) -> None:
        if self._listening is not None and self.recovery.restarts(now):
            self._listening.restart(self.topic)
        if self.recovery.policy is not self._policy:
            self._policy = self.recovery.policy
            self._streaming.report_book(self.symbol, self._policy, self.recovery.gaps)
        self._arm()

    def _arm(self) -> None:
        self._due_at = self.recovery.due_at
        if self._rearmed is not None and self._due_at is not None and self._due_at < self._wakes_at:
            self._rearmed.set()


def _now() -> float:
    return anyio.current_time() * 1000.0
