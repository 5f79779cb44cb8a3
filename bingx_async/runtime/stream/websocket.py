"""One WebSocket over a byte stream: the handshake, messages in and texts out.

The protocol is that of `websockets`, without its I/O. Its log would show the listen key, so it gets one that is silent.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
from attrs import field, frozen

from bingx_async.errors import StreamUnavailable
from bingx_async.runtime.http.failures import without_frames

if TYPE_CHECKING:
    from websockets.client import ClientProtocol

PIECE = 65536  # bytes read at once
STATUS, LONGEST_STATUS = slice(9, 12), 12  # in `HTTP/1.1 101 ...`
MOST_UNSENT = 2**20  # bytes of answers that the other end does not read
GOODBYE = 0.5  # seconds for the message that closes a socket; its answer is not waited for
NORMAL = 1000  # the code of a socket that is not needed any more
CONNECTING, OPEN = 0, 1  # states of the protocol
CONT, TEXT, BINARY, CLOSE = 0, 1, 2, 8  # kinds of frames
FORBIDDEN = {403: "too many connections from this address, or a region that is not served", 429: "too many connections"}

_SILENT = logging.Logger("bingx_async.websocket")  # in no hierarchy, so that no setting can make it speak
_SILENT.disabled = True


class Disconnected(StreamUnavailable):
    """The connection is gone, or did not come about."""


class NotConnected(Disconnected):
    """No connection came about: the exchange has heard nothing."""


class HandshakeRefused(StreamUnavailable):
    """The exchange, or something in front of it, answered the handshake with this HTTP status."""

    def __init__(self, status: int) -> None:
        told = "redirects are not followed" if 300 <= status < 400 else FORBIDDEN.get(status, "no reason is known")
        super().__init__(f"the handshake was answered with HTTP {status} ({told})")
        self.status, self.is_forbidden = status, status in FORBIDDEN


@frozen
class Target:
    """The address of a socket. `query` may hold a listen key."""

    is_tls: bool
    host: str
    port: int
    path: str
    query: str = field(repr=False)


class WebSocket:
    """A socket on which one task may read while another one sends. `largest` bounds a message, in bytes."""

    def __init__(self, stream: anyio.abc.ByteStream, target: Target, largest: int) -> None:
        self._stream, self._protocol = stream, _protocol_of(target, largest)
        self._read: list[bytes | bytearray] = []
        self._fragments: bytearray | None = None
        self._end: str | None = None
        self._unsent, self._unsent_size = list[bytes](), 0
        self._is_stuck = False
        self._status_line = b""

    async def open(self) -> None:
        """The handshake. Raises `HandshakeRefused` and `Disconnected`."""
        self._protocol.send_request(self._protocol.connect())
        self._collect()
        await self.flush()
        while self._protocol.state == CONNECTING:
            problem = self._answered(await self._receive())
            if problem is not None:
                raise problem

    async def receive(self) -> list[bytes | bytearray]:
        """The messages of the next piece, perhaps none. Raises `Disconnected`."""
        if not self._read:
            if self._end is not None:
                raise Disconnected(self._end)
            self._feed(await self._receive())
        found, self._read = self._read, []
        return found

    def send(self, text: str) -> None:
        """Write a text as soon as `flush` runs. Raises `Disconnected` if the other end has long stopped reading."""
        if self._protocol.state == OPEN:
            self._protocol.send_text(text.encode())
        self._collect()

    @property
    def has_unsent(self) -> bool:
        """Whether `flush` has something to do."""
        return bool(self._unsent)

    async def flush(self) -> None:
        """Write what waits; this takes long if the other end does not read. Raises `Disconnected`."""
        while self._unsent:
            self._is_stuck = True
            handled = sys.exception()
            try:
                await self._stream.send(self._next())
            except Exception as error:
                raise Disconnected(_reason_of(error)) from without_frames(error, handled)
            self._is_stuck = False

    async def aclose(self) -> None:
        """Close it, with a goodbye if that can be written at once; never waits for an answer."""
        with anyio.move_on_after(GOODBYE, shield=True), contextlib.suppress(Disconnected):
            if not self._is_stuck:
                await self._say_goodbye()
        with anyio.move_on_after(GOODBYE, shield=True), contextlib.suppress(Exception):
            await self._stream.aclose()

    async def _say_goodbye(self) -> None:
        if self._protocol.state == OPEN:
            self._protocol.send_close(NORMAL)
        self._collect()
        await self.flush()

    async def _receive(self) -> bytes:
        handled = sys.exception()
        try:
            return await self._stream.receive(PIECE)
        except Exception as error:
            raise Disconnected(_reason_of(error)) from without_frames(error, handled)

    def _answered(self, piece: bytes) -> StreamUnavailable | None:
        """Read an answer to the handshake, and say what is wrong with it. It is no local of a frame that raises: a
        redirect may repeat the listen key."""
        self._status_line += piece[: LONGEST_STATUS - len(self._status_line)]
        status = self._status_line[STATUS]
        if len(status) == 3 and status != b"101" and status.isdigit():
            return HandshakeRefused(int(status))  # its body is of no interest
        self._feed(piece)
        is_broken = self._protocol.handshake_exc is not None
        return Disconnected("the answer to the handshake is not that of a WebSocket") if is_broken else None

    def _feed(self, piece: bytes) -> None:
        """Read messages out of a piece, and the end of the connection where it has been announced."""
        protocol = self._protocol
        protocol.receive_data(piece)
        for frame in protocol.events_received():
            self._take(frame)
        if protocol.writes:
            self._collect()
        if protocol.state > OPEN and self._end is None:
            self._end = f"the exchange broke the protocol ({type(protocol.parser_exc).__name__})"

    def _take(self, frame: Any) -> None:
        """One event of the protocol: a frame, or at first the answer to the handshake."""
        kind = getattr(frame, "opcode", None)
        if kind == CLOSE:
            code = self._protocol.close_rcvd.code if self._protocol.close_rcvd else None
            self._end = f"the exchange closed the socket (code {code})"
        elif kind in (TEXT, BINARY) and frame.fin:
            self._read.append(frame.data)
        elif kind in (TEXT, BINARY):
            self._fragments = bytearray(frame.data)
        elif kind == CONT and self._fragments is not None:
            self._fragments += bytes(frame.data)
            if frame.fin:
                self._read.append(self._fragments)
                self._fragments = None

    def _collect(self) -> None:
        """Take over what the protocol wants to write: our texts, and its answers to pings."""
        written = self._protocol.data_to_send()
        self._unsent += written
        self._unsent_size += sum(map(len, written))
        if self._unsent_size > MOST_UNSENT:
            raise Disconnected("the exchange does not read our answers")

    def _next(self) -> bytes:
        found, self._unsent, self._unsent_size = b"".join(self._unsent), [], 0
        return found


def _protocol_of(target: Target, largest: int) -> ClientProtocol:
    from websockets.client import ClientProtocol  # an extra
    from websockets.uri import WebSocketURI

    return ClientProtocol(
        WebSocketURI(target.is_tls, target.host, target.port, target.path, target.query),
        max_size=largest,
        logger=_SILENT,
    )


def _reason_of(error: Exception) -> str:
    if isinstance(error, anyio.EndOfStream):
        return "the exchange ended the connection"
    if isinstance(error.__cause__ or error, ConnectionError):
        return "the connection was reset"
    return f"the connection was lost ({type(error.__cause__ or error).__name__})"
