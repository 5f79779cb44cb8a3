"""An exchange that streams as fast as it can: messages that were made beforehand, or fresh ones at a steady pace.

It runs in a process of its own, over sockets without an event loop, so that it is never slower than a client. Each
subscription is confirmed and then answered with all messages of its channel, the last of which has the id `last_id`.
"""

from __future__ import annotations

import gzip
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

SYMBOL, NOW = "BTC-USDT", 1_790_000_000_000
TRADES, DEPTH, INCREMENTS = "trade", "depth100", "incrDepth"
MESSAGES = {TRADES: 20_000, DEPTH: 2_000, INCREMENTS: 10_000}
LEVELS = 20  # that change on each side in one increment
PACE = 1000.0  # fresh messages in a second


def last_id(channel: str) -> int:
    """The id of a channel's last message."""
    return MESSAGES[channel]


def trade(number: int) -> dict[str, Any]:
    """One trade."""
    numbers = {"p": f"{61250 + number % 999 / 100:.2f}", "q": f"{number % 997 / 1000 + 0.0015:.6f}", "t": str(number)}
    return {"e": "trade", "E": NOW + number, "s": SYMBOL, "T": NOW + number, "m": number % 2 == 0, **numbers}


def whole(number: int, levels: int = 100) -> dict[str, Any]:
    """A whole book, the asks worst first."""
    bids = [[f"{61250 - place / 100:.2f}", f"{(place + number) % 97 / 16 + 0.00125:.5f}"] for place in range(levels)]
    asks = [[f"{61251 + place / 100:.2f}", f"{(place + number) % 89 / 16 + 0.00375:.5f}"] for place in range(levels)]
    return {"bids": bids, "asks": asks[::-1], "lastUpdateId": number}


def increment(number: int) -> dict[str, Any]:
    """Quantities that change near the best price; the first one is the whole book."""
    if number == 1:
        book = whole(1, 1000)
        return {**book, "action": "all", "bids": dict(book["bids"]), "asks": dict(book["asks"])}
    draw = random.Random(number)
    quantities = ["0", "0", "0.25310", "1.50000", "0.00125"]

    def side(best: float, step: float) -> dict[str, str]:
        return {f"{best + step * draw.randrange(60):.2f}": draw.choice(quantities) for _ in range(LEVELS)}

    sides = {"bids": side(61250, -0.01), "asks": side(61251, 0.01)}
    return {"action": "update", "lastUpdateId": number, **sides}


MAKERS: dict[str, Callable[[int], dict[str, Any]]] = {TRADES: trade, DEPTH: whole, INCREMENTS: increment}


def packed(message: object) -> bytes:
    """A frame as the exchange sends it."""
    text = json.dumps(message, separators=(",", ":")).encode()
    return Frame(Opcode.BINARY, gzip.compress(text, 6)).serialize(mask=False)


def message(channel: str, number: int, **data: Any) -> bytes:
    """One message of a channel, as a frame."""
    envelope = {"code": 0, "dataType": f"{SYMBOL}@{channel}", "success": True, "timestamp": NOW + number}
    return packed({**envelope, "data": {**MAKERS[channel](number), **data}})


class Server:
    """`mode` is "flood", or "pace" for fresh trades whose id is the moment (ns, monotonic) of their sending."""

    def __init__(self, mode: str, times: int) -> None:
        self.mode, self.times = mode, times
        channels = MESSAGES if mode == "flood" else {}
        self.floods = {
            channel: b"".join([message(channel, number) for number in range(1, count + 1)])
            for channel, count in channels.items()
        }

    def serve(self, connection: socket.socket) -> None:
        """One client, until it goes."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        protocol = ServerProtocol()
        with suppress(OSError), connection:
            while data := connection.recv(65536):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Request):
                        protocol.send_response(protocol.accept(event))
                    connection.sendall(b"".join(protocol.data_to_send()))
                    if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                        self.answer(connection, json.loads(bytes(event.data)))

    def answer(self, connection: socket.socket, asked: dict[str, Any]) -> None:
        """Confirm a subscription, and send its messages."""
        connection.sendall(packed({"id": asked["id"], "code": 0, "msg": "SUCCESS", "timestamp": NOW}))
        if asked.get("reqType") == "unsub":
            return
        channel = asked["dataType"].partition("@")[2]
        if self.mode == "flood":
            for _ in range(self.times):
                connection.sendall(self.floods[channel])
            return
        began = time.monotonic()
        for number in range(5 * int(PACE)):
            time.sleep(max(0.0, began + number / PACE - time.monotonic()))
            connection.sendall(message(TRADES, number, t=str(time.monotonic_ns())))


def main(mode: str, times: str = "1") -> None:
    """Serve on a free port, said in the first line of output, until the input ends."""
    server, listener = Server(mode, int(times)), socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            threading.Thread(target=server.serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


@contextmanager
def running(mode: str, times: int = 1) -> Iterator[str]:
    """The URL of a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.stream_server", mode, str(times)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}/market"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
