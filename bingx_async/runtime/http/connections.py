"""The connections of our own under asyncio, behind httpx' interface.

A connection can be leased before a request is made, so that nothing lies between its stamp and its first byte. The
one that has been idle for longest is leased first: a stray byte has had the longest time to show itself. Connections
that were warmed are renewed before a gateway is likely to close them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from bingx_async.runtime.http.connection import Answer, Connection
from bingx_async.runtime.http.host import Origin, written

IDLE = 50_000.0  # ms after which a connection is no longer used: many gateways close theirs at 60 s
TEND_EVERY = 5.0  # seconds between looks at the warm connections
PATIENCE = 10.0  # seconds for a connection that no call waits for
STAGGER = 0.25  # seconds until the next address of a host is tried as well (RFC 8305)


class Connections(httpx.AsyncBaseTransport):
    """At most `most` connections in use at a time, in one event loop."""

    def __init__(self, most: int, monotonic: Callable[[], float], proxy: str | None = None) -> None:
        self._most, self._monotonic, self._proxy = most, monotonic, proxy
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: dict[Origin, deque[Connection]] = {}
        self._in_use: dict[Connection, Origin] = {}
        self._free = asyncio.Semaphore(most)
        self._wanted: dict[Origin, int] = {}  # connections to keep warm
        self._tasks: set[asyncio.Task[None]] = set()
        self._tending: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeouts = request.extensions["timeout"]
        message = written(request.method, request.url.raw_path, request.headers.raw, request.content)
        answer = await self.exchange(Origin.of(request.url), lambda: message, timeouts["connect"], timeouts["read"])
        if answer.error is not None or answer.status is None:
            raise answer.error or httpx.ReadError("no reply")
        body = httpx.ByteStream(bytes(answer.body))
        return httpx.Response(answer.status, headers=answer.headers, stream=body, request=request)

    async def exchange(self, origin: Origin, make: Callable[[], bytes], to_connect: float, timeout: float) -> Answer:
        """The answer to the request that `make` makes once there is a connection, within `timeout` seconds.

        Raises httpx' errors where nothing was written; what happens later stands in the answer.
        """
        until = self._loop.time() + timeout
        connection = await self.lease(origin, to_connect)
        timer: asyncio.TimerHandle | None = None
        try:
            answer = connection.send(make())
            timer = self._loop.call_at(until, answer.fail, httpx.ReadTimeout(f"no reply within {timeout:g} s"))
            await answer.done
            return answer
        finally:
            if timer is not None:
                timer.cancel()
            self.give_back(connection)

    async def lease(self, origin: Origin, timeout: float) -> Connection:
        """A connection on which nothing was written and nothing is unread, within `timeout` seconds."""
        idle = self._idle.get(origin)
        if idle and not self._free.locked() and self._is_fit(idle[0]):
            await self._free.acquire()  # which does not wait
            connection = idle.popleft()
        else:
            connection = await self._wait_for_one(origin, timeout)
        self._in_use[connection] = origin
        if not idle and not self._tasks and len(self._in_use) > 1 and len(self._open) < self._most:
            self._start(self._open_spare(origin))  # a burst goes on: the next call need not wait for a connection
        return connection

    def give_back(self, connection: Connection) -> None:
        """The answer has been read or given up. Twice is harmless."""
        origin = self._in_use.pop(connection, None)
        if origin is not None:
            if connection.end():
                self._idle.setdefault(origin, deque()).append(connection)
            self._free.release()

    def warm(self, origin: Origin, count: int) -> None:
        """Begin to open connections until `count` are there, and keep them so; a failure is left to the first call."""
        self._wanted[origin] = count
        self._open_missing(origin)
        if self._tending is None:
            self._tend_later()

    async def aclose(self) -> None:
        if self._tending is not None:
            self._tending.cancel()
        for task in self._tasks:
            task.cancel()
        self._reset()
        await asyncio.sleep(0)  # the sockets close in the next pass of the loop

    def abandon(self) -> None:
        """Reset every connection from outside the event loop, which may have ended."""
        for connection in self._open:
            try:
                self._loop.call_soon_threadsafe(connection.abort)
            except RuntimeError:
                connection.close_raw()

    @property
    def has_open(self) -> bool:
        """Whether a connection is open."""
        return bool(self._open)

    def _reset(self) -> None:
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()

    def _is_fit(self, connection: Connection) -> bool:
        return connection.idle_since + IDLE > self._monotonic() and connection.is_fit()

    async def _wait_for_one(self, origin: Origin, timeout: float) -> Connection:
        try:
            async with asyncio.timeout(timeout):
                await self._free.acquire()
                try:
                    return await self._find(origin) or await self._connect(origin)
                except BaseException:
                    self._free.release()
                    raise
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {origin.host} within {timeout:g} s") from error

    async def _find(self, origin: Origin) -> Connection | None:
        """An idle connection that is fit, or None."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.popleft()
            if connection.is_open and not connection.is_fit():
                await asyncio.sleep(0)  # the loop has something to show: an end, a stray reply, or a ticket of TLS
            if self._is_fit(connection):
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin) -> Connection:
        tls: dict[str, Any] = {"ssl": self._tls(), "server_hostname": origin.host} if origin.is_tls else {}
        to: dict[str, Any] = {"host": origin.host, "port": origin.port}
        if isinstance(self._loop, asyncio.BaseEventLoop):  # uvloop tries one address after the other
            to["happy_eyeballs_delay"] = STAGGER
        try:
            if self._proxy is not None:
                to = {"sock": await socket_through(self._proxy, origin.host, origin.port)}
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._monotonic, self._open.discard), **to, **tls
            )
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        self._open.add(connection)
        connection.idle_since = self._monotonic()
        return connection

    async def _open_spare(self, origin: Origin) -> None:
        with contextlib.suppress(httpx.TransportError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                connection = await self._connect(origin)
            self._idle.setdefault(origin, deque()).append(connection)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _open_missing(self, origin: Origin) -> None:
        """Start opening connections until as many as wanted are there and young."""
        idle = self._idle.setdefault(origin, deque())
        old = self._monotonic() - IDLE + TEND_EVERY * 1000.0
        there = sum(connection.is_open and connection.idle_since > old for connection in idle)
        there += sum(each == origin for each in self._in_use.values()) + len(self._tasks)
        for _ in range(min(self._wanted[origin], self._most) - there):
            self._start(self._open_spare(origin))

    def _tend_later(self) -> None:
        weak = weakref.ref(self)

        def tend() -> None:
            if (connections := weak()) is not None:
                connections._tend()

        self._tending = self._loop.call_later(TEND_EVERY, tend)

    def _tend(self) -> None:
        """Close what is idle for too long, and renew what is to be kept warm."""
        for idle in self._idle.values():
            while idle and not (idle[0].is_open and idle[0].idle_since + IDLE > self._monotonic()):
                idle.popleft().abort()
        for origin in self._wanted:
            self._open_missing(origin)
        self._tend_later()

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context


async def socket_through(proxy: str, host: str, port: int) -> Any:
    """A socket to `host` through a CONNECT or SOCKS proxy, which also looks up the name."""
    from python_socks import ProxyError
    from python_socks.async_.asyncio import Proxy

    try:
        return await Proxy.from_url(proxy, rdns=True).connect(host, port)
    except ProxyError as error:
        raise httpx.ProxyError(str(error)) from error
