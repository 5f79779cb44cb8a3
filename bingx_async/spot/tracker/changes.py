"""The changes that wait for the program, at most so many.

A program that takes them too slowly loses them, but not the state: what waits is dropped and a `Gap` is told, then
every order and balance as it is now, then `Resynced`. The present state is looked at only when it is asked for, so
memory does not grow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, TypeVar, cast

import anyio

from bingx_async.errors import BingXError
from bingx_async.models import Gap, Resynced

T = TypeVar("T")
TOO_SLOW = "the program took the changes too slowly"


class Changes(Generic[T]):
    """A queue of changes, gaps and their ends. `present` tells the state as it is now, as changes."""

    def __init__(self, most: int, present: Callable[[], Iterable[T]], now: Callable[[], datetime]) -> None:
        self._most, self._present, self._now = most, present, now
        self._room = most
        self._waiting = deque[T | Gap | Resynced]()
        self._gap: Gap | None = None  # of the connection, not closed yet
        self._lag: Gap | None = None  # of the program, not taken yet
        self._arrived: anyio.Event | None = None
        self._has_ended, self._error = False, cast(BingXError | None, None)

    def put(self, item: T | Gap | Resynced) -> None:
        """Let a change wait; where too many do, none does."""
        if isinstance(item, Gap):
            self._gap = item
        elif isinstance(item, Resynced):
            self._gap = None
        if self._lag is not None:
            return
        self._waiting.append(item)
        if len(self._waiting) > self._room:
            self._waiting.clear()
            self._lag = Gap(self._now(), TOO_SLOW)
        self._wake()

    def fail(self, error: BingXError | None) -> None:
        """Once what waits has been taken, `error` is raised, or without one the iteration ends."""
        if not self._has_ended:
            self._has_ended, self._error = True, error
        self._wake()

    async def next(self) -> T | Gap | Resynced:
        """The next one, when there is one. Raises `StopAsyncIteration` at the end."""
        while not self._waiting and self._lag is None:
            if self._has_ended:
                raise self._error or StopAsyncIteration
            self._arrived = self._arrived or anyio.Event()
            await self._arrived.wait()
        if self._lag is not None:
            return self._begin_anew(self._lag)
        if len(self._waiting) == 1:
            self._room = self._most
        return self._waiting.popleft()

    def _begin_anew(self, lag: Gap) -> Gap:
        """Let the present state wait. A gap of the connection that is open has an end of its own."""
        self._lag = None
        self._waiting.extend(self._present())
        if self._gap is None:
            self._waiting.append(Resynced(lag.since, self._now()))
        self._room = self._most + len(self._waiting)
        return lag

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, None
        if arrived is not None:
            arrived.set()
