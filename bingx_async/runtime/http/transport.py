"""HTTP in and out: one request on any httpx transport, one reply, foreign exceptions translated once.

The transport is driven directly: no client on top, no redirects, no retries. A failure before the request was
written is `ConnectFailed` and may be tried on the fallback host; any later one is `Unanswered`, since the exchange
may have run the call. Sockets of our own making are reset when they are closed, so that a call given up is not
delivered late from a buffer.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol, cast, runtime_checkable

import anyio
import httpx
import sniffio
from attrs import define, field, frozen

from bingx_async.errors import BingXError, ConnectFailed
from bingx_async.runtime.http.message import Reply, Request, Unanswered, without_frames
from bingx_async.runtime.http.tcp import min_rtt_of
from bingx_async.runtime.loops import Loop

CONNECTIONS = 16  # the pool re-checks every connection, so a small one is quick (PEERS.md)
KEEP_ALIVE = 30.0  # seconds
LINGER_RESET = 1_000.0  # ms in which a call given up may still be counted, if its socket was reset (GOVERNOR.md)
LINGER = 10_000.0  # ms, if the transport is not ours and may close politely (GOVERNOR.md)

# Raised by httpx and httpcore before a request is written.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class _Sealed(httpx.Request):
    """Its repr shows no query: the signature may travel there, and frames with this request may be printed."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url.path!r})>"


@runtime_checkable
class ReportsMinRtt(Protocol):
    """A transport that knows the smallest round trip of its connections."""

    def min_rtt(self) -> float | None:
        """Milliseconds, or None."""
        ...


@frozen(eq=False)
class _Host:
    """Where requests go. Parsing or hashing a URL for every call would cost as much as signing it."""

    url: httpx.URL
    netloc: bytes
    endpoints: dict[str, httpx.URL] = field(factory=dict[str, httpx.URL])  # by path

    @classmethod
    def of(cls, url: str) -> _Host:
        parsed = httpx.URL(url)
        return cls(parsed, parsed.netloc)

    def endpoint(self, request: Request) -> httpx.URL:
        if request.query:
            return httpx.URL(f"{self.url}{request.path}?{request.query}")
        url = self.endpoints.get(request.path)
        if url is None:
            url = self.endpoints[request.path] = httpx.URL(f"{self.url}{request.path}")
        return url


@define
class _Heard:
    """What has come of a reply so far."""

    status: int = 0
    headers: dict[str, str] = field(factory=dict[str, str])
    chunks: list[bytes] = field(factory=list[bytes])
    received_at: float = 0.0

    def begin(self, response: httpx.Response, at: float) -> None:
        """Its headers are here."""
        self.status, self.received_at = response.status_code, at
        for name, value in response.headers.raw:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def reply(self, min_rtt: float | None = None) -> Reply | None:
        """As far as it has come; None before its headers."""
        text = b"".join(self.chunks).decode("utf-8", "replace")
        return Reply(self.status, self.headers, text, self.received_at, min_rtt) if self.status else None


