"""A whole hour: it is played, everything becomes quiet, and what each tracker knows is held against the book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import quantiles

import anyio
from attrs import frozen

from bingx_async.testing import run_simulated
from tests.hour.checks import judge, unlike
from tests.hour.life import Role
from tests.hour.lives import kill_at, live, roles_of, simulated
from tests.hour.world import World

KILLS = 3  # of each strategy
QUIET = 1500.0  # seconds within which everything has to be known
LOOKS = 2  # in a row that show no difference


@frozen
class Played:
    """The figures of an hour. `gaps`: seconds from each `Gap` to its `Resynced`; `quiet_after`: seconds after the end
    of trading until every tracker knew everything."""

    seed: int
    requests: int
    orders: int
    fills: int
    drops: int
    kills: int
    keys_ended: int
    closings: int
    doubts: int
    gaps: tuple[float, ...]
    quiet_after: float
    counts: Counter[str]
    trace: Sequence[str]

    def resynced_within(self, percent: int) -> float:
        """Seconds from gap to resynced, of so many percent of the gaps."""
        return quantiles(self.gaps, n=100, method="inclusive")[percent - 1] if len(self.gaps) > 1 else 0.0


async def trade(world: World, roles: Sequence[Role], minutes: float, kills: int = KILLS) -> None:
    """The time in which everything fails."""
    world.spoil()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.trouble, minutes)
        for role in roles:
            for _ in range(kills):
                tasks.start_soon(kill_at, role, world.random.uniform(0.05, 0.9) * minutes * 60)
        await anyio.sleep(minutes * 60)
        tasks.cancel_scope.cancel()
    world.is_trading = False
    world.mend()


async def become_quiet(world: World, roles: Sequence[Role], every: float = 2.0) -> float:
    """Wait until every tracker knows the truth; seconds that this took."""
    began, alike, told = anyio.current_time(), 0, ""
    while alike < LOOKS:
        await anyio.sleep(every)
        told = next(filter(None, map(unlike, roles)), "")
        alike = 0 if told else alike + 1
        if anyio.current_time() - began > QUIET:
            world.problem(f"after {QUIET} s: {told}")
        world.check()
    return anyio.current_time() - began


async def _hour(seed: int, minutes: float) -> Played:
    world = World(seed)
    roles, quiet_after = roles_of(world), 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.patrol)
        for role in roles:
            tasks.start_soon(live, role, tasks, simulated(tasks))
        await trade(world, roles, minutes)
        quiet_after = await become_quiet(world, roles)
        world.judged.set()
        await anyio.sleep(60)
        judge(world, roles)
        tasks.cancel_scope.cancel()
    return played(world, roles, quiet_after)


def played(world: World, roles: Sequence[Role], quiet_after: float) -> Played:
    """The figures."""
    stats, lives = world.emulator.stats(), [life for role in roles for life in role.lives]
    return Played(
        seed=world.seed,
        requests=sum(stats.codes.values()),
        orders=world.truth.counts["orders"],
        fills=world.truth.counts["fills"],
        drops=stats.streams.opened,
        kills=world.counts["kills"],
        keys_ended=world.counts["keys ended"],
        closings=world.counts["closings"],
        doubts=sum(life.witness.doubts for life in lives),
        gaps=tuple(gap for life in lives for gap in life.gaps),
        quiet_after=quiet_after,
        counts=world.counts,
        trace=world.trace,
    )


def play(seed: int, minutes: float) -> Played:
    """Play that many simulated minutes. Raises `AssertionError` where a promise is broken. The same arguments play the
    same."""
    try:
        return run_simulated(_hour, seed, minutes)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
