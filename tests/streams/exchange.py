"""A scripted stream exchange in memory, in simulated time: `Door(URL, connect=exchange.connect_stream)`.

It acts inside of the client's own `send` and `receive`, so it needs no task: it answers while the client sends, and
what it does at a later moment (pings, delayed answers) it does while the client waits to receive. `sockets` has the
connections in the order in which they were made.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.streams.wire import Wire

URL = "ws://exchange.test/market"
SUCCESS = {"code": 0, "msg": "SUCCESS"}


def packed(message: object) -> bytes:
    """A message as the exchange sends it."""
    return gzip.compress((message if isinstance(message, str) else json.dumps(message)).encode(), 1, mtime=0)


class Peer(Wire):
    """One connection: the client's stream, and the exchange's end of it.

    `topics` are those subscribed now, `received` every text with its moment (ms since the exchange was made), `asked`
    the subscription messages among them, `pongs` the others.
    """

    def __init__(self, exchange: StreamExchange) -> None:
        super().__init__()
        self.exchange, self.protocol = exchange, ServerProtocol(max_size=None)
        self.path, self.headers = "", dict[str, str]()
        self.topics: dict[str, None] = {}
        self.received: list[tuple[float, str]] = []
        self.asked: list[tuple[float, str, str]] = []  # moment, "sub" or "unsub", topic
        self.pongs: list[tuple[float, str]] = []

    def say(self, message: object) -> None:
        """A message, packed; a str as it is, anything else as JSON."""
        self.say_frame(packed(message))

    def say_text(self, text: str) -> None:
        """A plain text frame."""
        self.protocol.send_text(text.encode())
        self._pass_on()

    def say_frame(self, data: bytes) -> None:
        """A binary frame."""
        self.protocol.send_binary(data)
        self._pass_on()

    def push(self, topic: str, data: object, **envelope: object) -> None:
        """A message of a topic."""
        self.say({"code": 0, "dataType": topic, "data": data, "success": True, **envelope})

    def close(self, code: int = 1001) -> None:
        """The goodbye of a WebSocket, then the end."""
        self.protocol.send_close(code)
        self._pass_on()
        self.end()

    def _pass_on(self) -> None:
        self.say_bytes(b"".join(self.protocol.data_to_send()))

    def take(self, data: bytes) -> None:
        """What the client sent."""
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._answer(bytes(event.data).decode())
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.received.append((self.exchange.now(), "close"))
        self._pass_on()

    def _shake_hands(self, request: Request) -> None:
        self.path, self.headers = request.path, dict(request.headers.raw_items())
        script = self.exchange.handshakes
        answer = script.pop(0) if script else 101
        if answer == 101:
            self.protocol.send_response(self.protocol.accept(request))
            self.exchange.opened(self)
        elif isinstance(answer, bytes):
            self.say_bytes(answer)
        else:
            self.protocol.send_response(self.protocol.reject(answer, "no"))

    def _answer(self, text: str) -> None:
        now = self.exchange.now()
        self.received.append((now, text))
        if not text.startswith("{") or "reqType" not in text:
            self.pongs.append((now, text))
            return
        message = json.loads(text)
        topic, kind = message["dataType"], message["reqType"]
        self.asked.append((now, kind, topic))
        answer = self.exchange.answer_to(kind, topic)
        if kind == "unsub":
            self.topics.pop(topic, None)
        if answer is None:
            return
        if kind == "sub" and answer.get("code") in (0, 100205):
            self.topics[topic] = None
        self.after(self.exchange.ack_delay, lambda: self.say({"id": message["id"], **answer}))


class StreamExchange:
    """See the module; make it inside the event loop.

    `pings`: "json", "text" or None, each `every` seconds. `answers` maps a topic to what comes back for each of its
    subscriptions: a mapping that is added to the id, a code, or None for no answer; the last one stays. `handshakes`
    holds one entry per connection: 101, another status, bytes as they are, or an exception that connecting raises.
    `hello` is called with each socket that was opened.
    """

    def __init__(self, *, pings: str | None = "json", every: float = 5.0, ack_delay: float = 0.02) -> None:
        self.pings, self.every, self.ack_delay = pings, every, ack_delay
        self.answers: dict[str, list[Any]] = {}
        self.handshakes: list[Any] = []
        self.sockets: list[Peer] = []
        self.hello: Callable[[Peer], None] = lambda _: None
        self.attempts: list[float] = []  # moments at which a connection was asked for
        self.started = anyio.current_time()
        self._pings = count(1)

    def now(self) -> float:
        """Milliseconds since the start."""
        return round((anyio.current_time() - self.started) * 1000.0, 6)

    @property
    def socket(self) -> Peer:
        """The last one."""
        return self.sockets[-1]

    async def connect_stream(self, host: str, port: int) -> anyio.abc.ByteStream:
        """A new connection."""
        await anyio.lowlevel.checkpoint()
        self.attempts.append(self.now())
        if self.handshakes and isinstance(self.handshakes[0], BaseException):
            raise self.handshakes.pop(0)
        self.sockets.append(Peer(self))
        return self.socket

    def push(self, topic: str, data: object, **envelope: object) -> None:
        """A message to every socket that has subscribed the topic."""
        for peer in self.sockets:
            if topic in peer.topics and peer.ended is None and not peer.is_closed:
                peer.push(topic, data, **envelope)

    def answer_to(self, kind: str, topic: str) -> Mapping[str, Any] | None:
        """What comes back for a subscription message."""
        script = self.answers.get(topic) if kind == "sub" else None
        if not script:
            return SUCCESS
        answer = script.pop(0) if len(script) > 1 else script[0]
        return {"code": answer, "msg": "no"} if isinstance(answer, int) else answer

    def opened(self, peer: Peer) -> None:
        """A socket was opened."""
        if self.pings is not None:
            peer.after(self.every, lambda: self._ping(peer))
        peer.after(0.0, lambda: self.hello(peer))

    def _ping(self, peer: Peer) -> None:
        number = next(self._pings)
        if self.pings is not None:
            peer.say("Ping" if self.pings == "text" else {"ping": f"{number:032x}", "time": "2026-01-01T00:00:00+0800"})
        peer.after(self.every, lambda: self._ping(peer))
