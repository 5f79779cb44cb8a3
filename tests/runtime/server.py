"""A raw HTTP server on loopback, in the test's own event loop: it does what the script says, byte by byte."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc
from attrs import define, field

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}'


@define
class Server:
    """`script` holds one action per request; the last one stays.

    An action is the bytes to answer with and what to do next: `keep` the connection, `close` it, or `hang`.
    """

    script: list[tuple[bytes, str]]
    requests: list[bytes] = field(factory=list[bytes])
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, stream: anyio.abc.SocketStream) -> None:
        """One connection."""
        self.connections += 1
        async with stream:
            while (request := await _read(stream)) is not None:
                self.requests.append(request)
                answer, then = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if answer:
                    await stream.send(answer)
                if then == "hang":
                    await _read(stream)
                    return
                if then == "close":
                    return


async def _read(stream: anyio.abc.SocketStream) -> bytes | None:
    """A whole request, or None at the end of the connection."""
    request = b""
    try:
        while b"\r\n\r\n" not in request:
            request += await stream.receive()
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line.lower() for line in head.split(b"\r\n")]
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return None
    return head + b"\r\n\r\n" + body


@asynccontextmanager
async def serving(*script: tuple[bytes, str]) -> AsyncIterator[Server]:
    """A server that is up while the block runs."""
    server = Server(list(script))
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server.port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server.serve)
        yield server
        group.cancel_scope.cancel()


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
