"""Opening connections: to the host or through a proxy, then TLS, verified by the standard library."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable
from typing import Any

import httpx

from bingx_async.runtime.http.connection import Connection
from bingx_async.runtime.http.host import Origin

STAGGER = 0.25  # seconds until the next address of a host is tried as well (RFC 8305)


class Dialer:
    """Opens connections and keeps those that are open in `opened`."""

    def __init__(self, monotonic: Callable[[], float], opened: set[Connection], proxy: str | None) -> None:
        self._monotonic, self._opened, self._proxy = monotonic, opened, proxy
        self._context: ssl.SSLContext | None = None

    async def dial(self, origin: Origin) -> Connection:
        """A new connection; raises `httpx.ConnectError` or `httpx.ProxyError`."""
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {"ssl": self._tls(), "server_hostname": origin.host} if origin.is_tls else {}
        to: dict[str, Any] = {"host": origin.host, "port": origin.port}
        if isinstance(loop, asyncio.BaseEventLoop) and not is_address(origin.host):
            to["happy_eyeballs_delay"] = STAGGER  # unknown to uvloop, which tries one address after the other
        try:
            if self._proxy is not None:
                to = {"sock": await socket_through(self._proxy, origin.host, origin.port)}
            _, connection = await loop.create_connection(
                lambda: Connection(self._monotonic, self._opened.discard), **to, **tls
            )
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        self._opened.add(connection)
        connection.idle_since = self._monotonic()
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context


def is_address(host: str) -> bool:
    """Whether there is but one address to try: asyncio's race of several can lose an open socket when cancelled."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def socket_through(proxy: str, host: str, port: int) -> Any:
    """A socket to `host` through a CONNECT or SOCKS proxy, which also looks up the name."""
    from python_socks import ProxyError
    from python_socks.async_.asyncio import Proxy

    try:
        return await Proxy.from_url(proxy, rdns=True).connect(host, port)
    except ProxyError as error:
        raise httpx.ProxyError(str(error)) from error
