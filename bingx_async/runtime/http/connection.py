"""One connection of our own: HTTP/1.1 on an asyncio transport, one request at a time, every byte accounted for.

- A request is written once, to a connection that is open and has nothing unread.
- Bytes that come while nothing is asked answer nothing, and what follows a whole reply belongs to no request: the
  connection is thrown away, so neither can be taken for the next answer.
- Head and body are bounded while they are read.
- A connection given up is reset: a polite close would let the system go on sending from its buffer.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Callable
from functools import lru_cache, partial
from math import inf
from typing import cast

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from bingx_async.runtime.http.message import MOST_BODY

MOST_HEAD = 64 * 1024  # bytes of status line and headers
MOST_PIECES = 8192  # of a body: half a million bytes in chunks of 64; handling more at a time blocks the loop
MOST_HEADERS = 256  # what is parsed at a time holds thousands of short ones
READ = 16 * 1024  # bytes read, and parsed, at a time: a record of TLS has no more
MOST_REPLY = MOST_HEAD + MOST_BODY  # bytes of a reply, however they are framed
MOST_NAMES = 256  # of headers, kept in lower case: a host always sends the same ones
RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Answer:
    """The answer to one request. `done` is set when it is whole or has failed; then `error` says which.

    `status` is None until the head is whole; `received_at` is the moment of the first byte (monotonic ms).
    """

    __slots__ = ("body", "connection", "done", "error", "headers", "is_whole", "received_at", "status")

    def __init__(self, connection: Connection, done: asyncio.Future[None]) -> None:
        self.connection, self.done = connection, done
        self.status: int | None = None
        self.headers: dict[str, str] = {}  # by names in lower case
        self.body = bytearray()  # not a list: of chunks of a byte each would take forty
        self.received_at = 0.0
        self.is_whole = False
        self.error: httpx.TransportError | None = None

    def finish(self) -> None:
        """Nothing more will come."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: httpx.TransportError) -> None:
        """It will not become whole; the first reason counts."""
        if not self.is_whole and self.error is None:
            self.error = error
            self.finish()


