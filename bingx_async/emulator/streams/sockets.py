"""Streams over real sockets: a protocol of asyncio that takes a connection over from uvicorn at its upgrade.

Rules: one timer for each connection, at the moment at which it may have something to send. A peer that does not read is
not written to until it does.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from threading import get_ident
from typing import TYPE_CHECKING, Any

from bingx_async.emulator.streams.streams import Streams

if TYPE_CHECKING:
    from uvicorn.server import ServerState

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing discards what waits, and resets the connection


class StreamProtocol(asyncio.Protocol):
    """See the module; the arguments behind `streams` are uvicorn's."""

    def __init__(self, streams: Streams, config: object, server_state: ServerState, app_state: object) -> None:  # noqa: ARG002
        self._streams, self._connections = streams, server_state.connections
        self._loop, self._thread = asyncio.get_running_loop(), get_ident()
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = self._is_paused = self._is_woken = False

    def connection_made(self, transport: Any) -> None:
        """A connection was upgraded."""
        self._transport: asyncio.Transport = transport
        self._connections.add(self)  # type: ignore[arg-type]
        address = transport.get_extra_info("peername")
        self._session = self._streams.open(address[0] if address else "", self._wake)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It is gone."""
        self._connections.discard(self)
        self._streams.close(self._session)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        self._exchange(data)

    def eof_received(self) -> bool:
        """The peer sends no more; it may still read."""
        self._exchange(b"")
        return True

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._is_paused = False
        self._exchange()

    def shutdown(self) -> None:
        """The server ends."""
        self._transport.close()

    def _wake(self) -> None:
        if self._is_busy or self._is_woken:
            return
        self._is_woken = True
        if get_ident() == self._thread:
            self._loop.call_soon(self._exchange)
        else:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._exchange)

    def _exchange(self, received: bytes | None = None) -> None:
        if self._transport.is_closing() or (self._is_paused and received is None):
            self._is_woken = False
            return
        self._is_busy, self._is_woken = True, False
        found = self._streams.exchange(self._session, received)
        self._is_busy = False
        if found.data:
            self._transport.write(found.data)
        if found.is_reset:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self._transport.abort()
        elif found.is_over:
            self._transport.close()
        else:
            self._look_again(found.wait / 1000)

    def _look_again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        is_ever = seconds < float("inf")
        self._timer = self._loop.call_later(max(0.0, seconds), self._exchange) if is_ever else None
