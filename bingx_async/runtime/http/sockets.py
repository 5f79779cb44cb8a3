"""The transports of our own, and the smallest round trip that the kernel has seen on a socket.

Their sockets are reset when they are closed: a polite close would let the system go on sending from its buffer, so a
call given up could be delivered late.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import httpx
import sniffio

from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.http.connection import RESET
from bingx_async.runtime.http.connections import Connections

CONNECTIONS = 256  # in use at a time; as many as are needed are opened
HTTPX_CONNECTIONS = 64  # its pool looks at every connection for every call, so a small one is quick
KEEP_ALIVE = 30.0  # seconds, for httpx' own
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_MIN_RTT = struct.Struct("I")
_AT = 148  # offset of tcpi_min_rtt in struct tcp_info (linux/tcp.h), microseconds


def default_transport(
    monotonic: Callable[[], float] = monotonic_ms, proxy: str | None = None
) -> httpx.AsyncBaseTransport:
    """Connections of our own under asyncio, httpx' transport under trio."""
    if sniffio.current_async_library() == "asyncio":
        return Connections(CONNECTIONS, monotonic, proxy)
    return httpcore_transport(proxy)


def httpcore_transport(proxy: str | None = None) -> httpx.AsyncHTTPTransport:
    """httpx' own transport, for asyncio and trio."""
    limits = httpx.Limits(max_connections=HTTPX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    return httpx.AsyncHTTPTransport(
        limits=limits, retries=0, trust_env=False, socket_options=[RESET, _NO_DELAY], proxy=proxy
    )


def min_rtt_of(connection: socket.socket) -> float | None:
    """The smallest round trip that the kernel has seen on it, in milliseconds; None if it does not say."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, option, _AT + _MIN_RTT.size)
    except (AttributeError, OSError):  # closed, or no TCP socket
        return None
    if len(info) < _AT + _MIN_RTT.size:
        return None
    (micros,) = _MIN_RTT.unpack_from(info, _AT)
    return micros / 1000.0 if 0 < micros < 2**32 - 1 else None
