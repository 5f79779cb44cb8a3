"""A proxy carries the connection when asked, and only then."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, ConnectFailed, Governor, InvalidRequest
from tests.runtime.server import serving

TIME = b'HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n{"code":0,"data":{"serverTime":%d}}' % (time.time() * 1000)


class Proxy:
    """A CONNECT and SOCKS5 proxy that notes where it was asked to connect."""

    def __init__(self, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self.refuses = refuses

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        first = await reader.readexactly(1)
        if first == b"\x05":
            await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x05\x00")
            *_, kind = await reader.readexactly(4)
            host = await reader.readexactly(4 if kind == 1 else (await reader.readexactly(1))[0])
            name = ".".join(map(str, host)) if kind == 1 else host.decode()
            port = int.from_bytes(await reader.readexactly(2), "big")
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
        else:
            head = first + await reader.readuntil(b"\r\n\r\n")
            name, _, text = head.split(b" ")[1].decode().partition(":")
            port = int(text)
            writer.write(b"HTTP/1.1 407 No\r\n\r\n" if self.refuses else b"HTTP/1.1 200 Fine\r\n\r\n")
        self.asked.append(f"{name}:{port}")
        if self.refuses:
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(self.copy(reader, there[1]), self.copy(there[0], writer))

    async def copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Pass bytes on until the end."""
        try:
            while piece := await source.read(65536):
                target.write(piece)
        except OSError:
            pass
        target.close()


@asynccontextmanager
async def running(proxy: Proxy) -> AsyncIterator[int]:
    """The proxy's port."""
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_through_a_proxy(scheme: str) -> None:
    """Every connection goes through the proxy, which looks up the host's name."""
    pytest.importorskip("python_socks")
    proxy = Proxy()

    async def main() -> str:
        async with serving((TIME, "keep")) as server, running(proxy) as port:
            url = f"http://localhost:{server.port}"
            async with BingXClient(base_url=url, proxy=f"{scheme}://127.0.0.1:{port}", governor=Governor()) as client:
                await client.sync_clock()
            assert server.requests
            return f"localhost:{server.port}"

    wanted = asyncio.run(main())
    assert set(proxy.asked) == {wanted}


def test_a_proxy_refuses() -> None:
    """The error says that it was the proxy, and what it said; nothing was sent."""
    pytest.importorskip("python_socks")

    async def main() -> None:
        async with running(Proxy(refuses=True)) as port:
            client = BingXClient(base_url="http://localhost:9", proxy=f"http://user:hidden@127.0.0.1:{port}")
            with pytest.raises(ConnectFailed, match=r"the proxy says .*407.*nothing was sent") as caught:
                await client.sync_clock()
            assert "hidden" not in f"{caught.value} {client!r} {client._settings!r}"
            await client.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("proxy", ["ftp://x", "127.0.0.1:8080", "http://", 7, "https://127.0.0.1:1"])
def test_wrong_proxy(proxy: Any) -> None:
    """What is no URL of a proxy is refused when the client is made; the message does not show it."""
    with pytest.raises(InvalidRequest, match="proxy must be a URL such as"):
        BingXClient(proxy=proxy)


def test_the_environment_names_a_proxy(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A proxy of the environment is not used, and the log says so."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    async def main() -> None:
        async with serving((TIME, "keep")) as server, BingXClient(base_url=server.url):
            assert server.requests

    with caplog.at_level(logging.INFO, "bingx_async"):
        asyncio.run(main())
    assert "the environment names a proxy, which is not used" in caplog.text


def collect(kept: list[Any]) -> None:
    """Forget them."""
    kept.clear()
    gc.collect()


def test_an_unclosed_client_is_named() -> None:
    """Who forgets to close a client is told that it was a client of this library; its connections are closed."""

    async def main() -> None:
        async with serving((TIME, "keep")) as server:
            client: Any = BingXClient(base_url=server.url)
            await client.sync_clock()
            kept = [client]
            del client
            with pytest.warns(ResourceWarning, match=r"a BingXClient was not closed \(its host is 127"):
                collect(kept)
            await anyio.sleep(0.05)

    asyncio.run(main())
