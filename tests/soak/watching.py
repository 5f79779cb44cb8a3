"""What a process uses: memory, tasks, files and sockets, threads; and whether any of it grows."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import sniffio
from attrs import asdict, frozen

PAGE = os.sysconf("SC_PAGE_SIZE")
MB = 2.0**20
SLACK = {"traced": 1.0, "rss": 12.0, "tasks": 3.0, "files": 4.0, "threads": 2.0}
"""By how much the highest of the last third may be above the highest of the second."""


@frozen
class Use:
    """At one moment: Python's own memory and the whole process' (MB), tasks, open files and sockets, threads."""

    traced: float
    rss: float
    tasks: int
    files: int
    threads: int

    @classmethod
    def now(cls) -> Use:
        """That of this process. `tracemalloc` has to run."""
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1])
        files = len(os.listdir("/proc/self/fd"))
        return cls(
            tracemalloc.get_traced_memory()[0] / MB, resident * PAGE / MB, _tasks(), files, threading.active_count()
        )

    def __str__(self) -> str:
        return (
            f"{self.traced:7.2f} MB in objects  {self.rss:7.1f} MB resident  {self.tasks:3} tasks  "
            f"{self.files:3} files and sockets  {self.threads:2} threads"
        )


def _tasks() -> int:
    if sniffio.current_async_library() == "asyncio":
        return len(asyncio.all_tasks())
    import trio

    return trio.lowlevel.current_statistics().tasks_living


def highest(uses: Sequence[Use]) -> Use:
    """The most of each."""
    rows = [asdict(use) for use in uses]
    return Use(**{name: max(row[name] for row in rows) for name in rows[0]})


def growth(uses: Sequence[Use]) -> dict[str, float]:
    """What has grown by more than its slack since the second third, and by how much. The first third warms up."""
    third = len(uses) // 3
    before, after = asdict(highest(uses[third : 2 * third])), asdict(highest(uses[2 * third :]))
    return {name: after[name] - before[name] for name in before if after[name] - before[name] > SLACK[name]}
