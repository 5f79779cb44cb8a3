"""The transports of our own, and the smallest round trip that the kernel has seen on a socket.

Their sockets are reset when they are closed: a polite close would let the system go on sending from its buffer, so a
call given up could be delivered late.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable

import httpx
import sniffio

from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.http.connection import RESET
from bingx_async.runtime.http.connections import Connections
from bingx_async.runtime.logs import inform

CONNECTIONS = 128  # in use at a time: what all quotas of an address allow, 450 calls/s, needs 128 at 280 ms
KEEP_ALIVE = 30.0  # seconds, for httpx' own
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_MIN_RTT = struct.Struct("I")
_AT = 148  # offset of tcpi_min_rtt in struct tcp_info (linux/tcp.h), microseconds


def default_transport(
    monotonic: Callable[[], float] = monotonic_ms, most: int = CONNECTIONS, proxy: str | None = None
) -> httpx.AsyncBaseTransport:
    """Connections of our own under asyncio, httpx' transport under trio; at most `most` in use at a time."""
    if sniffio.current_async_library() == "asyncio":
        if proxy is None and any(map(os.environ.get, ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"))):
            inform("the environment names a proxy, which is not used: pass proxy=... to the client if it should be")
        return Connections(most, monotonic, proxy)
    return httpcore_transport(most, proxy)


def httpcore_transport(most: int = CONNECTIONS, proxy: str | None = None) -> httpx.AsyncHTTPTransport:
    """httpx' own transport, for asyncio and trio. Its pool looks at every connection for every call."""
    limits = httpx.Limits(max_connections=most, keepalive_expiry=KEEP_ALIVE)
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
