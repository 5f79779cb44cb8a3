"""Transports on sockets of our own making, and the smallest round trip that the kernel has seen on a socket.

The sockets are reset when they are closed: a polite close would let the system go on sending from its buffer, so a
call given up could be delivered late.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable

import httpx
import sniffio

CONNECTIONS = 16  # the pool re-checks every connection, so a small one is quick
KEEP_ALIVE = 30.0  # seconds
_RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_MIN_RTT = struct.Struct("I")
_AT = 148  # offset of tcpi_min_rtt in struct tcp_info (linux/tcp.h), microseconds


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


def min_rtt_of(sockets: Iterable[socket.socket]) -> float | None:
    """The smallest round trip of any of them in milliseconds; None if the kernel does not say."""
    found = [rtt for connection in sockets if (rtt := _min_rtt(connection)) is not None]
    return min(found, default=None)


def _min_rtt(connection: socket.socket) -> float | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, option, _AT + _MIN_RTT.size)
    except OSError:  # closed, or no TCP socket
        return None
    if len(info) < _AT + _MIN_RTT.size:
        return None
    (micros,) = _MIN_RTT.unpack_from(info, _AT)
    return micros / 1000.0 if 0 < micros < 2**32 - 1 else None
