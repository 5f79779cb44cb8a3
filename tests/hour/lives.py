"""The four strategies through their lives: processes that are killed at any await, and begun anew on their journals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import anyio
from anyio.abc import TaskGroup

from tests.hour.life import Life, Network, Role
from tests.hour.strategies import Grid, Maker, Stopper, Taker
from tests.hour.world import World
from tests.tracker.world import MortalJournal


def roles_of(world: World, uids: Sequence[str] | None = None) -> list[Role]:
    """Four strategies, on one account or on several. Of some seeds one tracks its whole account, or is slow to take
    changes."""
    draw = Random(f"roles {world.seed}")
    uids = uids or draw.choice(("1122", "1212", "1234", "1112"))
    return [
        Role(world, uids[0], "maker", Maker, is_whole=draw.random() < 0.5),
        Role(world, uids[1], "grid", Grid),
        Role(world, uids[2], "taker", Taker, queue=draw.choice((10, 10_000))),
        Role(world, uids[3], "stop", Stopper),
    ]


Begin = Callable[[Role], Life]


def simulated(tasks: TaskGroup) -> Begin:
    """Lives in simulated time: journals and the network are in memory, and a process that is dead reaches neither."""

    def begin(role: Role) -> Life:
        role.journal = MortalJournal() if role.journal is None else role.journal.successor()
        draw = Random(f"{role.name} {role.world.seed} {len(role.lives)}").random
        wire = Network(role.world.emulator.transport(), tasks, draw=draw)
        return Life(role, role.journal, {"transport": wire}, wire)

    return begin


async def live(role: Role, tasks: TaskGroup, begin: Begin) -> None:
    """Life after life; each dead one goes on to the end of its tasks beside the next."""
    while not role.world.judged.is_set():
        role.lives.append(begin(role))
        life = role.life
        tasks.start_soon(_run, life)
        while not life.is_killed and not life.is_over:  # noqa: ASYNC110 - there is no event for both
            await anyio.sleep(0.05)
        await anyio.sleep(role.draw.uniform(0.1, 10.0) / role.world.haste)


async def _run(life: Life) -> None:
    try:
        await life.run()
    finally:
        life.is_over = True


async def kill_at(role: Role, after: float) -> None:
    """Kill the life of that moment, at once or at an await of its strategy later on; perhaps the next one as well."""
    await anyio.sleep(after)
    draw = role.draw
    if draw.random() < 0.6 and role.life.stepped is not None:
        role.life.stepped.at = role.life.stepped.steps + draw.randrange(60)
    else:
        role.life.kill()
    if draw.random() < 0.3:
        await anyio.sleep(draw.uniform(0.1, 25.0) / role.world.haste)
        role.life.kill()
