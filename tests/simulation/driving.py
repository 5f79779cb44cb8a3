"""Two ways of driving a governor: by the heap (quick), and by tasks that await `Governor.acquire`.

The quick way hands the calls to the governor's own queue and ticks it, as the governor's leading task does; nothing
else differs. A *line* is the demand on one quota: an endpoint of an account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import anyio
from attrs import define, evolve, field

from bingx_async.core.catalogue import DOCUMENTED, Catalogue, profiles_of
from bingx_async.core.claims import Claims, Key, Permit
from bingx_async.core.quota import Quotas
from bingx_async.governor import Governor
from bingx_async.models import Priority
from bingx_async.runtime.governor.governor import Governor as RuntimeGovernor
from bingx_async.runtime.governor.line import Waiter
from bingx_async.runtime.governor.settings import GovernorSettings
from tests.simulation.conditions import BURSTS, CLOSED, ENDPOINTS, SPARSE, Condition
from tests.simulation.timeline import HeapTimeline
from tests.simulation.world import World

BURST_EVERY = 5000.0  # ms
SPARSE_EVERY = 10_000.0  # ms on average
PRIORITIES = tuple(Priority)
PROFILE = profiles_of(Catalogue(ENDPOINTS))[DOCUMENTED]
After = Callable[[], None] | None


class MadeUpGovernor(Governor):
    """A governor that knows the made-up endpoints, and so takes quotas for them."""

    def __init__(self, quotas: Quotas, **settings: Any) -> None:
        profile = PROFILE.override(quotas)
        RuntimeGovernor.__init__(self, GovernorSettings(profile, **settings))


def build_governor(world: World) -> Governor:
    """A governor as a process of the condition's would build it."""
    condition = world.condition
    return MadeUpGovernor(quotas=condition.quotas, clock=world.clock(), draw=world.rng.random, **condition.options)


def claims_of_lines(governor: Governor, condition: Condition) -> list[Claims]:
    """What each line draws on."""
    connections = (Key("connections", "1", ""), condition.connections) if condition.connections else None
    found = [
        governor.claims(endpoint, str(account), connections=connections)
        for account in range(condition.accounts)
        for endpoint in ENDPOINTS[: condition.endpoints]
    ]
    return found if condition.is_paced else [_unpaced(claims) for claims in found]


def _unpaced(claims: Claims) -> Claims:
    return evolve(claims, egress_claims=tuple(claim._replace(is_paced=False) for claim in claims.egress_claims))


@define(eq=False)
class Process:
    """One governor, driven by the heap."""

    world: World
    timeline: HeapTimeline
    governor: Governor = field(init=False)

    def start(self) -> None:
        """Begin, or begin anew after a restart."""
        self.governor = build_governor(self.world)
        self.timeline.tickers.append(self.governor._queue)
        demand = self.world.condition.demand
        for claims in claims_of_lines(self.governor, self.world.condition):
            if demand == BURSTS:
                self._burst(claims)
            elif demand == SPARSE:
                self._come_by_chance(claims)
            else:
                for _ in range(self.world.condition.depth):
                    self.ask(claims, partial(self._ask_again, claims))
        if self.world.condition.restart_every:
            self.timeline.at(self.timeline.now + self.world.condition.restart_every, self._restart)

    def ask(self, claims: Claims, after: After) -> None:
        """A caller comes; `after` is run when its call has left, or when it has gone."""
        queue, now, rng = self.governor._queue, self.timeline.now, self.world.rng
        priority = rng.choice(PRIORITIES) if self.world.condition.mixes_priorities else Priority.CANCEL
        order = queue.new_place(claims, priority, now)
        answer, decided = queue.enter(claims, order, inf, now)
        if isinstance(answer, Permit):
            self.timeline.ready.append(partial(self._leave, self.governor, answer, now, after))
        elif isinstance(answer, Waiter):
            woken = partial(self._woken, self.governor, answer, now, after)
            answer.wake = partial(self.timeline.ready.append, woken)
            self.timeline.wake(decided)
            cancelled = self.world.condition.faults.cancelled
            if cancelled and rng.random() < cancelled:
                self.timeline.at(now + rng.expovariate(1.0 / 200.0), self._cancel, answer, after)

    def _woken(self, governor: Governor, waiter: Waiter, since: float, after: After) -> None:
        if waiter.permit is not None:
            self._leave(governor, waiter.permit, since, after)

    def _leave(self, governor: Governor, permit: Permit, since: float, after: After) -> None:
        if governor is not self.governor:
            return  # of a process that is no more
        self.world.waited(since)
        if self.world.condition.demand == CLOSED:
            self.world.launch(governor, permit, after)
            return
        self.world.launch(governor, permit)
        if after is not None:
            after()

    def _cancel(self, waiter: Waiter, after: After) -> None:
        if not waiter.is_gone:
            self.timeline.wake(self.governor._queue.leave(waiter, self.timeline.now))
            if after is not None:
                after()

    def _ask_again(self, claims: Claims) -> None:
        self.ask(claims, partial(self._ask_again, claims))

    def _burst(self, claims: Claims) -> None:
        for _ in range(self.world.condition.depth):
            self.ask(claims, None)
        self.timeline.at(self.timeline.now + BURST_EVERY, self._burst, claims)

    def _come_by_chance(self, claims: Claims) -> None:
        self.ask(claims, None)
        rng = self.world.rng
        self.timeline.at(self.timeline.now + rng.expovariate(1.0 / SPARSE_EVERY), self._come_by_chance, claims)

    def _restart(self) -> None:
        self.timeline.tickers.remove(self.governor._queue)
        self.governor._queue.forget()
        self.start()


async def drive_by_tasks(world: World, until: float) -> None:
    """The same demand by tasks that await the governor."""
    governor = build_governor(world)
    world.start()
    async with asyncio.TaskGroup() as group:
        for claims in claims_of_lines(governor, world.condition):
            for _ in range(world.condition.depth):
                group.create_task(_work(world, governor, claims, until))


async def _work(world: World, governor: Governor, claims: Claims, until: float) -> None:
    rng, timeline, condition = world.rng, world.timeline, world.condition
    while timeline.now < until:
        since = timeline.now
        patience = rng.expovariate(5.0) if rng.random() < condition.faults.cancelled else None
        with anyio.move_on_after(patience):
            permit = await governor.acquire(claims, priority=rng.choice(PRIORITIES))
            world.waited(since)
            world.launch(governor, permit)
        if condition.demand == BURSTS:
            await anyio.sleep(max(0.0, since + BURST_EVERY - timeline.now) / 1000.0)
        elif condition.demand == SPARSE:
            await anyio.sleep(rng.expovariate(1000.0 / SPARSE_EVERY))