class Connection(asyncio.BufferedProtocol):
    """A connection to one host. `forget` is told of its end."""

    def __init__(self, monotonic: Callable[[], float], forget: Callable[[Connection], None]) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._monotonic, self._forget = monotonic, forget
        self._parser = HttpResponseParser(self)
        self._answer: Answer | None = None
        self._size, self._headers, self._pieces = 0, 0, 0  # bytes, headers and pieces received of the answer
        self._is_reusable = False
        self._ends_with_connection = False  # the answer names no length
        # asyncio would allocate a quarter of a megabyte for every read, which many programs get from the system.
        self._buffer = memoryview(bytearray(READ))
        # One timer for many answers, which looks again when it was set too early: to set one for each costs more.
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at, self._until, self._timeout = inf, inf, inf

    def send(self, request: bytes, until: float, timeout: float) -> Answer:
        """Write a whole request; from now on it may have been executed. Its answer fails at `until` by the loop's
        clock, which is when `timeout` seconds are over."""
        answer = self._answer = Answer(self, self._loop.create_future())
        self._size, self._headers, self._pieces, self._is_reusable = 0, 0, 0, True
        self._until, self._timeout = until, timeout
        if until < self._timer_at:
            self._set_timer()
        self._transport.write(request)
        return answer

    def is_fit(self) -> bool:
        """Whether a request may be written: open, with nothing unread that the loop has not shown us yet."""
        return self.is_open and not self._readable()

    def end(self) -> bool:
        """The answer is whole or given up; returns whether the connection can serve again, else it is reset."""
        answer, self._answer = self._answer, None
        is_reusable = self.is_open and self._is_reusable and not self._transport.get_write_buffer_size()
        if answer is not None and answer.is_whole and is_reusable:
            self.idle_since = answer.received_at
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Reset the connection."""
        self.is_open = False
        self._transport.abort()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_at(self._until, self._on_timer), self._until

    def _on_timer(self) -> None:
        self._timer, self._timer_at = None, inf
        if self._answer is None:
            return
        if self._loop.time() < self._until:
            self._set_timer()
        else:
            self._answer.fail(httpx.ReadTimeout(f"no reply within {self._timeout:g} s"))

    @property
    def socket(self) -> socket.socket:
        """The socket, to be asked about but not used."""
        return cast(socket.socket, self._transport.get_extra_info("socket"))

    # What asyncio says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open, TLS included."""
        self._transport, self._loop = cast(asyncio.Transport, transport), asyncio.get_running_loop()
        self.socket.setsockopt(*RESET)
        self._readable = _looking_at(self.socket.fileno())
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """The room for the next bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes of the answer, or bytes for which nothing has asked."""
        answer = self._answer
        if answer is None or answer.is_whole or answer.error is not None:
            self.abort()
            return
        self._size += nbytes
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (HttpParserError, HttpParserUpgrade) as error:
            self._is_reusable = False
            answer.fail(httpx.RemoteProtocolError(f"the reply is no HTTP ({error})"))
        if self._size > MOST_REPLY or (self._size > MOST_HEAD and answer.status is None):
            answer.fail(httpx.RemoteProtocolError("the reply is too long"))
            answer.body.clear()
        if answer.is_whole:
            answer.finish()
        elif answer.error is not None:
            self.abort()

    def eof_received(self) -> None:
        """The other side sends no more, which ends an answer without a length."""
        self.is_open = False
        answer = self._answer
        if answer is not None and answer.status is not None and self._ends_with_connection:
            answer.is_whole = True
            answer.finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, for whatever reason."""
        self.is_open = False
        if self._timer is not None:
            self._timer.cancel()
        if self._answer is not None:
            self._answer.fail(httpx.ReadError(f"the connection was lost ({type(exc).__name__ if exc else 'closed'})"))
        self._forget(self)

    # What the parser says.

    def on_message_begin(self) -> None:
        """The first byte of an answer, or of a second one that belongs to no request."""
        answer = self._answer
        if answer is None or answer.is_whole:
            self._is_reusable = False
        else:
            answer.received_at = self._monotonic()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer behind the body means nothing to us."""
        answer = self._answer
        if answer is not None and answer.status is None:
            self._headers += 1
            if self._headers > MOST_HEADERS:
                answer.fail(httpx.RemoteProtocolError("the reply has too many headers"))
                raise HttpParserError  # the parser stops
            answer.headers[_lower(name)] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        answer, status = self._answer, self._parser.get_status_code()
        if answer is None or answer.is_whole:
            return
        if status == 101 or not 100 <= status < 1000:
            answer.fail(httpx.RemoteProtocolError(f"the reply has the HTTP status {status}"))
        elif status >= 200:
            is_chunked = answer.headers.get("transfer-encoding", "").lower().endswith("chunked")
            self._ends_with_connection = "content-length" not in answer.headers and not is_chunked
            answer.status = status

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        answer = self._answer
        if answer is not None and not answer.is_whole:
            self._pieces += 1
            if self._pieces > MOST_PIECES:
                answer.fail(httpx.RemoteProtocolError("the reply comes in too many pieces"))
                raise HttpParserError  # the parser stops
            answer.body += body

    def on_message_complete(self) -> None:
        """The answer is whole, or an interim one is over and the answer is still to come."""
        answer = self._answer
        if answer is None or answer.is_whole:
            return
        if answer.status is None:
            answer.headers.clear()
            return
        answer.is_whole = True
        self._is_reusable = self._is_reusable and self._parser.should_keep_alive()


@lru_cache(MOST_NAMES)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _looking_at(descriptor: int) -> Callable[[], object]:
    """A function that says whether a socket has bytes or an end to show."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: select.select([descriptor], [], [], 0)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)
