"""A connection to the streams of an emulator in the same process: a byte stream without a socket.

Rules: it works in any event loop and in simulated time. No task runs behind it: to receive drives the market. What is
sent arrives at once, what is received took the emulator's latency.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import anyio
import anyio.abc
import anyio.lowlevel

from bingx_async.emulator.streams.streams import Exchanged, Streams

LONGEST = 3600.0  # seconds of one wait


class MemoryStream(anyio.abc.ByteStream):
    """The client's end of a connection."""

    def __init__(self, streams: Streams, address: str) -> None:
        self._streams = streams
        self._waker = Waker()
        self._session = streams.open(address, self._waker.wake)
        self._buffer = bytearray()
        self._is_over = self._is_closed = self._is_receiving = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Bytes as soon as there are any; raises as a socket would."""
        await anyio.lowlevel.checkpoint()
        if self._is_receiving:
            raise anyio.BusyResourceError("receiving from")
        self._is_receiving = True
        try:
            while not self._buffer:
                await self._wait(self._exchange())
        finally:
            self._is_receiving = False
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        return data

    async def send(self, item: bytes) -> None:
        """Bring the exchange some bytes."""
        await anyio.lowlevel.checkpoint()
        if item:
            self._exchange(bytes(item))

    async def send_eof(self) -> None:
        """Tell the exchange that nothing more comes."""
        await anyio.lowlevel.checkpoint()
        self._exchange(b"")

    async def aclose(self) -> None:
        """End the connection."""
        self._is_closed = True
        self._streams.close(self._session)
        self._waker.wake()
        await anyio.lowlevel.checkpoint()

    def _exchange(self, sent: bytes | None = None) -> Exchanged:
        if self._is_closed:
            raise anyio.ClosedResourceError
        self._waker.arm()
        found = self._streams.exchange(self._session, sent)
        self._buffer += found.data
        self._is_over = self._is_over or found.is_over
        if found.is_reset:
            raise anyio.BrokenResourceError
        return found

    async def _wait(self, found: Exchanged) -> None:
        if self._buffer:
            return
        if self._is_over:
            raise anyio.EndOfStream
        await self._waker.wait(found.wait / 1000)


class Waker:
    """Ends the wait of a task, from any thread."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._thread = 0
        self._schedule: Callable[[Callable[[], object]], object] | None = None

    def arm(self) -> None:
        """From now on `wake` counts."""
        if self._event is None or self._event.is_set():
            self._event = anyio.Event()
            if self._schedule is None:
                loop = anyio.lowlevel.current_token().native_token
                self._schedule = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon  # type: ignore[attr-defined]
                self._thread = threading.get_ident()

    def wake(self) -> None:
        """End the wait, or the next one at once."""
        event = self._event
        if event is None or event.is_set() or self._schedule is None:
            return
        if threading.get_ident() == self._thread:
            event.set()
        else:
            self._schedule(event.set)

    async def wait(self, seconds: float) -> None:
        """Wait until then, or until it is ended."""
        assert self._event is not None
        with anyio.move_on_after(min(seconds, LONGEST) if seconds < math.inf else None):
            await self._event.wait()
