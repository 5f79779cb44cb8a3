"""The emulator as an httpx transport in process: no socket, any event loop, simulated time too.

Rules: the network's delays are `anyio.sleep`. A connection closed before the request ran is `httpx.ConnectError`,
one closed after it `httpx.ReadError`; a reply later than the request's read timeout is `httpx.ReadTimeout`, and the
request has run all the same.
"""

from __future__ import annotations

import anyio
import anyio.lowlevel
import httpx

from bingx_async.emulator.faults import ConnectionClosed
from bingx_async.emulator.network import Respond
from bingx_async.emulator.traffic import Reply, Request


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Carries requests from `address` to an emulator in the same process."""

    def __init__(self, respond: Respond, address: str) -> None:
        self._respond = respond
        self._address = address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The emulator's reply, or the httpx error a network would raise."""
        await anyio.lowlevel.checkpoint()
        arriving = await self._read(request)
        try:
            with anyio.fail_after(request.extensions.get("timeout", {}).get("read")):
                reply = await self._respond(arriving, anyio.sleep)
        except TimeoutError:
            raise httpx.ReadTimeout("the emulator's reply is late", request=request) from None
        except ConnectionClosed as closed:
            kind = httpx.ReadError if closed.was_executed else httpx.ConnectError
            raise kind("the emulator closed the connection", request=request) from None
        return _to_response(reply, request)

    async def _read(self, request: httpx.Request) -> Request:
        return Request(
            request.method,
            request.url.path,
            request.url.query.decode("ascii"),
            {name.lower(): value for name, value in request.headers.items()},
            await request.aread(),
            self._address,
        )


def _to_response(reply: Reply, request: httpx.Request) -> httpx.Response:
    return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)
