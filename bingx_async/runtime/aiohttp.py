"""aiohttp as an httpx transport, with the one habit of aiohttp's that would break the quota switched off.

aiohttp sends a GET again by itself when a kept-alive connection turns out to be dead, and has no public switch for
it. A second sending is a call the exchange may count and the governor has not granted, so GETs travel in a session
of their own (same connections) whose tracing refuses to write a request's headers twice.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp

SocketOption = tuple[int, int, int | bytes]


class SentAgain(aiohttp.ClientError):
    """aiohttp was about to send a request a second time."""


async def _refuse_second_sending(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    if getattr(context, "was_sent", False):
        raise SentAgain("the connection was lost after the request had been written")
    context.was_sent = True


class AiohttpPair(httpx.AsyncBaseTransport):
    """Two sessions over one connector: one for GETs, one for the rest. Opened at the first request."""

    def __init__(self, connections: int, keep_alive: float, options: Sequence[SocketOption]) -> None:
        self._connections = connections
        self._keep_alive = keep_alive
        self._options = options
        self._get: httpx_aiohttp.AiohttpTransport | None = None
        self._post: httpx_aiohttp.AiohttpTransport | None = None
        self._connector: aiohttp.TCPConnector | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._get is None or self._post is None:
            self._get, self._post = self._open()
        chosen = self._get if request.method == "GET" else self._post
        return await chosen.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in (self._get, self._post):
            if transport is not None:
                await transport.aclose()
        if self._connector is not None:
            await self._connector.close()

    def _open(self) -> tuple[httpx_aiohttp.AiohttpTransport, httpx_aiohttp.AiohttpTransport]:
        self._connector = aiohttp.TCPConnector(
            limit=self._connections, keepalive_timeout=self._keep_alive, socket_factory=self._socket
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_refuse_second_sending)
        return (self._transport([trace]), self._transport([]))

    def _transport(self, traces: list[aiohttp.TraceConfig]) -> httpx_aiohttp.AiohttpTransport:
        session = aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=traces,
        )
        return httpx_aiohttp.AiohttpTransport(client=session)

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        for option in self._options:
            made.setsockopt(*option)
        return made
