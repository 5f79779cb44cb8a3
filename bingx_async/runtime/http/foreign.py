"""An exchange of request and reply on any httpx transport, driven directly: no client on top, no redirects."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any, cast

import anyio
import httpx

from bingx_async.errors import BingXError
from bingx_async.runtime.http.failures import printable, translated
from bingx_async.runtime.http.host import Host
from bingx_async.runtime.http.message import Draft, PartialReply, Reply, Unanswered
from bingx_async.runtime.http.sockets import min_rtt_of


class Foreign:
    """Exchanges on a transport that is not ours, which may wait for a connection after the request was signed."""

    def __init__(self, inner: httpx.AsyncBaseTransport, monotonic: Callable[[], float], measures: bool) -> None:
        self.inner, self._monotonic, self._measures = inner, monotonic, measures

    async def exchange(self, host: Host, draft: Draft, to_connect: float, timeout: float) -> Reply:
        """The reply within `timeout` seconds; raises `ConnectFailed` or `Unanswered`."""
        partial = PartialReply()
        timeouts = {"connect": to_connect, "pool": to_connect, "read": timeout, "write": timeout}
        with anyio.move_on_after(timeout):
            return await self._read(await self._head(host, draft, timeouts), partial)
        raise Unanswered(f"no reply within {timeout:g} s", partial.broken_off())

    async def aclose(self) -> None:
        """Close its connections."""
        await self.inner.aclose()

    def abandon(self) -> None:
        """Nothing can be closed from outside its event loop."""

    async def _head(self, host: Host, draft: Draft, timeouts: dict[str, float]) -> httpx.Response:
        handled = sys.exception()
        try:
            with unobserved():
                return await self.inner.handle_async_request(host.for_httpx(draft.request(), timeouts))
        except BingXError:
            raise
        except Exception as error:
            raise translated(error, draft.path, host.origin.host) from printable(error, handled)

    async def _read(self, response: httpx.Response, partial: PartialReply) -> Reply:
        handled = sys.exception()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
        partial.begin(response.status_code, headers, self._monotonic())
        stream = cast(httpx.AsyncByteStream, response.stream)
        try:
            async for chunk in stream:
                partial.add(chunk)
        except Exception as error:
            message = f"the reply broke off ({type(error).__name__})"
            raise Unanswered(message, partial.broken_off()) from printable(error, handled)
        finally:
            with contextlib.suppress(Exception):  # the reply is there; how its connection ends changes nothing
                await stream.aclose()
        return partial.reply(response.status_code, self._min_rtt(response) if self._measures else None)

    def _min_rtt(self, response: httpx.Response) -> float | None:
        """The smallest round trip of this reply's connection, in milliseconds."""
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        return min_rtt_of(connection) if connection is not None else None


def unobserved() -> contextlib.AbstractContextManager[object]:
    """Without OpenTelemetry's instrumentation of HTTP libraries: its spans would show the URL, signature included."""
    utils: Any = sys.modules.get("opentelemetry.instrumentation.utils")  # loaded where anything is instrumented
    return contextlib.nullcontext() if utils is None else utils.suppress_instrumentation()
