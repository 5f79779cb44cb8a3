"""A client of the emulator's streams without waiting: it exchanges bytes when told to, by the clock of a `Trading`."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from bingx_async.emulator.streams.messages import GZIP
from bingx_async.emulator.streams.session import MUTE
from tests.emulator.trading import Trading


class Peer:
    """One socket. `listen_key` True asks for one. `heard` has the messages, but pings, which are answered."""

    def __init__(self, trading: Trading, listen_key: str | bool = "", *, address: str = "10.0.0.1") -> None:
        self._trading, self._streams = trading, trading.emulator._open_streams()
        self.key = key_of(trading) if listen_key is True else str(listen_key or "")
        target = f"/market?listenKey={self.key}" if self.key else "/market"
        self.protocol = ClientProtocol(parse_uri(f"ws://exchange{target}"), logger=MUTE)
        self.heard: list[Any] = []
        self.pings: list[str] = []
        self.kinds: set[Opcode] = set()
        self.answers_pings = True
        self.is_over = self.is_reset = False
        self.session = self._streams.open(address, lambda: None)
        self.protocol.send_request(self.protocol.connect())
        self.exchange()

    @property
    def status(self) -> int:
        """The HTTP status of the handshake."""
        response = getattr(self.protocol.handshake_exc, "response", None)
        return 101 if response is None else int(response.status_code)

    def ask(self, topic: str, kind: str = "sub") -> list[Any]:
        """Subscribe to a topic, or end it; everything that is heard at once."""
        return self.say({"id": topic, "reqType": kind, "dataType": topic})

    def say(self, message: Any) -> list[Any]:
        """Send a message; everything that is heard at once."""
        self.protocol.send_text(json.dumps(message).encode())
        return self.take()

    def take(self, ms: int = 0) -> list[Any]:
        """Everything that is heard until so many ms have passed."""
        end = self._trading.now + ms
        while not (self.is_over or self.is_reset):
            wait = self.exchange()
            if self._trading.now + max(wait, 0.02) > end:
                break
            self._trading.now += max(wait, 0.02)
        self._trading.now = end
        if not (self.is_over or self.is_reset):
            self.exchange()
        heard, self.heard = self.heard, []
        return heard

    def data(self, ms: int, topic: str) -> list[Any]:
        """The data of the messages of a topic until so many ms have passed."""
        return [each["data"] for each in self.take(ms) if each.get("dataType") == topic]

    def exchange(self) -> float:
        """Bring and take what there is; the ms until there is more."""
        sent = b"".join(self.protocol.data_to_send())
        found = self._streams.exchange(self.session, sent or None)
        self.is_over, self.is_reset = found.is_over, found.is_reset
        if found.data:
            self.protocol.receive_data(found.data)
        for event in self.protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.TEXT):
                self.kinds.add(event.opcode)
                self._hear(event)
        if self.protocol.writes and not self.is_over:
            return self.exchange()
        return found.wait

    def _hear(self, frame: Frame) -> None:
        text = (zlib.decompress(frame.data, GZIP) if frame.opcode is Opcode.BINARY else bytes(frame.data)).decode()
        if text == "Ping":
            message: Any = {"ping": ""}
        else:
            message = json.loads(text, parse_float=Decimal)
        if "ping" not in message:
            self.heard.append(message)
            return
        self.pings.append(text)
        answer = json.dumps({"pong": message["ping"], "time": message["time"]}) if message["ping"] else "Pong"
        if self.answers_pings:
            self.protocol.send_text(answer.encode())


def key_of(trading: Trading) -> str:
    """A listen key of the first account."""
    answer = trading.ask("create_listen_key")
    return str(answer.get("data", answer)["listenKey"])


def trader(trading: Trading) -> Peer:
    """A socket that has subscribed to orders and balances."""
    peer = Peer(trading, listen_key=True)
    peer.ask("spot.executionReport")
    peer.ask("ACCOUNT_UPDATE")
    return peer
