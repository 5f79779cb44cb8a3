"""The controls of an emulator: everything that a test does to the exchange, and everything that it reads off.

Rules: the clock is read and the request handled under one lock, so arrivals come in order whatever thread brings
them. Each way through the network takes `latency` plus or minus `jitter` seconds, drawn anew. A request that has left
arrives even if its caller gives up: at once, if that is sooner.
"""

from __future__ import annotations

from functools import partial
from random import Random

from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator.faults import Delay, Execute, Fault, FaultPlan
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Stats
from bingx_async.emulator.stream_controls import StreamControls
from bingx_async.emulator.streams.faults import StreamFault
from bingx_async.emulator.traffic import Log, Reply, Request, Sleep, logger


class Controls(StreamControls):
    """An exchange with a clock, a lock and a network around it."""

    def __init__(self, settings: EmulatorSettings) -> None:
        super().__init__(settings)
        self._log = Log(settings.accounts)
        self._travel = Random(settings.seed)
        self._faults = FaultPlan[Fault](Random(settings.seed + 1))

    def close_endpoint(self, account: str | int, endpoint: str, for_ms: int) -> int:
        """Close an endpoint for an account, as a breach would; the server moment (epoch ms) at which it opens.

        `endpoint` is the name of its method, as in `client.spot`, or its path. Raises `InvalidRequest`.
        """
        routes = [found.route for found in CATALOGUE.find_all(endpoint)]
        with self._lock:
            book, until = self._exchange.floor.books[str(account)], self.server_time + for_ms
            return max(self._exchange.enforcement.close((book.account, route), until).until for route in routes)

    def inject(self, fault: Fault | StreamFault) -> None:
        """Let `fault` strike from now on: requests, or streams."""
        with self._lock:
            if isinstance(fault, StreamFault):
                self._stream_faults.inject(fault)
            else:
                self._faults.inject(fault)

    def clear_faults(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()
            self._stream_faults.clear()

    def stats(self) -> Stats:
        """Everything counted since the start, frozen."""
        with self._lock:
            return self._exchange.tally.freeze(self._stream_stats())

    def handle(self, request: Request) -> Reply:
        """The exchange's reply to a request that arrives now: no latency, no faults."""
        with self._lock:
            reply = self._exchange.handle(request, self.settings.clock())
        self._log.write(request, reply)
        return reply

    async def _respond(self, request: Request, sleep: Sleep) -> Reply:
        """The reply after both ways of the network and the faults that strike; raises `ConnectionClosed`."""
        with self._lock:
            effects = [fault.effect for fault in self._faults.strike(request)]
        delays = [effect for effect in effects if isinstance(effect, Delay)]
        execute: Execute = partial(self.handle, request)
        for effect in reversed(effects):
            execute = partial(effect.around, execute)
        try:
            await self._travel_for(sleep, sum(delay.up for delay in delays))
        except BaseException:
            try:
                execute()
            except Exception:
                logger.debug("a connection was closed whose caller had already given up")
            raise
        reply = execute()
        await self._travel_for(sleep, sum(delay.down for delay in delays))
        return reply

    async def _travel_for(self, sleep: Sleep, extra: float) -> None:
        jitter = self.settings.jitter
        seconds = extra + self.settings.latency + self._travel.uniform(-jitter, jitter)
        if seconds > 0:
            await sleep(seconds)
