"""The journal in a file where something goes wrong: a write or an opening is cut off, a file is none."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bingx_async import BingXClient, InvalidRequest, JournalUnavailable
from bingx_async.emulator import Emulator
from bingx_async.spot.tracker.keeping import Keeper
from bingx_async.spot.tracker.sqlite_journal import SQLiteJournal
from tests.tracker.test_journal import KEYS, intent


def test_a_write_that_is_cut_off(tmp_path: Path) -> None:
    """asyncio can cancel the task that writes for others too. They learn what became of their own intents: none is
    said to be on disk that is not."""

    async def main() -> None:
        journal, begun, allowed = SQLiteJournal(tmp_path / "orders.db"), list[Any](), threading.Semaphore(0)
        await journal.open("1")
        write = journal._write

        def slow(rows: Any) -> None:
            begun.append(rows)
            allowed.acquire()
            if len(begun) < 3:
                raise sqlite3.OperationalError("disk I/O error")
            write(rows)

        async def until(count: int) -> None:
            while len(begun) < count:  # noqa: ASYNC110 - it begins in a thread
                await asyncio.sleep(0.001)

        journal._write = slow  # type: ignore[method-assign]
        tasks = [asyncio.create_task(journal.record([intent("first")]))]
        await until(1)
        tasks += [asyncio.create_task(journal.record([intent(name)])) for name in ("cut", "waits")]
        await asyncio.sleep(0.02)
        allowed.release()
        await until(2)
        tasks[1].cancel()  # while it writes for both
        await asyncio.sleep(0.02)
        allowed.release(2)
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in told] == [JournalUnavailable, asyncio.CancelledError, type(None)]
        await journal.aclose()
        again = SQLiteJournal(tmp_path / "orders.db")
        assert "waits" in [each.client_order_id for each in await again.open("1")]
        await again.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("pause", [0.0, 0.002])
def test_an_opening_that_is_cut_off(pause: float, tmp_path: Path) -> None:
    """Whenever asyncio cancels the opening of a journal, its file is free afterwards."""

    class Slow(SQLiteJournal):
        def _open(self, owner: str) -> Any:
            time.sleep(pause)
            return super()._open(owner)

    async def main() -> None:
        for tenth in range(0, 30, 3):
            path = tmp_path / f"{tenth}.db"
            journal = Slow(path)
            keeper = Keeper(journal, lambda _: None, print)
            task = asyncio.create_task(keeper.open("1"))
            await asyncio.sleep(tenth / 10_000)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
                await keeper.aclose()
            await asyncio.sleep(0.01)
            assert journal._file is None
            free = SQLiteJournal(path)
            await free.open("1")
            await free.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_no_file(path: str) -> None:
    """What SQLite would take for a file that is gone with the process is refused."""
    with pytest.raises(InvalidRequest, match="is no file"):
        BingXClient(**KEYS).spot.tracker(path)


def test_rows_that_cannot_be_read(tmp_path: Path) -> None:
    """A journal with rows that are none of ours, or a path that is none, is refused like any other."""

    async def main() -> None:
        path = tmp_path / "orders.db"
        journal = SQLiteJournal(path)
        await journal.open("1")
        await journal.record([intent("a")])
        await journal.aclose()
        with sqlite3.connect(path) as file:
            file.execute("UPDATE intents SET params = '{broken'")
        file.close()
        for each in (path, "a\0b"):
            with pytest.raises(JournalUnavailable):
                await SQLiteJournal(each).open("1")

    asyncio.run(main())


def test_no_keys(tmp_path: Path) -> None:
    """A tracker without an account makes no journal: it would belong to no account for good."""

    async def main() -> None:
        path = tmp_path / "orders.db"
        async with BingXClient.without_keys(transport=Emulator().transport()) as client:
            with pytest.raises(InvalidRequest, match="no API key"):
                async with client.spot.tracker(path):
                    pass
        assert not path.exists()

    asyncio.run(main())
