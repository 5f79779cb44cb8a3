"""From nothing to the first cancel on the wire, and a burst after a silence, over TLS at a long round trip.

A relay between client and exchange delays every byte by one way. "By hand" opens a TLS connection with asyncio's
streams and writes a signed cancel. Shown is when the cancel arrives, less one way, from the moment at which the
program could begin; and how far apart five cancels leave that are made at once after 32 seconds of silence.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median

from benchmarks import report
from benchmarks.cpu import PATH, signed
from benchmarks.server import ACCEPTED, KEY, SECRET
from bingx_async import BingXClient, Governor
from tests.certificate import make_certificate

ONE_WAY = 0.095  # seconds
SILENCE = 32.0  # seconds
ROUNDS = 5


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: list[float]) -> None:
    """One connection of the exchange; notes when a cancel has arrived."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
            await reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return
        body = ACCEPTED
        if PATH.encode() in head:
            arrived.append(time.time())
        else:
            body = b'{"code":0,"data":{"serverTime":%d}}' % (time.time() * 1000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Delayed(asyncio.Protocol):
    """One side of the relay: what it receives leaves on the other side one way later."""

    def __init__(self, other: Delayed | None = None, port: int = 0) -> None:
        self.other, self.port = other, port
        self.waiting: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        if self.other is None:
            self.other = Delayed(self)
            loop = asyncio.get_running_loop()
            there, port = self.other, self.port
            self.opening = loop.create_task(loop.create_connection(lambda: there, "127.0.0.1", port))
        for piece in self.waiting:
            self.transport.write(piece)  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(ONE_WAY, self.pass_on, data)

    def pass_on(self, data: bytes) -> None:
        """One way later."""
        assert self.other is not None
        if self.other.transport is None:
            self.other.waiting.append(data)
        else:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


def serve(pipe: Pipe, key: str, certificate: str) -> None:
    """Serve behind the relay; send the arrivals whenever asked."""

    async def main() -> None:
        arrived: list[float] = []
        loop = asyncio.get_running_loop()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        exchange = await asyncio.start_server(
            lambda reader, writer: answer(reader, writer, arrived), "127.0.0.1", 0, ssl=context
        )
        port = exchange.sockets[0].getsockname()[1]
        relay = await loop.create_server(lambda: Delayed(port=port), "127.0.0.1", 0)
        pipe.send(relay.sockets[0].getsockname()[1])
        while await loop.run_in_executor(None, pipe.recv):
            pipe.send(arrived.copy())
            arrived.clear()

    asyncio.run(main())


async def by_hand(port: int) -> None:
    """The least a program can do."""
    reader, writer = await asyncio.open_connection("localhost", port, ssl=ssl.create_default_context())
    body = signed()
    head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nX-BX-APIKEY: %b\r\nContent-Type: application/json\r\n"
    writer.write(head % (PATH.encode(), KEY.encode()) + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def bare(port: int) -> None:
    """A client that cancels at once."""
    client = BingXClient(KEY, SECRET, base_url=f"https://localhost:{port}", carrier="json")
    await client.spot.cancel_order("BTC-USDT", 1)
    await client.aclose()


async def entered(port: int) -> None:
    """A client in `async with`, which looks at the exchange's clock before anything else."""
    async with BingXClient(KEY, SECRET, base_url=f"https://localhost:{port}", carrier="json") as client:
        await client.spot.cancel_order("BTC-USDT", 1)


def first(pipe: Pipe, port: int, act: Callable[[int], Awaitable[None]]) -> float:
    """Milliseconds from the beginning until the cancel is on the wire."""

    async def main() -> float:
        began = time.time()
        await act(port)
        return began

    began = asyncio.run(main())
    pipe.send(True)
    return (pipe.recv()[0] - began - ONE_WAY) * 1000.0


def burst(pipe: Pipe, port: int, silence: float) -> float:
    """Milliseconds between the first and the last of five cancels after a silence."""

    async def main() -> None:
        async with BingXClient(
            KEY, SECRET, base_url=f"https://localhost:{port}", carrier="json", governor=Governor()
        ) as client:
            await client.spot.cancel_order("BTC-USDT", 1)
            await asyncio.sleep(silence)
            pipe.send(True)
            pipe.recv()
            await asyncio.gather(*(client.spot.cancel_order("BTC-USDT", number + 1) for number in range(5)))

    asyncio.run(main())
    pipe.send(True)
    arrived = pipe.recv()
    return (arrived[-1] - arrived[0]) * 1000.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        make_certificate(key, certificate)
        os.environ["SSL_CERT_FILE"] = str(certificate)
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(there, str(key), str(certificate)), daemon=True
        )
        process.start()
        port = here.recv()
        found = {act.__name__: [first(here, port, act) for _ in range(ROUNDS)] for act in (by_hand, bare, entered)}
        apart = burst(here, port, SILENCE)
        here.send(False)
        process.join()
    hand = median(found["by_hand"])
    report.heading(f"First cancel on the wire over TLS, round trip {2000 * ONE_WAY:.0f} ms")
    report.table(
        ["", "ms", "/ by hand"], [[n, f"{median(t):.0f}", f"{median(t) / hand:.2f}"] for n, t in found.items()]
    )
    print(f"\nfive cancels at once after {SILENCE:g} s of silence leave within {apart:.1f} ms")
    print(report.target("first cancel / by hand", median(found["bare"]) / hand, 1.1))


if __name__ == "__main__":
    main()
