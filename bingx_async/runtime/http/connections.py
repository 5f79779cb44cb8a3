"""The connections of our own under asyncio, behind httpx' interface.

A connection can be leased before a request is made, so that nothing lies between its stamp and its first byte. The
one that has been idle for longest is leased first: a stray byte has had the longest time to show itself. Connections
that were warmed are renewed before a gateway is likely to close them.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

import httpx

from bingx_async.runtime.http.connection import Answer, Connection
from bingx_async.runtime.http.dialer import Dialer
from bingx_async.runtime.http.host import Origin
from bingx_async.runtime.http.message import Headers

IDLE = 50_000.0  # ms after which a connection is no longer used: many gateways close theirs at 60 s
TEND_EVERY = 5.0  # seconds between looks at the warm connections
PATIENCE = 10.0  # seconds for a connection that no call waits for


class Limit:
    """Lets `most` in at a time; the others wait in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._waiting: deque[asyncio.Future[None]] = deque()  # empty while any is left

    def take(self) -> bool:
        """Take one if any is left."""
        if not self._left:
            return False
        self._left -= 1
        return True

    async def wait(self) -> None:
        """Take one as soon as there is one."""
        if self.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it was let in at the same instant
                self.release()
            raise

    def release(self) -> None:
        """Pass one on to the next that still waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._left += 1


class Connections(httpx.AsyncBaseTransport):
    """At most `most` connections in use at a time, in one event loop."""

    def __init__(self, most: int, monotonic: Callable[[], float], proxy: str | None = None) -> None:
        self._most, self._monotonic = most, monotonic
        self._loop = asyncio.get_running_loop()
        self.open: set[Connection] = set()
        self._dialer = Dialer(monotonic, self.open, proxy)
        self._idle: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._in_use: dict[Connection, Origin] = {}
        self._limit = Limit(most)
        self._wanted: dict[Origin, int] = {}  # connections to keep warm
        self._tasks: set[asyncio.Task[None]] = set()
        self._tending: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeouts = request.extensions.get("timeout", {})
        connect, read = (inf if (seconds := timeouts.get(each)) is None else seconds for each in ("connect", "read"))
        first = b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)
        message = b"%b%b\r\n%b" % (first, Headers(*request.headers.raw).text, await request.aread())
        answer = await self.exchange(Origin.of(request.url), lambda: message, connect, read)
        if answer.error is not None or answer.status is None:
            raise answer.error or httpx.ReadError("no reply")
        body = httpx.ByteStream(bytes(answer.body))
        return httpx.Response(answer.status, headers=answer.headers, stream=body, request=request)

    async def exchange(self, origin: Origin, make: Callable[[], bytes], to_connect: float, timeout: float) -> Answer:
        """The answer to the request that `make` makes once there is a connection, within `timeout` seconds.

        Raises httpx' errors where nothing was written; what happens later stands in the answer.
        """
        until = self._loop.time() + timeout
        connection = self._lease_idle(origin) or await self.lease(origin, to_connect)
        try:
            answer = connection.send(make(), until, timeout)
            await answer.done
            return answer
        finally:
            self.give_back(connection)

    async def lease(self, origin: Origin, timeout: float) -> Connection:
        """A connection on which nothing was written and nothing is unread, within `timeout` seconds."""
        if (idle := self._lease_idle(origin)) is not None:
            return idle
        if self._is_closed:
            raise httpx.ConnectError("the connections are closed")
        connection = await self._wait_for_one(origin, timeout)
        if self._is_closed:  # while it was opened
            connection.abort()
            self._limit.release()
            raise httpx.ConnectError("the connections were closed")
        return self._lend(connection, origin)

    def _lease_idle(self, origin: Origin) -> Connection | None:
        """The one that has been idle for longest, if it is fit and there is room."""
        idle = self._idle[origin]
        if idle and not self._is_closed and self._is_fit(idle[0]) and self._limit.take():
            return self._lend(idle.popleft(), origin)
        return None

    def _lend(self, connection: Connection, origin: Origin) -> Connection:
        self._in_use[connection] = origin
        if not self._idle[origin] and not self._tasks and len(self._in_use) > 1 and len(self.open) < self._most:
            self._start(self._open_spare(origin))  # a burst goes on: the next call need not wait for a connection
        return connection

    def give_back(self, connection: Connection) -> None:
        """The answer has been read or given up. Twice is harmless."""
        origin = self._in_use.pop(connection, None)
        if origin is not None:
            if connection.end():
                self._idle[origin].append(connection)
            self._limit.release()

    def warm(self, origin: Origin, count: int) -> None:
        """Begin to open connections until `count` are there, and keep them so; a failure is left to the first call."""
        self._wanted[origin] = count
        self._open_missing(origin)
        if self._tending is None:
            self._tending = tend_later(self, self._loop)

    async def aclose(self) -> None:
        self._is_closed = True
        if self._tending is not None:
            self._tending.cancel()
        for task in self._tasks:
            task.cancel()
        for connection in list(self.open):
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # the sockets close in the next pass of the loop

    def abandon(self) -> None:
        """Reset every connection from outside the event loop, which may have ended."""
        for connection in self.open:
            try:
                self._loop.call_soon_threadsafe(connection.abort)
            except RuntimeError:
                raw = getattr(connection.socket, "_sock", None)  # uvloop has closed its own
                if raw is not None:
                    raw.close()

    def _is_fit(self, connection: Connection) -> bool:
        return connection.idle_since + IDLE > self._monotonic() and connection.is_fit()

    async def _wait_for_one(self, origin: Origin, timeout: float) -> Connection:
        try:
            async with asyncio.timeout(timeout):
                await self._limit.wait()
                try:
                    return await self._find(origin) or await self._dialer.dial(origin)
                except BaseException:
                    self._limit.release()
                    raise
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {origin.host} within {timeout:g} s") from error

    async def _find(self, origin: Origin) -> Connection | None:
        """An idle connection that is fit, or None."""
        idle = self._idle[origin]
        while idle:
            connection = idle.popleft()
            if connection.is_open and not connection.is_fit():
                try:
                    await asyncio.sleep(0)  # the loop has something to show: an end, a stray reply, or a ticket of TLS
                except BaseException:
                    connection.abort()
                    raise
            if self._is_fit(connection):
                return connection
            connection.abort()
        return None

    async def _open_spare(self, origin: Origin) -> None:
        with contextlib.suppress(httpx.TransportError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                connection = await self._dialer.dial(origin)
            self._idle[origin].append(connection)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _open_missing(self, origin: Origin) -> None:
        """Start opening connections until as many as wanted are there and young."""
        idle = self._idle[origin]
        old = self._monotonic() - IDLE + TEND_EVERY * 1000.0
        there = sum(connection.is_open and connection.idle_since > old for connection in idle)
        there += sum(each == origin for each in self._in_use.values()) + len(self._tasks)
        for _ in range(min(self._wanted[origin], self._most) - there):
            self._start(self._open_spare(origin))

    def tend(self) -> None:
        """Close what is idle for too long, and renew what is to be kept warm."""
        for idle in self._idle.values():
            while idle and not (idle[0].is_open and idle[0].idle_since + IDLE > self._monotonic()):
                idle.popleft().abort()
        for origin in self._wanted:
            self._open_missing(origin)
        self._tending = tend_later(self, self._loop)


def tend_later(connections: Connections, loop: asyncio.AbstractEventLoop) -> asyncio.TimerHandle:
    """Look after them in a while, if they are still in use."""
    weak = weakref.ref(connections)

    def tend() -> None:
        if (still_there := weak()) is not None:
            still_there.tend()

    return loop.call_later(TEND_EVERY, tend)
