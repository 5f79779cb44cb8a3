"""Requests that are made while others are under way go together, in one round trip.

A single request leaves at once and by itself; many at a time cost a fraction of that each. Tasks of their own send
the requests, so that the cancellation of one caller takes no reply from the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.connection import Connection
from bingx_async.redis.script_calls import ScriptCall

ROUND_TRIPS = 4  # at a time


class Batcher:
    """Requests to one server whose replies are waited for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[ScriptCall, asyncio.Future[Any]]] = []
        self._senders: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, call: ScriptCall, on_abandoned: Callable[[], None] | None = None) -> Any:
        """The script's reply. Raises `StoreUnavailable`.

        If the caller is cancelled, `on_abandoned` is called when the request is over: it may have been granted.
        """
        self._connection.check_library()
        loop = self._enter_loop()
        reply: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((call, reply))
        if len(self._senders) < ROUND_TRIPS:
            sender = loop.create_task(self._send())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        try:
            return await asyncio.shield(reply)
        except asyncio.CancelledError:
            if on_abandoned is not None:
                reply.add_done_callback(lambda _: on_abandoned())
            raise

    async def finish(self, timeout: float) -> None:
        """Wait for replies that are still to come, for `timeout` seconds at most: some may have to be given back."""
        if self._senders and self._loop is asyncio.get_running_loop():
            await asyncio.wait(self._senders, timeout=timeout)

    async def _send(self) -> None:
        """Send all waiting requests, until there are none."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                replies = await self._run_batch([call for call, _ in batch])
            except BaseException as error:
                lost = error if isinstance(error, StoreUnavailable) else StoreUnavailable("the request was given up")
                for _, reply in batch:
                    reply.set_exception(lost)
                    reply.exception()  # the caller may be gone, and asyncio warns of an exception that is never read
                if not isinstance(error, StoreUnavailable):
                    raise
            else:
                for (_, reply), value in zip(batch, replies, strict=True):
                    reply.set_result(value)

    async def _run_batch(self, calls: list[ScriptCall]) -> list[Any]:
        if len(calls) == 1:
            return [await self._connection.run(calls[0])]
        return await self._connection.run_all(calls)

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting, self._senders = loop, [], set()
        return loop
