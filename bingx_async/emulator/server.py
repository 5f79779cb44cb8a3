"""The emulator as a server: uvicorn in a thread with an event loop of its own, on loopback only.

Rules: the caller may run asyncio or trio, its loop is not the server's. The socket is bound before the thread
starts, so a port in use is an `OSError` at once. Leaving the context ends the thread, also under cancellation;
requests under way get `GRACE` seconds.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from threading import Thread

import anyio
import uvicorn
from attrs import frozen

from bingx_async.emulator.gateway import AbortableProtocol, Gateway
from bingx_async.emulator.streams.handshake import PATH
from bingx_async.emulator.streams.sockets import StreamProtocol
from bingx_async.emulator.streams.streams import Streams
from bingx_async.emulator.traffic import Respond
from bingx_async.errors import InvalidRequest

BACKLOG = 1024  # connections that may wait to be accepted
GRACE = 1  # seconds that requests under way get at the end
KEEP_ALIVE = 75  # seconds an idle connection stays open
Step = Callable[[], Coroutine[object, object, None]]
POLL = 0.005  # seconds between two looks at the server's thread


@frozen
class EmulatorServer:
    """A running server."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://{self._address}"

    @property
    def stream_url(self) -> str:
        """The address of the streams, on the same port."""
        return f"ws://{self._address}{PATH}"

    @property
    def _address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@asynccontextmanager
async def serve(
    respond: Respond, streams: Streams, host: str, port: int, caught_up: Step, close: Step
) -> AsyncGenerator[EmulatorServer]:
    """Serve an emulator's network and its streams while the context is open. `caught_up` is run after each message of a
    stream's client, `close` at the end, both in the server's event loop."""
    listener = _bind(host, port)
    config = uvicorn.Config(
        Gateway(respond, close),
        http=AbortableProtocol,
        ws=partial(StreamProtocol, streams, caught_up),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="critical",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), name="bingx-async-emulator", daemon=True)
    try:
        thread.start()
        while thread.is_alive() and not server.started:  # noqa: ASYNC110 - a thread sets no async event
            await anyio.sleep(POLL)
        if not server.started:
            raise RuntimeError("the emulator's server did not start")
        yield EmulatorServer(host, listener.getsockname()[1])
    finally:
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            while thread.is_alive():  # noqa: ASYNC110 - a thread sets no async event
                await anyio.sleep(POLL)
        listener.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise InvalidRequest(f"the emulator listens on loopback only, not on {host}: use 127.0.0.1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
