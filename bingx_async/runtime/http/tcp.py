"""The smallest round trip that a connection's TCP has seen, as the kernel tells it (Linux)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable

_MIN_RTT = struct.Struct("I")
_AT = 148  # offset of tcpi_min_rtt in struct tcp_info (linux/tcp.h), microseconds


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
