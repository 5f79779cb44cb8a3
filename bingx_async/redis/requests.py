"""Requests to the server: those that are waited for, which go together, and messages that nothing waits for.

A single request leaves at once and by itself; those made while others are under way share a round trip, since many at
a time cost a fraction of that each. Tasks of their own send the requests, so that the cancellation of one caller takes
no reply from the others. Messages are sent in order by one task, which ends when there are none left; while the server
is away they are kept as long as they matter, and no more of them than can be delivered soon.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import sniffio

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.connection import Connection
from bingx_async.redis.scripts import ScriptCall

ROUND_TRIPS = 4  # at a time
MAX_AGE = 120_000.0  # ms; an older message that could not be delivered is dropped
CAPACITY = 10_000  # messages; the oldest are dropped
BATCH = 200  # messages in one pipeline
LONGEST_PAUSE = 1.0  # seconds between attempts


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
                replies = await self._connection.run([call for call, _ in batch])
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

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        if sniffio.current_async_library() != "asyncio":
            raise StoreUnavailable("RedisStore works under asyncio only", is_lasting=True)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting, self._senders = loop, [], set()
        return loop


class Message(NamedTuple):
    """`write` is called when the message is sent, since it says how long ago something happened."""

    at: float
    write: Callable[[], ScriptCall]
    on_reply: Callable[[Any], None] | None


class Outbox:
    """Messages to one server."""

    def __init__(self, connection: Connection, monotonic: Callable[[], float]) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._messages: deque[Message] = deque(maxlen=CAPACITY)
        self._sender: asyncio.Task[None] | None = None
        self._is_back = asyncio.Event()

    def put(self, write: Callable[[], ScriptCall], on_reply: Callable[[Any], None] | None = None) -> None:
        """Send a message as soon as possible; `on_reply` gets the script's reply."""
        self._messages.append(Message(self._monotonic(), write, on_reply))
        loop = asyncio.get_running_loop()
        if self._sender is None or self._sender.done() or self._sender.get_loop() is not loop:
            self._is_back = asyncio.Event()
            self._sender = loop.create_task(self._send())

    def retry_now(self) -> None:
        """The server has just answered another request: do not pause before the next attempt."""
        if self._messages:
            self._is_back.set()

    async def flush(self, timeout: float) -> None:
        """Deliver all messages, for `timeout` seconds at most."""
        if self._sender is not None and not self._sender.done():
            self._is_back.set()
            await asyncio.wait([self._sender], timeout=timeout)

    async def aclose(self) -> None:
        """End the task; messages that are left are dropped."""
        self._messages.clear()
        if self._sender is not None and not self._sender.done():
            self._sender.cancel()
            await asyncio.wait([self._sender])

    async def _send(self) -> None:
        pause = 0.0
        while self._messages:
            batch = [self._messages.popleft() for _ in range(min(BATCH, len(self._messages)))]
            try:
                replies = await self._connection.run([message.write() for message in batch])
                pause = 0.0
            except StoreUnavailable:
                self._put_back(batch)
                pause = min(LONGEST_PAUSE, pause + 0.1)
                await self._wait(pause)
                continue
            for message, reply in zip(batch, replies, strict=True):
                if message.on_reply is not None:
                    message.on_reply(reply)

    def _put_back(self, batch: list[Message]) -> None:
        now = self._monotonic()
        kept = [message for message in batch if now - message.at < MAX_AGE]
        room = CAPACITY - len(self._messages)
        self._messages.extendleft(reversed(kept[-room:] if room else []))

    async def _wait(self, pause: float) -> None:
        self._is_back.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._is_back.wait()