class Transport:
    """Sends requests to the first host that can be reached."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport | None, hosts: tuple[str, ...], monotonic: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._is_ours = inner is None
        self._hosts = [_Host.of(host) for host in hosts]
        self._monotonic = monotonic
        self._is_closed = False
        self._loop: Loop | None = None
        self.measures_min_rtt = False

    @property
    def linger(self) -> float:
        """Milliseconds in which a call given up may still be counted by the exchange."""
        return LINGER_RESET if self._is_ours else LINGER

    async def send(self, request: Request, timeout: float) -> Reply:
        """The reply within `timeout` seconds; else `ConnectFailed` (not sent) or `Unanswered` (it may have run)."""
        heard = _Heard()
        with anyio.move_on_after(timeout):
            return await self._send_to_any(request, timeout, heard)
        raise Unanswered(f"no reply within {timeout:g} s", heard.reply())

    async def _send_to_any(self, request: Request, timeout: float, heard: _Heard) -> Reply:
        *first, last = self._hosts
        for host in first:
            try:
                return await self._send(request, host, timeout, heard)
            except ConnectFailed:
                if self._hosts[0] is host:  # else another call has already turned to the next
                    self._hosts.append(self._hosts.pop(0))
        return await self._send(request, last, timeout, heard)

    async def aclose(self) -> None:
        """Close the connections, if the transport is ours; nothing is sent any more."""
        self._is_closed = True
        if self._is_ours and self._inner is not None:
            inner, self._inner = self._inner, None
            await inner.aclose()

    async def _send(self, request: Request, host: _Host, timeout: float, heard: _Heard) -> Reply:
        inner, handled = self._open(request), sys.exception()
        try:
            response = await inner.handle_async_request(self._to_httpx(request, host, timeout))
        except BingXError:
            raise
        except Exception as error:
            raise _translate(error, request.path) from _printable(error, handled)
        heard.begin(response, self._monotonic())
        stream = cast(httpx.AsyncByteStream, response.stream)
        try:
            # What is not compressed needs none of httpx' decoders and counters.
            async for chunk in response.aiter_bytes() if "content-encoding" in heard.headers else stream:
                heard.chunks.append(chunk)
        except Exception as error:
            message = f"the reply broke off ({type(error).__name__})"
            raise Unanswered(message, heard.reply()) from _printable(error, handled)
        finally:
            with contextlib.suppress(Exception):  # the reply is there; how its connection ends changes nothing
                await stream.aclose()
        reply = heard.reply(self._min_rtt(inner, response) if self.measures_min_rtt else None)
        assert reply is not None
        return reply

    def _open(self, request: Request) -> httpx.AsyncBaseTransport:
        """The transport. One of our own lives in one event loop, and another takes its place when that has ended."""
        if self._is_closed:
            raise ConnectFailed("the client is closed", request.path)
        self._loop = self._loop or Loop()
        if self._is_ours and not self._loop.is_current():
            if not self._loop.has_ended():
                raise ConnectFailed("the client is in use in another event loop: give each loop its own", request.path)
            abandon, self._inner, self._loop = getattr(self._inner, "abandon", None), None, Loop()
            if abandon is not None:
                abandon()
        inner = self._inner = self._inner or default_transport()
        return inner

    @staticmethod
    def _min_rtt(inner: httpx.AsyncBaseTransport, response: httpx.Response) -> float | None:
        if isinstance(inner, ReportsMinRtt):
            return inner.min_rtt()
        stream = response.extensions.get("network_stream")
        made = stream.get_extra_info("socket") if stream is not None else None
        return min_rtt_of([made]) if made is not None else None

    def _to_httpx(self, request: Request, host: _Host, timeout: float) -> httpx.Request:
        part = timeout / (len(self._hosts) + 1)  # so that every host can be tried before the whole call times out
        timeouts = {"connect": part, "pool": part, "read": timeout, "write": timeout}
        # With `stream` httpx adds no headers of its own, so it need not look for ours.
        headers = [(b"Host", host.netloc), *request.headers]
        if request.method != "GET":
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        made = _Sealed(
            request.method,
            host.endpoint(request),
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions={"timeout": timeouts},
        )
        made.read()  # a transport may ask for the content
        return made


def _translate(error: Exception, path: str) -> Exception:
    """`ConnectFailed` where it is sure that nothing was written, else `Unanswered`."""
    name = type(error.__cause__ or error).__name__
    if was_not_sent(error):
        return ConnectFailed(f"no connection ({name})", path)
    return Unanswered(f"no reply ({name})")


def _printable(error: Exception, handled: BaseException | None) -> BaseException | None:
    """The exception, unless its text shows the URL with the signature, as aiohttp's for garbled replies does."""
    bare = without_frames(error, handled)
    return None if "signature=" in f"{error} {error.__cause__}" else bare


def was_not_sent(error: Exception) -> bool:
    """Whether the failure came before the first byte was written.

    httpx-aiohttp reports a connection lost half-way as `ConnectTimeout`, so there the cause decides.
    """
    cause = error.__cause__
    if cause is not None and type(cause).__module__.partition(".")[0] == "aiohttp":
        import aiohttp

        return isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL))
    return isinstance(error, NOT_SENT)


def default_transport() -> httpx.AsyncBaseTransport:
    """The fastest installed: aiohttp's under asyncio if the extra `[aiohttp]` is there, else httpx' own."""
    if sniffio.current_async_library() == "asyncio":
        try:
            return aiohttp_transport()
        except ImportError:
            pass
    return httpcore_transport()


_RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def httpcore_transport() -> httpx.AsyncHTTPTransport:
    """httpx' own transport, for asyncio and trio."""
    limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    return httpx.AsyncHTTPTransport(limits=limits, retries=0, trust_env=False, socket_options=[_RESET, _NO_DELAY])


def aiohttp_transport() -> httpx.AsyncBaseTransport:
    """aiohttp behind the httpx interface; raises ImportError without the extra `[aiohttp]`."""
    from bingx_async.runtime.http.aiohttp import AiohttpPair

    return AiohttpPair(CONNECTIONS, KEEP_ALIVE, [_RESET, _NO_DELAY])


__all__ = ["Reply", "Request", "Transport", "Unanswered", "aiohttp_transport", "httpcore_transport"]
