"""aiohttp as an httpx transport, with the one habit of aiohttp's that would break the quota switched off.

aiohttp sends a GET again by itself when a kept-alive connection turns out to be dead, and has no public switch for
it. A second sending is a call that the exchange may count and the governor has not granted, so GETs travel in a
session of their own (same connections) whose tracing refuses to write a request's headers twice.

It is httpx-aiohttp's transport with its errors and its TLS context, but it calls the sessions itself, which leaves
out work that the other repeats for every request.
"""

from __future__ import annotations

import socket
import ssl
import sys
import warnings
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import aiohttp
import httpx
from httpx_aiohttp.transport import AiohttpTransport, map_aiohttp_exceptions
from yarl import URL

from bingx_async.runtime.http.failures import without_frames

SocketOption = tuple[int, int, int | bytes]
# Seconds. A connection given up is to be reset; until its TLS has said goodbye, the system would go on sending from
# its buffer. Zero would mean asyncio's default of 30.
TLS_GOODBYE = 0.001
AUTO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # left out: the bytes that leave are ours


class SentAgain(aiohttp.ClientError):
    """aiohttp was about to send a request a second time."""


async def _refuse_second_sending(_session: Any, context: Any, _params: Any) -> None:
    if getattr(context, "was_sent", False):
        raise SentAgain("the connection was lost after the request had been written")
    context.was_sent = True


class _Body(httpx.AsyncByteStream):
    """A reply's body, in the pieces in which it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        try:
            while piece := await content.readany():
                yield piece
        except Exception:
            with map_aiohttp_exceptions():
                raise

    async def aclose(self) -> None:
        self._response.release()
        await self._response.wait_for_close()


@lru_cache(maxsize=64)
def _timeout(connect: float, pool: float) -> aiohttp.ClientTimeout:
    """Writing and reading end with the call's deadline; aiohttp's timer for them is set anew for every piece."""
    return aiohttp.ClientTimeout(sock_connect=connect, connect=pool)


class AiohttpPair(AiohttpTransport):
    """Two sessions over one connector: one for GETs, one for the rest. Opened at the first request."""

    def __init__(self, connections: int, keep_alive: float, options: Sequence[SocketOption]) -> None:
        super().__init__(verify=ssl.create_default_context())
        self._connections = connections
        self._keep_alive = keep_alive
        self._options = options
        self._sessions: tuple[aiohttp.ClientSession, ...] = ()
        self._connector: aiohttp.TCPConnector | None = None
        self.tcp_sockets: WeakSet[socket.socket] = WeakSet()  # of the connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._sessions:
            self._sessions = self._open()
        session = self._sessions[request.method != "GET"]
        limits, handled = request.extensions["timeout"], sys.exception()
        try:
            response = await session.request(
                request.method,
                URL(str(request.url), encoded=True),  # the signed text travels as it is
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                data=request.content or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=_timeout(limits["connect"], limits["pool"]),
            )
        except Exception as error:
            with map_aiohttp_exceptions():
                raise without_frames(error, handled)  # noqa: B904
        except BaseException as error:
            raise without_frames(error, handled)  # noqa: B904
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response), request=request)

    async def aclose(self) -> None:
        for session in self._sessions:
            await session.close()
        if self._connector is not None:
            await self._connector.close()

    def abandon(self) -> None:
        """Forget everything: the event loop it lived in has ended."""
        for session in self._sessions:
            session.detach()
        for open_socket in self.tcp_sockets:
            open_socket.close()
        self._sessions, self._connector = (), None

    def _open(self) -> tuple[aiohttp.ClientSession, ...]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # for want of another way to end TLS at once
            self._connector = aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=self._keep_alive,
                ssl=self.ssl_context,
                socket_factory=self._socket,
                ssl_shutdown_timeout=TLS_GOODBYE,
            )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_refuse_second_sending)
        return (self._session([trace]), self._session([]))

    def _session(self, traces: list[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=traces,
            skip_auto_headers=AUTO_HEADERS,
        )

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        for option in self._options:
            made.setsockopt(*option)
        self.tcp_sockets.add(made)
        return made
