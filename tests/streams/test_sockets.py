"""Lines over real sockets: TCP and TLS, proxies, and ends of connections as the system makes them."""

from __future__ import annotations

import gc
import json
import logging
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
from attrs import evolve

from bingx_async.core.stream_limits import StreamLimits
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.stream.dialing import Door
from bingx_async.runtime.stream.line import Line
from tests.client.exchange import Backend, backends
from tests.runtime.server import unused_port
from tests.streams.listening import TRADES, Notes
from tests.streams.servers import Proxy, Stream, certificates, over_tls, say, serving, shake_hands, until_end

PUSH = {"dataType": TRADES, "data": 1}
KEY = "listenkeylistenkey" * 4
SOON = {"backoff": 0.05, "first_silence": 0.4, "least_silence": 0.4}


def real(backend: Backend, main: Callable[[], Awaitable[None]]) -> None:
    """`main` in real time, for half a minute at most."""

    async def bounded() -> None:
        with anyio.fail_after(30):
            await main()

    anyio.run(bounded, backend=backend)


def at(door: Door, port: int) -> Door:
    """The same with another port."""
    scheme, host, path = re.split("//|/", door.url)
    return evolve(door, url=f"{scheme}//{host}:{port}/{path}")


@asynccontextmanager
async def listening(door: Door, **limits: Any) -> AsyncIterator[Notes]:
    """A line through the door, and what it tells."""
    notes: Any = Notes()
    line = Line(door, StreamLimits(**limits), monotonic_ms, notes, draw=lambda: 1.0)
    line.want(TRADES)
    async with anyio.create_task_group() as group:
        group.start_soon(line.run)
        yield notes
        group.cancel_scope.cancel()


async def exchange(stream: Stream) -> None:
    """Confirms each subscription and sends one message."""
    protocol = await shake_hands(stream)
    while True:
        protocol.receive_data(await stream.receive())
        for frame in protocol.events_received():
            if getattr(frame, "opcode", None) == 1:
                asked = json.loads(bytes(frame.data))  # type: ignore[union-attr]
                await say(stream, protocol, {"id": asked["id"], "code": 0}, PUSH)


@backends
def test_tcp(backend: Backend) -> None:
    """A message arrives; when the line is cancelled the server sees the end."""

    async def main() -> None:
        ended = anyio.Event()

        async def handler(stream: Stream) -> None:
            try:
                await exchange(stream)
            finally:
                ended.set()

        async with serving(handler) as port:
            async with listening(Door(f"ws://127.0.0.1:{port}/market")) as notes:
                await notes.wait_for("pushed")
            await ended.wait()
            assert notes.data == [1]

    real(backend, main)


@backends
def test_tls(backend: Backend, tmp_path: Path) -> None:
    """TLS with a certificate that is trusted carries the messages."""
    server, client = certificates(tmp_path)

    async def main() -> None:
        door = Door("wss://localhost/market", tls=lambda: client)
        async with serving(over_tls(exchange, server)) as port, listening(at(door, port)) as notes:
            await notes.wait_for("pushed")

    real(backend, main)


@backends
@pytest.mark.parametrize(
    ("host", "is_expired", "is_trusted", "why"),
    [
        ("127.0.0.2", False, True, "IP address mismatch"),
        ("localhost", True, True, "certificate has expired"),
        ("localhost", False, False, "self-signed certificate"),
    ],
)
def test_wrong_certificate(
    host: str, is_expired: bool, is_trusted: bool, why: str, backend: Backend, tmp_path: Path
) -> None:
    """A certificate of another host, an expired and an unknown one are refused, with the reason; nothing is sent."""
    server, client = certificates(tmp_path, is_expired=is_expired)
    heard = list[bytes]()

    async def handler(stream: Stream) -> None:
        heard.append(await stream.receive())

    async def main() -> None:
        async with serving(over_tls(handler, server), host) as port:
            door = Door(f"wss://{host}:{port}/market", KEY)
            async with listening(evolve(door, tls=lambda: client) if is_trusted else door) as notes:
                error = await notes.wait_for("failed")
        assert f"no connection to {host}: its certificate is not trusted" in str(error)
        assert why in str(error)
        assert heard == []

    real(backend, main)


async def answer_plainly(stream: Stream) -> None:
    """An answer as that of a server without TLS."""
    await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@backends
def test_plain_where_tls_is_expected(backend: Backend) -> None:
    """A server that answers TLS with plain text is refused."""

    async def main() -> None:
        door = Door("wss://127.0.0.1/market")
        async with serving(answer_plainly) as port, listening(at(door, port)) as notes:
            assert "TLS failed" in str(await notes.wait_for("failed"))

    real(backend, main)


@backends
@pytest.mark.parametrize(("host", "why"), [("127.0.0.1", "it refuses connections"), ("localhost", "it refuses")])
def test_nothing_listens(host: str, why: str, backend: Backend) -> None:
    """A port on which nothing listens is told, and tried again."""

    async def main() -> None:
        async with listening(Door(f"ws://{host}:{unused_port()}/"), backoff=0.01) as notes:
            assert f"no connection to {host}: {why}" in str(await notes.wait_for("failed"))
            await notes.wait_for("failed", 3)

    real(backend, main)


