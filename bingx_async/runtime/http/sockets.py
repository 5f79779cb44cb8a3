"""Transports on sockets of our own making, which are reset when they are closed.

A polite close would let the system go on sending from its buffer, so a call given up could be delivered late.
"""

from __future__ import annotations

import socket
import struct

import httpx
import sniffio

CONNECTIONS = 16  # the pool re-checks every connection, so a small one is quick
KEEP_ALIVE = 30.0  # seconds
_RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def default_transport() -> httpx.AsyncBaseTransport:
    """The fastest installed: aiohttp's under asyncio if the extra `[aiohttp]` is there, else httpx' own."""
    if sniffio.current_async_library() == "asyncio":
        try:
            return aiohttp_transport()
        except ImportError:
            pass
    return httpcore_transport()


def httpcore_transport() -> httpx.AsyncHTTPTransport:
    """httpx' own transport, for asyncio and trio."""
    limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    return httpx.AsyncHTTPTransport(limits=limits, retries=0, trust_env=False, socket_options=[_RESET, _NO_DELAY])


def aiohttp_transport() -> httpx.AsyncBaseTransport:
    """aiohttp behind the httpx interface; raises ImportError without the extra `[aiohttp]`."""
    from bingx_async.runtime.http.aiohttp import AiohttpPair

    return AiohttpPair(CONNECTIONS, KEEP_ALIVE, [_RESET, _NO_DELAY])
