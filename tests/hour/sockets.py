"""The same over real sockets on loopback, in real time: a few seconds instead of an hour, journals on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio

from bingx_async import Intent, JournalUnavailable, StreamLimits
from bingx_async.spot.tracker.sqlite_journal import COLUMNS, SQLiteJournal, _intent
from tests.hour.checks import judge
from tests.hour.hour import Played, become_quiet, played, trade
from tests.hour.life import Life, Role
from tests.hour.lives import Begin, live, roles_of
from tests.hour.world import World

HASTE = 12.0
LIMITS = StreamLimits(backoff=0.1, longest_backoff=0.5, first_silence=2.0, least_silence=1.0, ack_timeout=1.0)


class MortalFile(SQLiteJournal):
    """A journal on disk; a dead process writes nothing."""

    is_dead = False

    async def record(self, intents: Sequence[Intent]) -> None:
        """See `Journal`."""
        if self.is_dead:
            raise JournalUnavailable("the process is dead")
        await super().record(intents)

    @property
    def kept(self) -> dict[str, Intent]:
        """Every intent in the file, which must not be open."""
        with closing(sqlite3.connect(self.path)) as file:
            rows = list(file.execute(f"SELECT {COLUMNS} FROM intents"))
        return {row[0]: _intent(*row) for row in rows}


def served(url: str, folder: Path) -> Begin:
    """Lives over real sockets, with journals in `folder`."""

    def begin(role: Role) -> Life:
        if role.journal is not None:
            role.journal.is_dead = True
        role.journal = MortalFile(folder / role.name)
        way: dict[str, Any] = {"base_url": url, "stream_limits": LIMITS, "recv_window": 1000, "timeout": 3.0}
        return Life(role, role.journal, way, None)

    return begin


async def play_over_sockets(seed: int, seconds: float, folder: Path) -> Played:
    """Trade for that many seconds while everything fails, then hold all promises."""
    world = World(seed, is_simulated=False, haste=HASTE, latency=0.003, jitter=0.002)
    roles, quiet_after = roles_of(world, "1234"), 0.0  # sharing listen keys takes minutes to make up for
    async with world.emulator.serve() as server, anyio.create_task_group() as tasks:
        tasks.start_soon(world.patrol)
        for role in roles:
            tasks.start_soon(live, role, tasks, served(server.url, folder))
        await trade(world, roles, seconds / 60, kills=1)
        quiet_after = await become_quiet(world, roles, 0.2)
        world.judged.set()
        while any(not role.life.is_over for role in roles):  # noqa: ASYNC110 - there is no event for all
            await anyio.sleep(0.05)
        judge(world, roles)
        tasks.cancel_scope.cancel()
    return played(world, roles, quiet_after)
