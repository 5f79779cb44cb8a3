"""Listens on pub/sub, while calls wait, for quota that other processes give back before its time.

A message may be lost: it only shortens a wait whose end the store has named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.connection import LOST, Connection

QUIET = 30.0  # seconds without a message after which the connection is checked
PAUSE = 1.0  # seconds after a lost connection


class Listener:
    """One subscription for all watchers in this process."""

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
        """Stop calling `woken`; without watchers the subscription ends."""
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
            await asyncio.gather(*(task for task in self._ending if task.get_loop() is loop), return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Cancel `task`, which ends with its next step; a watcher that comes before gets a subscription of its own."""
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
                        # The confirmation counts as a message: what was published before it was not received.
                        if await channel.get_message(timeout=QUIET) is not None:
                            for woken in list(self._woken):
                                woken()
            except LOST:
                await asyncio.sleep(PAUSE)
            except (StoreUnavailable, AttributeError):  # a client that cannot subscribe: the moments named remain
                return
