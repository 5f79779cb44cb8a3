"""An exchange of request and reply on connections of our own."""

from __future__ import annotations

import sys
import zlib

import httpx

from bingx_async.errors import BingXError
from bingx_async.runtime.http.connection import Answer
from bingx_async.runtime.http.connections import Connections
from bingx_async.runtime.http.failures import printable, translated
from bingx_async.runtime.http.host import Host
from bingx_async.runtime.http.message import MOST_BODY, Draft, PartialReply, Reply, TooLong, Unanswered
from bingx_async.runtime.http.sockets import min_rtt_of


class Own:
    """Exchanges on our own connections: a request is made, stamped and signed when its connection is there."""

    def __init__(self, inner: Connections, measures: bool) -> None:
        self.inner, self._measures = inner, measures

    async def exchange(self, host: Host, draft: Draft, to_connect: float, timeout: float) -> Reply:
        """The reply within `timeout` seconds; raises `ConnectFailed` or `Unanswered`."""
        handled = sys.exception()
        try:
            answer = await self.inner.exchange(host.origin, lambda: host.written(draft.request()), to_connect, timeout)
        except BingXError:
            raise
        except Exception as error:
            raise translated(error, draft.path, host.origin.host) from printable(error, handled)
        return self._read(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()

    def abandon(self) -> None:
        """Close them from outside their event loop, which has ended."""
        self.inner.abandon()

    def _read(self, answer: Answer) -> Reply:
        is_plain = "content-encoding" not in answer.headers and len(answer.body) <= MOST_BODY
        if is_plain and answer.error is None and answer.status is not None:  # nothing is left that could fail
            text = answer.body.decode("utf-8", "replace")
            return Reply(answer.status, answer.headers, text, answer.received_at, self._min_rtt(answer))
        partial, handled = PartialReply(), sys.exception()
        if answer.status is None:
            error = answer.error or httpx.ReadError("no reply")
            raise Unanswered(str(error)) from printable(error, handled)
        partial.begin(answer.status, answer.headers, answer.received_at)
        try:
            partial.add(bytes(answer.body))
            if answer.error is not None:
                raise answer.error
        except (TooLong, zlib.error, httpx.TransportError) as broken:
            message = f"the reply broke off: {broken}"
            raise Unanswered(message, partial.broken_off()) from printable(broken, handled)
        return partial.reply(answer.status, self._min_rtt(answer))

    def _min_rtt(self, answer: Answer) -> float | None:
        """The smallest round trip of this answer's connection, in milliseconds."""
        return min_rtt_of(answer.connection.socket) if self._measures else None
