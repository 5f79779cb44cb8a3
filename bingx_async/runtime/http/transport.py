"""HTTP in and out: one request on any httpx transport, one reply, foreign exceptions translated once.

The transport is driven directly: no client on top, no redirects, no retries. A failure before the request was
written is `ConnectFailed` and may be tried on the fallback host; any later one is `Unanswered`, since the exchange
may have run the call.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import cast

import anyio
import httpx

from bingx_async.errors import BingXError, ConnectFailed
from bingx_async.runtime.http.failures import printable, translated
from bingx_async.runtime.http.message import PartialReply, Reply, Request, Unanswered
from bingx_async.runtime.http.sockets import default_transport, min_rtt_of
from bingx_async.runtime.loops import Loop

LINGER_RESET = 1_000.0  # ms in which a call given up may still be counted, if its socket was reset
LINGER = 10_000.0  # ms, if the transport is not ours and may close politely


class SealedRequest(httpx.Request):
    """A request whose repr shows no query: the signature may travel there, and tracebacks may print locals."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url.path!r})>"


class Host:
    """One host. Its URLs are kept: parsing or hashing one for every call would cost as much as signing it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._netloc = httpx.URL(url).netloc
        self._endpoints: dict[str, httpx.URL] = {}  # by path

    def request(self, request: Request, timeouts: dict[str, float]) -> httpx.Request:
        """`request` to this host, with no header but the needed ones."""
        # With `stream` httpx adds no headers of its own, so it need not look for ours.
        headers = [(b"Host", self._netloc), *request.headers]
        if request.method != "GET":
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        made = SealedRequest(
            request.method,
            self._url_of(request),
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions={"timeout": timeouts},
        )
        made.read()  # a transport may ask for the content
        return made

    def _url_of(self, request: Request) -> httpx.URL:
        if request.query:
            return httpx.URL(f"{self._url}{request.path}?{request.query}")
        url = self._endpoints.get(request.path)
        if url is None:
            url = self._endpoints[request.path] = httpx.URL(f"{self._url}{request.path}")
        return url


class Transport:
    """Sends requests to the first host that can be reached.

    `linger`: milliseconds in which a call given up may still be counted by the exchange.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport | None,
        hosts: tuple[str, ...],
        monotonic: Callable[[], float],
        measures_min_rtt: bool = False,
    ) -> None:
        self._inner = inner
        self._is_ours = inner is None
        self.linger = LINGER_RESET if self._is_ours else LINGER
        self._hosts = tuple(map(Host, hosts))  # the one that could be reached last is first
        self._monotonic = monotonic
        self._measures_min_rtt = measures_min_rtt
        self._is_closed = False
        self._loop: Loop | None = None

    async def send(self, request: Request, timeout: float) -> Reply:
        """The reply within `timeout` seconds; else `ConnectFailed` (not sent) or `Unanswered` (it may have run)."""
        partial = PartialReply()
        *first, last = self._hosts
        with anyio.move_on_after(timeout):
            for host in first:
                try:
                    return await self._send(request, host, timeout, partial)
                except ConnectFailed:
                    if self._hosts[0] is host:  # else another call has turned away from it already
                        self._hosts = (*self._hosts[1:], host)
            return await self._send(request, last, timeout, partial)
        raise Unanswered(f"no reply within {timeout:g} s", partial.broken_off())

    async def aclose(self) -> None:
        """Close the connections, if the transport is ours; nothing is sent any more."""
        self._is_closed = True
        if self._is_ours and self._inner is not None:
            inner, self._inner = self._inner, None
            await inner.aclose()

    async def _send(self, request: Request, host: Host, timeout: float, partial: PartialReply) -> Reply:
        inner, handled = self._open(request), sys.exception()
        try:
            response = await inner.handle_async_request(host.request(request, self._timeouts(timeout)))
        except BingXError:
            raise
        except Exception as error:
            raise translated(error, request.path) from printable(error, handled)
        partial.begin(response.status_code, response.headers.raw, self._monotonic())
        stream = cast(httpx.AsyncByteStream, response.stream)
        try:
            # An uncompressed body needs none of httpx' decoders and counters.
            async for chunk in response.aiter_bytes() if "content-encoding" in partial.headers else stream:
                partial.chunks.append(chunk)
        except Exception as error:
            message = f"the reply broke off ({type(error).__name__})"
            raise Unanswered(message, partial.broken_off()) from printable(error, handled)
        finally:
            with contextlib.suppress(Exception):  # the reply is there; how its connection ends changes nothing
                await stream.aclose()
        return partial.reply(response.status_code, self._min_rtt(inner, response) if self._measures_min_rtt else None)

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

    def _timeouts(self, timeout: float) -> dict[str, float]:
        """In seconds, so that every host can be tried before the whole call times out."""
        part = timeout / (len(self._hosts) + 1)
        return {"connect": part, "pool": part, "read": timeout, "write": timeout}

    @staticmethod
    def _min_rtt(inner: httpx.AsyncBaseTransport, response: httpx.Response) -> float | None:
        """The smallest round trip of the open connections, or of this reply's, in milliseconds."""
        if (sockets := getattr(inner, "tcp_sockets", None)) is not None:
            return min_rtt_of(sockets)
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        return min_rtt_of([connection]) if connection is not None else None
