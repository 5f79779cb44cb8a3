"""HTTP in and out: requests to the first host that can be reached.

No redirects, no retries. A failure before the request was written is `ConnectFailed` and may be tried on the fallback
host; any later one is `Unanswered`, since the exchange may have run the call.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from itertools import count

import httpx

from bingx_async.core.claims import Key
from bingx_async.errors import ConnectFailed
from bingx_async.runtime.http.connections import Connections
from bingx_async.runtime.http.foreign import Foreign
from bingx_async.runtime.http.host import Host
from bingx_async.runtime.http.message import Draft, Reply
from bingx_async.runtime.http.own import Own
from bingx_async.runtime.http.sockets import CONNECTIONS, default_transport
from bingx_async.runtime.loops import Loop

NUMBERS = count(1)  # of transports, each with connections of its own
WARM = 5  # connections; as many calls of one endpoint may leave at once
LINGER_RESET = 1_000.0  # ms in which a call given up may still be counted, if its socket was reset
LINGER = 10_000.0  # ms, if the transport is not ours and may close politely


class Transport:
    """Sends requests over `inner`, or over connections of its own.

    `linger`: milliseconds in which a call given up may still be counted by the exchange.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport | None,
        hosts: tuple[str, ...],
        monotonic: Callable[[], float],
        measures_min_rtt: bool = False,
        most: int = CONNECTIONS,
        proxy: str | None = None,
    ) -> None:
        self._is_ours = inner is None
        self.linger = LINGER_RESET if self._is_ours else LINGER
        self._hosts = tuple(map(Host, hosts))  # the one that could be reached last is first
        self._monotonic, self._measures, self._most, self._proxy = monotonic, measures_min_rtt, most, proxy
        # A claim of every call: a call without a connection waits in the governor's queue, and holds no token there.
        self.connections = (Key("connections", str(next(NUMBERS)), ""), most) if self._is_ours else None
        self._line = None if inner is None else self._line_of(inner)
        self._is_closed = False
        self._loop: Loop | None = None

    async def send(self, draft: Draft, timeout: float) -> Reply:
        """The reply to `draft` within `timeout` seconds.

        Raises `ConnectFailed` where nothing was sent, and `Unanswered` where it may have run.
        """
        line, until = self._open(draft.path), self._monotonic() + timeout * 1000.0
        to_connect = timeout / (len(self._hosts) + 1)  # so that every host can be tried in time
        hosts = self._hosts
        for host in hosts[:-1]:
            try:
                return await line.exchange(host, draft, to_connect, timeout)
            except ConnectFailed:
                if self._hosts[0] is host:  # else another call has turned away from it already
                    self._hosts = (*self._hosts[1:], host)
                timeout = max(0.0, until - self._monotonic()) / 1000.0
        return await line.exchange(hosts[-1], draft, to_connect, timeout)

    def warm(self) -> None:
        """Begin to open connections before they are needed, if they are ours."""
        if self._is_ours:
            with contextlib.suppress(ConnectFailed):  # the first call says why
                line = self._open("")
                if isinstance(line, Own):
                    line.inner.warm(self._hosts[0].origin, WARM)

    async def aclose(self) -> None:
        """Close the connections, if they are ours; nothing is sent any more."""
        self._is_closed = True
        if self._is_ours and self._line is not None:
            line, self._line = self._line, None
            await line.aclose()

    def __del__(self) -> None:
        line = getattr(self, "_line", None)
        if isinstance(line, Own) and self._is_ours and line.inner.open:
            told = f"a BingXClient was not closed (its host is {self._hosts[0].origin.host}): use `async with`"
            warnings.warn(f"{told}, or call `aclose()`", ResourceWarning, source=self, stacklevel=2)
            line.abandon()

    def _open(self, path: str) -> Own | Foreign:
        """The way out. One of our own lives in one event loop, and another takes its place when that has ended."""
        if self._is_closed:
            raise ConnectFailed("the client is closed", path)
        self._loop = self._loop or Loop()
        if self._is_ours and not self._loop.is_current():
            if not self._loop.has_ended():
                raise ConnectFailed("the client is in use in another event loop: give each loop its own", path)
            line, self._line, self._loop = self._line, None, Loop()
            if line is not None:
                line.abandon()
        self._line = self._line or self._line_of(default_transport(self._monotonic, self._most, self._proxy))
        return self._line

    def _line_of(self, inner: httpx.AsyncBaseTransport) -> Own | Foreign:
        if isinstance(inner, Connections):
            return Own(inner, self._measures)
        return Foreign(inner, self._monotonic, self._measures)
