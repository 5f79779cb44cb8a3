"""A stream in memory whose other end acts inside of the client's own `send` and `receive`."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf

import anyio
import anyio.abc
import anyio.lowlevel

ROOM = 65536  # bytes that the client can send to an exchange that does not read


class Wire(anyio.abc.ByteStream):
    """A client's stream, as far as it is bytes; the other end says and ends what it likes, and `take`s what is sent."""

    def __init__(self) -> None:
        self.is_mute = False  # it sends nothing
        self.is_deaf = False  # it reads nothing: once `ROOM` bytes are sent the client's `send` blocks
        self.is_closed = False  # by the client
        self.ended: Exception | None = None  # by the exchange
        self._coming, self._unread = bytearray(), bytearray()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers, self._changed = count(), anyio.Event()

    def say_bytes(self, data: bytes) -> None:
        """Bytes as they are, in no frame."""
        if not self.is_mute and self.ended is None:
            self._coming += data
            self._notify()

    def end(self) -> None:
        """The end of the connection; what was sent before is still delivered."""
        self._end(anyio.EndOfStream())

    def reset(self) -> None:
        """The connection is reset; what was not read is lost."""
        self._coming.clear()
        error = anyio.BrokenResourceError()
        error.__cause__ = ConnectionResetError(104, "Connection reset by peer")
        self._end(error)

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do it later, if the connection is there by then."""
        heapq.heappush(self._timers, (anyio.current_time() + seconds, next(self._numbers), do))
        self._notify()

    def take(self, data: bytes) -> None:
        """What the client sent."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next bytes."""
        await anyio.lowlevel.checkpoint()
        while True:
            self._do_what_is_due()
            if self.is_closed:
                raise anyio.ClosedResourceError
            if self._coming:
                piece = bytes(self._coming[:max_bytes])
                del self._coming[:max_bytes]
                return piece
            if self.ended is not None:
                raise self.ended
            due = self._timers[0][0] if self._timers else inf
            with anyio.move_on_after(due - anyio.current_time()):
                await self._changed.wait()

    async def send(self, item: bytes) -> None:
        """Bytes of the client."""
        await anyio.lowlevel.checkpoint()
        if self.is_closed:
            raise anyio.ClosedResourceError
        if self.ended is not None:
            raise anyio.BrokenResourceError
        if not self.is_deaf:
            self.take(item)
            return
        self._unread += item
        while self.is_deaf and len(self._unread) > ROOM and not self.is_closed:
            await self._changed.wait()

    async def send_eof(self) -> None:
        """Nothing more comes."""

    async def aclose(self) -> None:
        """The client closes it."""
        self.is_closed = True
        self._notify()
        await anyio.lowlevel.checkpoint()

    def _end(self, error: Exception) -> None:
        self.ended = self.ended or error
        self._notify()

    def _notify(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def _do_what_is_due(self) -> None:
        while self._timers and self._timers[0][0] <= anyio.current_time() and self.ended is None:
            heapq.heappop(self._timers)[2]()
