"""A process that places orders over a real socket is killed again and again, by SIGKILL: each order is there once."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from random import Random

from bingx_async.emulator import Emulator
from tests.sizes import IN_CI

SLOTS, KILLS = (60, 8) if IN_CI else (20, 1)


async def test_killed_again_and_again(tmp_path: Path) -> None:
    """After each kill the next process finds in the journal which orders were on their way, and what became of them:
    none is placed twice, none is forgotten."""
    chance, kills = Random(11), 0
    emulator, path = Emulator(latency=0.02, jitter=0.01), tmp_path / "orders.db"
    async with emulator.serve() as server:
        command = [sys.executable, "-m", "tests.tracker.mortal", server.url, str(path), str(SLOTS)]
        while True:
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            assert process.stdout is not None
            try:
                async with asyncio.timeout(90):
                    assert await process.stdout.readline() == b"ready\n"
                    if kills < KILLS:
                        await asyncio.sleep(chance.uniform(0.05, 0.9))
                        process.kill()
                        kills += 1
                    said = await process.stdout.read()
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
            if said == b"done\n":
                break
        names = Counter(order.client_order_id for order in emulator.open_orders("1001"))
    assert names == Counter({f"slot{number}": 1 for number in range(SLOTS)})
    with sqlite3.connect(path) as file:
        outcomes = Counter(outcome for (outcome,) in file.execute("SELECT outcome FROM intents"))
    file.close()
    print(f"{kills} kills, {SLOTS} orders: {dict(outcomes)}")
    assert kills == KILLS
    assert outcomes == {"placed": SLOTS}
