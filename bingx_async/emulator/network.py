"""The network between a client and the exchange: latency, jitter and faults.

Rules: each way takes `latency` plus or minus `jitter` seconds, drawn anew. A request that has left arrives even if
its caller gives up: at once, if that is sooner.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from random import Random
from threading import RLock

from bingx_async.emulator.faults import Delay, Effect, Execute, Fault, FaultPlan
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.traffic import Reply, Request

logger = logging.getLogger("bingx_async.emulator")

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
        execute = _wrap(partial(self._handle, request), effects)
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


def _wrap(execute: Execute, effects: Iterable[Effect]) -> Execute:
    for effect in reversed(tuple(effects)):
        execute = partial(effect.around, execute)
    return execute


def _arrive(execute: Execute) -> None:
    try:
        execute()
    except Exception:
        logger.debug("a connection was closed whose caller had already given up")
