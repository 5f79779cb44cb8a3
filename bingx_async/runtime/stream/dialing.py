"""Opening sockets: directly, through a proxy, or over a stream that is given; then TLS, verified, and the handshake."""

from __future__ import annotations

import contextlib
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.util import find_spec
from urllib.parse import urlencode, urlsplit

import anyio
import anyio.abc
import httpx
from anyio.streams.tls import TLSStream
from attrs import evolve, field, frozen

from bingx_async.core.options import shown
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import InvalidRequest
from bingx_async.runtime.http.failures import reason_of, without_frames
from bingx_async.runtime.stream.websocket import Disconnected, NotConnected, Target, WebSocket

ConnectStream = Callable[[str, int], Awaitable[anyio.abc.ByteStream]]
SCHEMES = {"ws": 80, "wss": 443}


def check_installed() -> None:
    """Raises `InvalidRequest` without the extra."""
    if find_spec("websockets") is None:
        raise InvalidRequest('streams need the extra [streams]: pip install "bingx-async[streams]"')


def _is_url(_instance: object, _attribute: object, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise InvalidRequest(f"a stream's URL must be like 'wss://open-api-ws.bingx.com/market', not {shown(url)}")


def _verified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@frozen(eq=False)
class Door:
    """The way to the exchange's sockets. `listen_key` opens that of an account. `proxy` is the URL of a CONNECT or
    SOCKS proxy. `connect`, if given, opens the stream, TLS included; else `tls` makes the context that verifies."""

    url: str = field(validator=_is_url)
    listen_key: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    connect: ConnectStream | None = field(default=None, repr=False)
    tls: Callable[[], ssl.SSLContext] = field(factory=lambda: cache(_verified), repr=False)

    def with_key(self, listen_key: str) -> Door:
        """The way to the socket of an account."""
        return evolve(self, listen_key=listen_key)

    async def open(self, limits: StreamLimits) -> WebSocket:
        """A socket after its handshake, within `connect_timeout`. Raises `StreamUnavailable`."""
        target = self._target()
        with anyio.move_on_after(limits.connect_timeout):
            stream = await self._stream(target)
            try:
                socket = WebSocket(stream, target, limits.largest_message)
                await socket.open()
            except BaseException:
                await _close(stream)
                raise
            return socket
        raise Disconnected(f"{target.host} did not answer within {limits.connect_timeout:g} s")

    def _target(self) -> Target:
        parts = urlsplit(self.url)
        query = urlencode({"listenKey": self.listen_key}) if self.listen_key else ""
        host = parts.hostname or ""
        return Target(parts.scheme == "wss", host, parts.port or SCHEMES[parts.scheme], parts.path, query)

    async def _stream(self, target: Target) -> anyio.abc.ByteStream:
        """A stream on which the handshake can begin."""
        handled = sys.exception()
        try:
            if self.connect is not None:
                return await self.connect(target.host, target.port)
            stream = await self._dial(target)
            return await self._secured(stream, target.host) if target.is_tls else stream
        except Exception as error:
            told = f"no connection to {target.host}: {reason_of(error)}"
            raise NotConnected(told) from without_frames(error, handled)

    async def _dial(self, target: Target) -> anyio.abc.ByteStream:
        if self.proxy is None:
            return await anyio.connect_tcp(target.host, target.port)
        return await _through(self.proxy, target.host, target.port)

    async def _secured(self, stream: anyio.abc.ByteStream, host: str) -> anyio.abc.ByteStream:
        """TLS on top; it ends without the goodbye of TLS, for which the other end would have to be waited for."""
        try:
            return await TLSStream.wrap(
                stream, server_side=False, hostname=host, ssl_context=self.tls(), standard_compatible=False
            )
        except BaseException:
            await _close(stream)
            raise


async def _through(proxy: str, host: str, port: int) -> anyio.abc.ByteStream:
    """A stream through a proxy, which also looks up the name."""
    from python_socks import ProxyError
    from python_socks.async_.anyio import Proxy

    try:
        return await Proxy.from_url(proxy, rdns=True).connect(host, port)
    except ProxyError as error:
        raise httpx.ProxyError(str(error)) from error


async def _close(stream: anyio.abc.ByteStream) -> None:
    """Close it at once, also where the task was cancelled."""
    with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
        await stream.aclose()
