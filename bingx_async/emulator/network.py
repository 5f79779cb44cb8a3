"""The network between a client and the exchange: latency, jitter and faults; and it as an httpx transport.

Rules: each way takes `latency` plus or minus `jitter` seconds, drawn anew. A request that has left arrives even if
its caller gives up: at once, if that is sooner. The transport works in process, without a socket, in any event loop and
in simulated time: its delays are `anyio.sleep`. A connection closed before the request ran is `httpx.ConnectError`, one
closed after it `httpx.ReadError`; a reply later than the request's read timeout is `httpx.ReadTimeout`, and the request
has run all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from threading import RLock

import anyio
import anyio.lowlevel
import httpx

from bingx_async.emulator.faults import ConnectionClosed, Delay, Execute, Fault, FaultPlan
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.traffic import Reply, Request, logger

Sleep = Callable[[float], Awaitable[object]]
Respond = Callable[[Request, Sleep], Awaitable[Reply]]


class Network:
    """Carries requests to `handle` and replies back; may be used from several threads."""

    def __init__(self, settings: EmulatorSettings, handle: Callable[[Request], Reply]) -> None:
        self._settings = settings
        self._handle = handle
        self._travel = Random(settings.seed)
        self._faults = FaultPlan(Random(settings.seed + 1))
        self._lock = RLock()

    def inject(self, fault: Fault) -> None:
        """Let `fault` strike from the next request on."""
        with self._lock:
            self._faults.inject(fault)

    def clear_faults(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    async def respond(self, request: Request, sleep: Sleep) -> Reply:
        """The reply after both ways of the network and the faults that strike; raises `ConnectionClosed`."""
        with self._lock:
            effects = self._faults.strike(request)
        delays = [effect for effect in effects if isinstance(effect, Delay)]
        execute: Execute = partial(self._handle, request)
        for effect in reversed(effects):
            execute = partial(effect.around, execute)
        try:
            await self._travel_for(sleep, sum(delay.up for delay in delays))
        except BaseException:
            _arrive(execute)
            raise
        reply = execute()
        await self._travel_for(sleep, sum(delay.down for delay in delays))
        return reply

    async def _travel_for(self, sleep: Sleep, extra: float) -> None:
        jitter = self._settings.jitter
        seconds = extra + self._settings.latency + self._travel.uniform(-jitter, jitter)
        if seconds > 0:
            await sleep(seconds)


def _arrive(execute: Execute) -> None:
    try:
        execute()
    except Exception:
        logger.debug("a connection was closed whose caller had already given up")


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
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)

    async def _read(self, request: httpx.Request) -> Request:
        url, headers = request.url, {name.lower(): value for name, value in request.headers.items()}
        body = await request.aread()
        return Request(request.method, url.path, url.query.decode("ascii"), headers, body, self._address)
