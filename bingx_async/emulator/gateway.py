"""HTTP on its way from uvicorn to the exchange and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import uvicorn.protocols.http.h11_impl
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bingx_async.emulator.traffic import ConnectionClosed, Reply, Request, Respond, logger


class AbortableProtocol(uvicorn.protocols.http.h11_impl.H11Protocol):
    """HTTP/1.1 over h11 that tells the app its connection: `scope["state"]["connection"]`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection's transport for the requests on it."""
        self.app_state = {**self.app_state, "connection": transport}
        super().connection_made(transport)  # type: ignore[arg-type]


class Gateway:
    """The ASGI end of the emulator: every path and method goes to the exchange. Needs `AbortableProtocol`."""

    def __init__(self, respond: Respond, close: Callable[[], Awaitable[object]]) -> None:
        self._respond, self._close = respond, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or abort its connection; once also the beginning and the end of the server."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        http = HttpRequest(scope, receive)
        query, host = scope["query_string"].decode("latin-1"), http.client.host if http.client else ""
        request = Request(http.method, scope["path"], query, http.headers, await http.body(), host)
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
