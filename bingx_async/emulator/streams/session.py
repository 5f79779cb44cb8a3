"""One socket of the stream as the exchange sees it: frames in, frames out, and the moments at which they leave.

Rules: pure but for the agenda: bytes in by `receive`, bytes out by `collect`, no waiting. What is written leaves after
the time that the network takes, in order unless a fault says otherwise. Of a session that is silent nothing more comes,
and nothing that is sent to it is read.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from heapq import heappop, heappush
from itertools import count

from attrs import define, field
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from bingx_async.emulator.streams.faults import CutKind
from bingx_async.emulator.streams.feeds import Feed
from bingx_async.emulator.trading.agenda import EPSILON, Agenda, Entry

# Its own logger would write requests with their listen key at DEBUG.
MUTE = logging.Logger("bingx_async.emulator.frames", logging.CRITICAL)
SWITCHING = 101  # the HTTP status of a handshake that is taken
LARGEST = 2**20  # bytes of a message to the exchange
CLOSE_MS = 10_000  # for so long a close frame may wait for its answer
Payload = bytes | str


@define(eq=False, repr=False)
class Session:
    """See the module. `on_open` is given the path of the request and answers with an HTTP status, `on_text` each
    message; `on_end` is told that the exchange ends the connection, `wake` that something has come to be sent. `travel`
    draws the ms that it takes."""

    number: int
    address: str
    agenda: Agenda
    travel: Callable[[], float]
    wake: Callable[[], object]
    on_open: Callable[[Session, str], int]
    on_text: Callable[[Session, str], object]
    on_end: Callable[[Session], object]
    account: str = ""
    listen_key: str = ""
    feeds: dict[str, Feed] = field(init=False, factory=dict[str, Feed])
    asked_at: deque[float] = field(init=False, factory=deque[float])  # subscription messages of the last second
    pongs: set[str] = field(init=False, factory=set[str])  # answers to pings that are awaited
    awaited_since: float = field(init=False, default=math.inf)  # when the first of them was sent
    entries: list[Entry] = field(init=False, factory=list[Entry])  # of the agenda, for this socket alone
    kept: list[Payload] = field(init=False, factory=list[Payload])  # leave after the next message
    is_silent: bool = field(init=False, default=False)
    is_reset: bool = field(init=False, default=False)
    is_over: bool = field(init=False, default=False)  # nothing is to be sent any more
    sent: int = field(init=False, default=0)
    _protocol: ServerProtocol = field(init=False)
    _outbox: list[tuple[float, int, bytes]] = field(init=False, factory=list[tuple[float, int, bytes]])
    _numbers: count[int] = field(init=False, factory=count)
    _last_due: float = field(init=False, default=-math.inf)
    _parts: list[bytes] = field(init=False, factory=list[bytes])

    def __attrs_post_init__(self) -> None:
        self._protocol = ServerProtocol(max_size=LARGEST, logger=MUTE)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._protocol.state.name == "OPEN" and not self.is_silent and not self.is_reset

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; none at all is the end of what it sends."""
        if self.is_silent or self.is_reset or self.is_over:
            return
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._post(0.0)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._open(event)
            elif isinstance(event, Frame):
                self._hear(event)

    def write(self, payload: Payload, extra: float = 0.0) -> None:
        """Send a message, `extra` ms later than it would leave."""
        if not self.is_open:
            return
        self.sent += 1
        try:
            if isinstance(payload, bytes):
                self._protocol.send_binary(payload)
            else:
                self._protocol.send_text(payload.encode())
        except InvalidState:
            return
        self._post(extra)
        kept, self.kept = self.kept, []
        for each in kept:
            self.write(each)

    def end(self, kind: CutKind, code: int | None = 1001) -> None:
        """End the connection; a clean end without a code is that of the socket alone."""
        self._cancel_entries()
        self.on_end(self)
        if kind == "clean":
            if self._protocol.state.name == "OPEN" and code is not None:
                self._protocol.send_close(code)
                self.later(CLOSE_MS, self._finish)
                self._post(0.0)
            else:
                self._finish()
        else:
            self._outbox, self.is_silent, self.is_reset = [], kind == "silent", kind == "reset"
        self.wake()

    def later(self, ms: float, action: Callable[[], object]) -> None:
        """Do something in so many ms, unless the session ends before."""
        self.entries = [entry for entry in self.entries if entry.due < math.inf]
        self.entries.append(self.agenda.at(self.agenda.time + ms, action))

    def collect(self, now: float) -> bytes:
        """The bytes that leave now; `is_over` or `is_reset` after the last of them."""
        pieces: list[bytes] = []
        while self._outbox and self._outbox[0][0] <= now + EPSILON:
            piece = heappop(self._outbox)[2]
            pieces.append(piece)
            self.is_over = self.is_over or not piece
        return b"".join(pieces)

    def next_due(self) -> float:
        """When there is something to do or to send, as far as is known now."""
        moments = [entry.due for entry in self.entries]
        moments += [feed.next_due for feed in self.feeds.values()]
        if self._outbox:
            moments.append(self._outbox[0][0])
        return min(moments, default=math.inf)

    def shift(self, span: float) -> None:
        """Let everything leave so much later: the server's clock was set."""
        self._outbox = [(due + span, number, piece) for due, number, piece in self._outbox]
        self._last_due += span
        self.awaited_since += span

    def _open(self, request: Request) -> None:
        response = self._protocol.accept(request)
        if response.status_code == SWITCHING:
            status = self.on_open(self, request.path)
            response = response if status == SWITCHING else self._protocol.reject(status, f"refused with {status}")
        # The date of the library would be that of the machine, and a run could not be repeated to the byte.
        del response.headers["Date"]
        response.headers["Date"] = formatdate(self.agenda.time // 1000, usegmt=True)
        self._protocol.send_response(response)
        self._post(0.0)

    def _hear(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            parts, self._parts = self._parts, []
            self.on_text(self, b"".join(parts).decode(errors="replace"))

    def _post(self, extra: float) -> None:
        """Let what the protocol has to send leave in its time."""
        pieces = self._protocol.data_to_send()
        if not pieces:
            return
        due = max(self._last_due, self.agenda.time + self.travel())
        if not extra:
            self._last_due = due
        if b"" in pieces:
            self._cancel_entries()
        for piece in pieces:
            heappush(self._outbox, (due + extra, next(self._numbers), piece))
        self.wake()

    def _finish(self) -> None:
        heappush(self._outbox, (self._last_due, next(self._numbers), b""))
        self.wake()

    def _cancel_entries(self) -> None:
        entries, self.entries = self.entries, []
        for entry in entries:
            entry.cancel()
