"""The journal in a file: SQLite, written to disk (fsync) before an order is sent, in a thread.

Orders that are placed at the same time share one write. The file is locked while it is open: a second tracker would
take orders that are on their way for orders of a process that died.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
from attrs import define, field

from bingx_async.errors import JournalUnavailable
from bingx_async.models import Intent, IntentOutcome
from bingx_async.spot.tracker.journal import IN_USE, OTHERS

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
KEPT = 10_000  # settled intents; older ones are removed
TABLES = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS owner (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS intents (
    number INTEGER PRIMARY KEY, client_order_id TEXT UNIQUE NOT NULL, endpoint TEXT NOT NULL, params TEXT NOT NULL,
    client_order_ids TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, order_id TEXT NOT NULL
);
COMMIT;
"""
COLUMNS = "client_order_id, endpoint, params, client_order_ids, at, outcome, order_id"
WRITE = f"""
INSERT INTO intents ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (client_order_id) DO UPDATE SET endpoint = excluded.endpoint, params = excluded.params, at = excluded.at,
    client_order_ids = excluded.client_order_ids, outcome = excluded.outcome, order_id = excluded.order_id
"""
UNSETTLED = f"SELECT {COLUMNS} FROM intents WHERE outcome IN ('open', 'placed') ORDER BY number"
FORGET = """
DELETE FROM intents WHERE outcome NOT IN ('open', 'placed') AND number <= (SELECT max(number) FROM intents) - ?
"""


@define(eq=False)
class Batch:
    """Intents that are written together."""

    intents: list[Intent] = field(factory=list[Intent])
    is_written: bool = False
    error: JournalUnavailable | None = None


class SQLiteJournal:
    """A journal in the file `path`, which is made if there is none."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file: sqlite3.Connection | None = None
        self._using = threading.Lock()  # a task that is cancelled natively leaves its thread at work
        self._is_wanted = False

    async def open(self, owner: str) -> Sequence[Intent]:
        """See `Journal`."""
        if self._is_wanted:
            raise JournalUnavailable(IN_USE)
        self._turn, self._threads, self._batch = anyio.Lock(), anyio.CapacityLimiter(1), Batch()
        self._is_wanted = True
        try:
            return await self._run(self._open, owner)
        except JournalUnavailable:
            self._is_wanted = False
            raise

    async def record(self, intents: Sequence[Intent]) -> None:
        """See `Journal`."""
        batch = self._batch
        batch.intents.extend(intents)
        async with self._turn:
            if batch is self._batch:
                self._batch = Batch()
            if not batch.is_written and batch.error is None:  # the first in turn writes for all; the next if it was cut
                await self._write_all(batch)
        if batch.error is not None:
            raise JournalUnavailable(batch.error.message) from batch.error

    async def aclose(self) -> None:
        """See `Journal`."""
        if self._is_wanted:
            self._is_wanted = False
            async with self._turn:
                await self._run(self._close)

    async def _write_all(self, batch: Batch) -> None:
        try:
            await self._run(self._write, [_row(each) for each in batch.intents])
            batch.is_written = True
        except JournalUnavailable as error:
            batch.error = error

    async def _run(self, act: Callable[[*Ts], T], *args: *Ts) -> T:
        try:
            return await anyio.to_thread.run_sync(act, *args, limiter=self._threads)
        except (sqlite3.Error, ValueError, TypeError) as error:  # the latter for rows that are none of ours
            locked = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            raise JournalUnavailable(IN_USE if locked else f"the journal {self.path}: {error}") from error

    def _open(self, owner: str) -> list[Intent]:
        with self._using:
            return self._opened(owner)

    def _opened(self, owner: str) -> list[Intent]:
        file = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            file.executescript(TABLES)
            (name,) = file.execute("SELECT name FROM owner").fetchone() or (None,)
            if name is None:
                file.execute("INSERT INTO owner VALUES (?)", (owner,))
            elif name != owner:
                raise JournalUnavailable(OTHERS.format(name, owner))
            file.execute(FORGET, (KEPT,))
            intents = [_intent(*row) for row in file.execute(UNSETTLED)]
            if not self._is_wanted:
                raise JournalUnavailable("the journal was closed while it was opened")
        except BaseException:
            file.close()
            raise
        self._file = file
        return intents

    def _write(self, rows: Sequence[tuple[str, ...]]) -> None:
        with self._using:
            if self._file is None:
                raise JournalUnavailable("the journal is closed")
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self._file.executemany(WRITE, rows)
                self._file.execute(FORGET, (KEPT,))
                self._file.execute("COMMIT")
            finally:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")

    def _close(self) -> None:
        with self._using:
            if self._file is not None:
                self._file.close()
                self._file = None


def _row(intent: Intent) -> tuple[str, ...]:
    about = (json.dumps(dict(intent.params)), json.dumps(intent.client_order_ids), intent.at.isoformat())
    return (intent.client_order_id, intent.endpoint, *about, intent.outcome.value, intent.order_id)


def _intent(name: str, endpoint: str, params: str, names: str, at: str, outcome: str, order_id: str) -> Intent:
    when = datetime.fromisoformat(at).astimezone(UTC)
    return Intent(name, endpoint, json.loads(params), tuple(json.loads(names)), when, IntentOutcome(outcome), order_id)
