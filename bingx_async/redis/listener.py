"""Hears of quota that comes free early in other processes, over pub/sub, while somebody waits.

A message may be lost: it only shortens a wait whose end the store has named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.connection import LOST, Connection

QUIET = 30.0  # seconds without a message after which the connection is looked at
PAUSE = 1.0  # seconds after a lost connection


class Listener:
    """One subscription for all who wait in this process."""

    def __init__(self, connection: Connection, channel: str) -> None:
        self._connection = connection
        self._channel = channel
        self._woken: dict[Callable[[], None], None] = {}
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def watch(self, woken: Callable[[], None]) -> None:
        """Call `woken` at every message."""
        self._woken[woken] = None
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._listen())

    def unwatch(self, woken: Callable[[], None]) -> None:
        """No longer; the last to go ends the subscription."""
        self._woken.pop(woken, None)
        if not self._woken and self._task is not None:
            self._end(self._task)

    async def aclose(self) -> None:
        """End the subscription."""
        self._woken.clear()
        if self._task is not None:
            self._end(self._task)
        if self._ending:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(each for each in self._ending if each.get_loop() is loop), return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        """It is over with its next step; who watches before that has a subscription of its own."""
        self._task = None
        if not task.done():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._connection.client.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    while True:
                        # What was said before the subscription stood was not heard: its confirmation counts too.
                        if await channel.get_message(timeout=QUIET) is not None:
                            self._wake()
            except LOST:
                await asyncio.sleep(PAUSE)
            except (StoreUnavailable, AttributeError):  # a client that cannot subscribe: the moments named remain
                return

    def _wake(self) -> None:
        for woken in list(self._woken):
            woken()
