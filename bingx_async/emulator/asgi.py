"""The emulator as an ASGI app, and the uvicorn protocol that lets a fault close a real connection.

Rules: a fault closes the connection by aborting its transport: nothing more is written to it. An unforeseen failure
is logged under `bingx_async.emulator` and answered with HTTP 500.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bingx_async.emulator.faults import ConnectionClosed
from bingx_async.emulator.network import Respond
from bingx_async.emulator.traffic import Reply, Request, logger


class AbortableProtocol(H11Protocol):
    """HTTP/1.1 over h11 that tells the app its connection: `scope["state"]["connection"]`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection's transport for the requests on it."""
        self.app_state = {**self.app_state, "connection": transport}
        super().connection_made(transport)  # type: ignore[arg-type]


class Gateway:
    """The ASGI end of the emulator: every path and method goes to the exchange. Needs `AbortableProtocol`."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or abort its connection."""
        request = await _read(HttpRequest(scope, receive))
        try:
            reply = await self._respond(request, asyncio.sleep)
        except ConnectionClosed:
            scope["state"]["connection"].abort()
            await receive()  # returns once the connection is gone
            return
        except Exception:
            logger.exception("%s %r failed", request.method, request.path)
            reply = Reply(500, (("content-type", "text/html"),), b"<html><body><h1>500</h1></body></html>")
        response = Response(reply.body, reply.status)
        response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        await response(scope, receive, send)


async def _read(request: HttpRequest) -> Request:
    query, host = request.scope["query_string"].decode("latin-1"), request.client.host if request.client else ""
    return Request(request.method, request.scope["path"], query, request.headers, await request.body(), host)
