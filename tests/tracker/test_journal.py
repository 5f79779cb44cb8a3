"""The journal in a file: on disk before anything is sent, for one tracker at a time, of one account."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, Intent, IntentOutcome, InvalidRequest, JournalUnavailable, MemoryJournal
from bingx_async.emulator import Emulator
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.tracker import sqlite_journal
from bingx_async.spot.tracker.journal import Journal
from bingx_async.spot.tracker.sqlite_journal import SQLiteJournal
from tests.client.exchange import Backend, backends

AT = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}


def intent(name: str, outcome: IntentOutcome = IntentOutcome.OPEN, order_id: str = "") -> Intent:
    """One that places a plain order."""
    params = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.1", "newClientOrderId": name}
    return Intent(name, PLACE_ORDER.path, params, (name,), AT, outcome, order_id)


def really(backend: Backend, main: Any) -> None:
    """Run in real time: the journal's thread takes some."""
    anyio.run(main, backend=backend)


@backends
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_what_is_kept(kind: str, backend: Backend, tmp_path: Path) -> None:
    """What is not settled is there at the next start, as it was written, oldest first; a later version of an intent
    takes the place of an earlier one."""

    async def main() -> None:
        memory = MemoryJournal()

        def journal() -> Journal:
            return memory if kind == "memory" else SQLiteJournal(tmp_path / "orders.db")

        first = journal()
        assert await first.open("1") == []
        pair = Intent("30", PLACE_OCO_ORDER.path, {"symbol": "BTC-USDT", "quantity": "1"}, ("31", "32", "30"), AT)
        await first.record([intent("a"), intent("b"), intent("c")])
        await first.record([pair])
        done = intent("b", IntentOutcome.DONE, "7")
        await first.record([done, intent("a", IntentOutcome.PLACED, "9")])
        await first.aclose()
        await first.aclose()
        second = journal()
        assert list(await second.open("1")) == [intent("a", IntentOutcome.PLACED, "9"), intent("c"), pair]
        await second.aclose()

    really(backend, main)


@backends
def test_one_at_a_time(backend: Backend, tmp_path: Path) -> None:
    """A journal that is in use, of another account or strategy, unreadable or nowhere is refused, and nothing is left
    open; a closed one takes nothing."""

    async def main() -> None:
        path = tmp_path / "orders.db"
        first = SQLiteJournal(path)
        await first.open("1")
        for other in (first, SQLiteJournal(path)):
            with pytest.raises(JournalUnavailable, match="in use by another tracker"):
                await other.open("1")
        await first.record([intent("a")])
        await first.aclose()
        with pytest.raises(JournalUnavailable, match="is closed"):
            await first.record([intent("b")])
        with pytest.raises(JournalUnavailable, match=r"belongs to '1', and the tracker is that of '1 grid7'"):
            await SQLiteJournal(path).open("1 grid7")
        with pytest.raises(JournalUnavailable, match="unable to open database file"):
            await SQLiteJournal(tmp_path / "nowhere" / "orders.db").open("1")
        (tmp_path / "text").write_text("this is no database, and long enough to be looked at as one" * 20)
        with pytest.raises(JournalUnavailable, match="not a database"):
            await SQLiteJournal(tmp_path / "text").open("1")
        again = SQLiteJournal(path)
        assert [each.client_order_id for each in await again.open("1")] == ["a"]
        await again.aclose()
        memory = MemoryJournal()
        await memory.open("1")
        for owner in ("1", "2"):
            with pytest.raises(JournalUnavailable):
                await memory.open(owner)
            await memory.aclose()

    really(backend, main)


@backends
def test_together(backend: Backend, tmp_path: Path) -> None:
    """Intents that come while the disk is busy share one write; a failure reaches each that waited for it, and a caller
    that gave up keeps no other from being written."""

    async def main() -> None:
        journal, writes, failed = SQLiteJournal(tmp_path / "orders.db"), list[int](), list[str]()
        await journal.open("1")
        write = journal._write

        def watched(rows: Any) -> None:
            writes.append(len(rows))
            if len(rows) == 3:
                raise sqlite3.OperationalError("disk I/O error")
            write(rows)

        journal._write = watched  # type: ignore[method-assign]

        async def record(name: str) -> None:
            try:
                await journal.record([intent(name)])
            except JournalUnavailable as error:
                failed.append(f"{name}: {error.message}")

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(record, f"n{number}")
        assert sum(writes) == 50
        assert len(writes) <= 2
        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(record, f"m{number}")
        assert len(failed) == 3
        assert all("disk I/O error" in each for each in failed)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await journal.record([intent("cut")])
        await record("last")
        await journal.aclose()
        kept = {each.client_order_id for each in await SQLiteJournal(tmp_path / "orders.db").open("1")}
        assert {f"n{number}" for number in range(50)} | {"last"} <= kept

    really(backend, main)


@backends
def test_old_ones_are_removed(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that are settled the latest are kept; those that are not stay, however old."""
    monkeypatch.setattr(sqlite_journal, "KEPT", 10)

    async def main() -> None:
        path = tmp_path / "orders.db"
        journal = SQLiteJournal(path)
        await journal.open("1")
        await journal.record([intent("first"), *(intent(f"n{number}", IntentOutcome.DONE) for number in range(50))])
        await journal.aclose()
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT count(*) FROM intents").fetchone() == (11,)
        file.close()
        journal = SQLiteJournal(path)
        assert [each.client_order_id for each in await journal.open("1")] == ["first"]
        await journal.aclose()

    really(backend, main)


@backends
def test_a_file_beside_a_tracker(backend: Backend, tmp_path: Path) -> None:
    """Each order is in the file before it is sent, with its outcome in the end; the file is free afterwards."""

    async def main() -> None:
        path, emulator = tmp_path / "orders.db", Emulator()
        async with BingXClient(**KEYS, transport=emulator.transport()) as client:
            async with client.spot.tracker(path) as tracker:
                order = await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="100")
                await tracker.until_done(order, timeout=10)
                resting = await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="0.01", price="20000")
                await tracker.until_open(resting, timeout=10)
                with pytest.raises(JournalUnavailable, match="in use"):
                    async with client.spot.tracker(os.fspath(path)):
                        pass
            await client.spot.cancel_order("BTC-USDT", resting.order_id)
            with pytest.raises(JournalUnavailable, match="belongs to '1001'"):
                async with client.spot.as_strategy("grid7").tracker(path):
                    pass
            async with client.spot.tracker(path) as tracker:
                ended = await tracker.until_done(resting.order_id or 0, timeout=10)
                assert ended.status.value == "CANCELED"
                assert list(tracker.orders) == [resting.order_id]
            with pytest.raises(InvalidRequest, match="journal must be a path"):
                client.spot.tracker(7)  # type: ignore[arg-type]
        with sqlite3.connect(path) as file:
            rows = file.execute("SELECT client_order_id, outcome, order_id FROM intents ORDER BY number").fetchall()
        file.close()
        names = [(each.client_order_id, "done", str(each.order_id)) for each in (order, resting)]
        assert rows == names

    really(backend, main)


def test_moments() -> None:
    """An intent's moment comes back to the microsecond, in UTC."""
    row = sqlite_journal._row(intent("a"))
    back = sqlite_journal._intent(*row)
    assert (back.at, back.at.utcoffset()) == (AT, timedelta(0))