@backends
def test_unknown_name(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be looked up is told."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    async def main() -> None:
        async with listening(Door("ws://no-such-host.test/market")) as notes:
            assert "the name is not known; is there a network?" in str(await notes.wait_for("failed"))

    real(backend, main)


async def reset(stream: Stream) -> None:
    """A reset, as when a gateway dies."""
    await shake_hands(stream)
    await stream.receive()  # else the error may meet the task that writes
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def end(stream: Stream) -> None:
    """A close of the connection without a goodbye."""
    await shake_hands(stream)
    await stream.receive()


async def half(stream: Stream) -> None:
    """Half a frame."""
    await shake_hands(stream)
    await stream.send(b"\x82\x7e\x10")
    await stream.receive()


async def silence(stream: Stream) -> None:
    """Nothing more, without end: the other half of a connection whose end was lost."""
    await shake_hands(stream)
    await until_end(stream)


@backends
@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (reset, "the connection was reset"),
        (end, "the exchange ended the connection"),
        (half, "the exchange ended the connection"),
        (silence, "nothing came for 0.4 s"),
    ],
)
def test_ends(handler: Callable[[Stream], Awaitable[None]], why: str, backend: Backend) -> None:
    """However a connection ends the reason is told, and there is a new one soon."""

    async def main() -> None:
        async with serving(handler) as port, listening(Door(f"ws://127.0.0.1:{port}/"), **SOON) as notes:
            _, reason = await notes.wait_for("lost")
            assert reason == why
            await notes.wait_for("up", 2)

    real(backend, main)


@backends
@pytest.mark.parametrize("is_deaf", [False, True])
def test_closing_against_a_mute_peer(is_deaf: bool, backend: Backend) -> None:
    """A line that is cancelled is gone at once although the peer never answers its goodbye, nor reads it."""

    async def handler(stream: Stream) -> None:
        protocol = await shake_hands(stream)
        if not is_deaf:
            return await until_end(stream)
        for _ in range(100_000):  # pings whose answers are not read
            protocol.send_ping(bytes(125))
            if not _ % 100:
                await stream.send(b"".join(protocol.data_to_send()))
        await anyio.sleep_forever()
        return None

    async def main() -> None:
        async with serving(handler) as port:
            async with listening(Door(f"ws://127.0.0.1:{port}/")) as notes:
                await notes.wait_for("up")
                await anyio.sleep(0.5)
                began = time.monotonic()
            assert time.monotonic() - began < 0.4

    real(backend, main)


@backends
def test_a_peer_that_reads_nothing(backend: Backend) -> None:
    """A peer that talks but does not read is given up as soon as its patience is over; pings without end do not fill
    the memory."""

    async def handler(stream: Stream) -> None:
        protocol = await shake_hands(stream)
        while True:
            await say(stream, protocol, *[{"ping": "7" * 200}] * 200)
            await anyio.sleep(0.001)

    async def main() -> None:
        async with serving(handler) as port, listening(Door(f"ws://127.0.0.1:{port}/"), **SOON) as notes:
            _, reason = await notes.wait_for("lost")
            assert reason in ("the exchange read nothing for 0.4 s", "the exchange does not read our answers")

    real(backend, main)


@backends
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_through_a_proxy(scheme: str, backend: Backend, tmp_path: Path) -> None:
    """A proxy carries the connection, TLS included, and is the one to look up the name."""
    server, client = certificates(tmp_path)

    async def main() -> None:
        async with serving(over_tls(exchange, server)) as port:
            proxy = Proxy(port)
            async with serving(proxy.handle) as way:
                door = Door("wss://localhost:4433/market", KEY, f"{scheme}://127.0.0.1:{way}", tls=lambda: client)
                async with listening(door) as notes:
                    await notes.wait_for("pushed")
            assert proxy.asked == ["localhost:4433"]

    real(backend, main)


@backends
@pytest.mark.parametrize(
    ("scheme", "answer", "why"),
    [
        ("http", b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy says .*407"),
        ("http", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy says .*502"),
        ("socks5", b"\x05\x02\x00\x01" + bytes(6), "the proxy says .*not allowed"),
        ("http", b"", "did not answer within 0.3 s"),
    ],
)
def test_a_proxy_refuses(scheme: str, answer: bytes, why: str, backend: Backend) -> None:
    """What the proxy says is told, and its password is not; one that says nothing is given up in time."""

    async def main() -> None:
        async with serving(Proxy(0, answer).handle) as way:
            door = Door("ws://localhost:1/market", KEY, f"{scheme}://user:hidden@127.0.0.1:{way}")
            async with listening(door, connect_timeout=0.3) as notes:
                error = await notes.wait_for("failed")
            with pytest.raises(type(error), match=why):
                raise error
            assert "hidden" not in f"{error} {error.__cause__} {door}"

    real(backend, main)


@backends
def test_secrets(backend: Backend, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every logger at DEBUG no log has the listen key, nor has any repr of what is still alive."""

    async def main() -> None:
        async with serving(reset) as port:
            door = Door(f"ws://127.0.0.1:{port}/market").with_key(KEY)
            async with listening(door, **SOON) as notes:
                await notes.wait_for("lost", 2)
                assert KEY not in f"{door!r} {notes.all}"

    with caplog.at_level(logging.DEBUG):
        for name in ["websockets", "websockets.client", "bingx_async", *logging.root.manager.loggerDict]:
            monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
            monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        real(backend, main)
    ours = [record for record in caplog.records if record.name != "websockets.server"]  # the other end shows all
    assert "bingx_async" in {record.name for record in ours}
    assert [record for record in ours if KEY in record.getMessage()] == []


@backends
def test_nothing_is_left_behind(backend: Backend) -> None:
    """After 50 lost connections as many sockets are open as before."""

    def sockets() -> int:
        gc.collect()
        return sum(isinstance(each, socket.socket) and each.fileno() >= 0 for each in gc.get_objects())

    async def main() -> None:
        async with serving(end) as port:
            before = sockets()
            async with listening(Door(f"ws://127.0.0.1:{port}/"), backoff=0.001, longest_backoff=0.001) as notes:
                await notes.wait_for("lost", 50)
            await anyio.sleep(0.05)
            assert sockets() == before

    real(backend, main)
