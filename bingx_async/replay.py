"""A recording played to a client: its streams say again what they said, at the same moments.

Rules: the recording's first moment is that of the first connection. A message goes to every connection that has
subscribed to its topic by then, a ping to all. Where a recorded connection was lost, those connections are reset that
have a topic of it. Subscriptions are confirmed at once. No task runs behind it: to receive plays what is due.
"""

from __future__ import annotations

import json
from collections import defaultdict
from math import inf
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import httpx
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, BrokenFrame, read
from bingx_async.core.recording import Frame
from bingx_async.emulator import Emulator, Recording
from bingx_async.testing import simulated_clock


class Replay(httpx.AsyncBaseTransport):
    """A transport for `BingXClient(transport=Replay(path))`. Make it inside the event loop, best in simulated time.

    Calls go to `rest`, another httpx transport; by default to an emulator whose market is the recording. Raises
    `InvalidRequest` for a file that is no recording.
    """

    def __init__(self, path: str | Path, rest: httpx.AsyncBaseTransport | None = None) -> None:
        recording = Recording(path)
        self._rest = rest or Emulator(market=recording, clock=simulated_clock().wall).transport()
        self._frames = recording.frames()
        self._next: Frame | None = next(self._frames, None)
        self._start: float | None = None
        self._streams: list[_Stream] = []
        self._heard: defaultdict[int, set[str]] = defaultdict(set)  # recorded socket -> topics that came over it

    def draw(self) -> float:
        """The share of the usual wait after which a client connects again: none, so that it misses nothing."""
        return 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A call."""
        return await self._rest.handle_async_request(request)

    async def connect_stream(self, _host: str, _port: int, /) -> anyio.abc.ByteStream:
        """A new connection of a stream."""
        await anyio.lowlevel.checkpoint()
        if self._start is None:
            self._start = anyio.current_time()
        self._streams.append(_Stream(self))
        return self._streams[-1]

    @property
    def is_over(self) -> bool:
        """Whether everything has been played."""
        return self._next is None

    def play(self) -> float:
        """Say everything that is due; the seconds until there is more."""
        start = self._start or 0.0
        while (frame := self._next) is not None:
            wait = start + frame.at / 1000.0 - anyio.current_time()
            if wait > 0:
                return wait
            self._next = next(self._frames, None)
            self._say(frame)
        return inf

    def _say(self, frame: Frame) -> None:
        heard = self._heard[frame.socket]
        self._streams = [stream for stream in self._streams if not stream.is_over]
        if frame.lost:
            for stream in self._streams:
                if stream.topics & heard:
                    stream.reset()
            heard.clear()
            return
        message = _read(frame.text)
        if type(message) is Push:
            heard.add(message.topic)
        for stream in self._streams:
            if type(message) is not Ack and (type(message) is not Push or message.topic in stream.topics):
                stream.say(frame.text)


def _read(text: str) -> object:
    try:
        return read(text, 0.0)
    except BrokenFrame:
        return None


class _Stream(anyio.abc.ByteStream):
    """The client's end of a connection."""

    def __init__(self, replay: Replay) -> None:
        self.topics: set[str] = set()
        self.is_over = False
        self._replay, self._protocol = replay, ServerProtocol(max_size=None)
        self._coming, self._changed = bytearray(), anyio.Event()

    def say(self, text: str) -> None:
        """A message."""
        self._protocol.send_text(text.encode())
        self._pass_on()

    def reset(self) -> None:
        """The connection is lost, with what was not read."""
        self.is_over = True
        self._coming.clear()
        self._changed.set()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next bytes."""
        await anyio.lowlevel.checkpoint()
        while True:
            wait = self._replay.play()
            if self._coming:
                piece = bytes(self._coming[:max_bytes])
                del self._coming[:max_bytes]
                return piece
            if self.is_over:
                raise anyio.BrokenResourceError from ConnectionResetError("as it was recorded")
            self._changed = anyio.Event()
            with anyio.move_on_after(wait):
                await self._changed.wait()

    async def send(self, item: bytes) -> None:
        """Bytes of the client."""
        await anyio.lowlevel.checkpoint()
        if self.is_over:
            raise anyio.BrokenResourceError
        self._protocol.receive_data(item)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, WebSocketFrame) and event.opcode is Opcode.TEXT:
                self._answer(bytes(event.data).decode())
        self._pass_on()

    async def send_eof(self) -> None:
        """Nothing more comes."""

    async def aclose(self) -> None:
        """The client closes it."""
        self.is_over = True
        self._changed.set()
        await anyio.lowlevel.checkpoint()

    def _answer(self, text: str) -> None:
        """Confirm a subscription; anything else is the answer to a ping."""
        if "reqType" not in text:
            return
        asked = json.loads(text)
        (self.topics.add if asked["reqType"] == "sub" else self.topics.discard)(asked["dataType"])
        self._protocol.send_text(json.dumps({"id": asked["id"], "code": 0, "msg": "SUCCESS"}).encode())

    def _pass_on(self) -> None:
        self._coming += b"".join(self._protocol.data_to_send())
        self._changed.set()
