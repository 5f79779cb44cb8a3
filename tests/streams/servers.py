"""Real servers on loopback, in the test's own event loop: WebSockets over TCP and TLS, and a proxy in front of them."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import anyio
import anyio.abc
from anyio.streams.tls import TLSStream
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.certificate import make_certificate, make_expired
from tests.streams.exchange import packed

Stream = anyio.abc.ByteStream
Handler = Callable[[Stream], Awaitable[None]]
ENDED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError)


@contextlib.asynccontextmanager
async def serving(handler: Handler, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port of a server that gives each connection to `handler`."""

    async def guarded(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with contextlib.suppress(*ENDED):
                await handler(stream)

    listener = await anyio.create_tcp_listener(local_host=host)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, guarded)
        yield listener.extra(anyio.abc.SocketAttribute.local_port)
        group.cancel_scope.cancel()


def over_tls(handler: Handler, context: ssl.SSLContext) -> Handler:
    """The same behind TLS."""

    async def handle(stream: Stream) -> None:
        await handler(await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False))

    return handle


def certificates(folder: Path, *, is_expired: bool = False) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server for localhost and of a client that trusts it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    (make_expired if is_expired else make_certificate)(key, certificate)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


async def shake_hands(stream: Stream) -> ServerProtocol:
    """The server's part of a handshake."""
    protocol = ServerProtocol(max_size=None)
    while True:
        protocol.receive_data(await stream.receive())
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
                await stream.send(b"".join(protocol.data_to_send()))
                return protocol


async def say(stream: Stream, protocol: ServerProtocol, *messages: object) -> None:
    """Messages, packed, in one piece."""
    for message in messages:
        protocol.send_binary(packed(message))
    await stream.send(b"".join(protocol.data_to_send()))


async def until_end(stream: Stream) -> None:
    """Read until the other end closes."""
    with contextlib.suppress(*ENDED):
        while True:
            await stream.receive()


class Proxy:
    """A CONNECT and SOCKS5 proxy that notes where it was asked to connect, and connects to `port`; or it gives `answer`
    and hangs up, or says nothing at all."""

    def __init__(self, port: int, answer: bytes | None = None) -> None:
        self.port, self.answer, self.asked = port, answer, list[str]()

    async def handle(self, stream: Stream) -> None:
        """One connection."""
        first = await stream.receive()
        if first[0] == 5:
            await stream.send(b"\x05\x00")
            wanted = await stream.receive()
            self.asked.append(f"{wanted[5:-2].decode()}:{int.from_bytes(wanted[-2:], 'big')}")
            fine = b"\x05\x00\x00\x01" + bytes(6)
        else:
            self.asked.append(first.split(b" ")[1].decode())
            fine = b"HTTP/1.1 200 Fine\r\n\r\n"
        if self.answer is not None:
            return await (stream.send(self.answer) if self.answer else anyio.sleep_forever())
        there = await anyio.connect_tcp("127.0.0.1", self.port)
        await stream.send(fine)
        async with there, anyio.create_task_group() as group:
            group.start_soon(_copy, there, stream, group.cancel_scope)
            group.start_soon(_copy, stream, there, group.cancel_scope)
        return None


async def _copy(source: Stream, target: Stream, scope: anyio.CancelScope) -> None:
    with contextlib.suppress(*ENDED):
        while True:
            await target.send(await source.receive())
    scope.cancel()
