"""Faults of TLS: nothing may be sent to a server that does not prove who it is."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from attrs import define, field

from tests.certificate import make_certificate, make_expired
from tests.faults.fault import honest
from tests.faults.server import Stage, length_in

BODY = b'{"code":0,"data":{"orders":[]}}'
FAULTS = (
    "untrusted",
    "wrong name",
    "expired",
    "plain HTTP",
    "silence",
    "closed at once",
    "closed in the handshake",
    "reset in the handshake",
    "garbage",
    "alert",
)
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # handshake failure
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@define
class Port:
    """A server on localhost; `plain` holds everything that was read once TLS was established or without it."""

    fault: str
    context: ssl.SSLContext
    port: int = 0
    plain: bytearray = field(factory=bytearray)

    @property
    def url(self) -> str:
        """Where it listens; the name stands in none of the certificates if it is to be the wrong one."""
        return f"https://{'127.0.0.2' if self.fault == 'wrong name' else 'localhost'}:{self.port}"

    async def listen(self) -> asyncio.Server:
        """Begin to serve."""
        has_tls = self.fault in ("untrusted", "wrong name", "expired", "none")
        handler = self._answer if has_tls else self._break
        host = "127.0.0.2" if self.fault == "wrong name" else "127.0.0.1"
        server = await asyncio.start_server(handler, host, 0, ssl=self.context if has_tls else None)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.plain += head + await reader.readexactly(length_in(head))
                writer.write(honest(BODY))
        writer.close()

    async def _break(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if self.fault == "plain HTTP":
                writer.write(honest(BODY))
            elif self.fault != "closed at once":
                await reader.read(1)
                writer.write({"garbage": bytes(400), "alert": ALERT}.get(self.fault, b""))
            if self.fault == "silence":
                while await reader.read(65536):
                    pass
            if self.fault == "reset in the handshake":
                writer.transport.abort()
        writer.close()


class Certificates:
    """A certificate for localhost that is valid, and one that has expired; each is trusted if it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, tuple[Path, Path]] = {}
        for name, make in {"valid": make_certificate, "expired": make_expired, "other": make_certificate}.items():
            key, certificate = folder / f"{name}-key.pem", folder / f"{name}.pem"
            make(key, certificate)
            self.files[name] = key, certificate

    def trusted_for(self, fault: str) -> Path:
        """The file that the client trusts."""
        return self.files[{"untrusted": "other", "expired": "expired"}.get(fault, "valid")][1]

    def port(self, fault: str) -> Port:
        """A server that plays the fault."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        key, certificate = self.files["expired" if fault == "expired" else "valid"]
        context.load_cert_chain(certificate, key)
        return Port(fault, context)


@contextlib.contextmanager
def listening(stage: Stage, port: Port) -> Iterator[Port]:
    """The server is up while the block runs."""
    server = stage.start(port.listen()).result(10)
    try:
        yield port
    finally:
        stage.start(_close(server)).result(10)


async def _close(server: asyncio.Server) -> None:
    server.close()
