"""The matrix: the cells of each group of faults, run a few at a time, and their broken promises."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import httpx
from attrs import frozen

from bingx_async import BingXClient, Governor
from tests.certificate import make_certificate
from tests.faults.calls import FIRST, KEY, KINDS, NEXT, SECRET, TARGET
from tests.faults.connection_faults import every_byte_faults, idle_faults, reply_faults, request_faults, slow_faults
from tests.faults.fault import Fault
from tests.faults.huge_faults import huge_faults, packed_faults
from tests.faults.not_promised import is_excused
from tests.faults.promises import Cell, Outcome, Outcomes, broken_promises
from tests.faults.reply_faults import body_faults, framing_faults, honest_faults, status_faults
from tests.faults.server import Server, Stage
from tests.faults.stray_faults import stray_faults
from tests.sizes import IN_CI

AT_A_TIME = 8  # cells; those with huge replies run alone
TRANSPORTS = ("own", "httpx", "trio")
SPARSE = 11  # outside CI every so many of the cells
PATIENCE = 5.0  # seconds on the network for the honest calls around the fault
ELSEWHERE = "http://127.0.0.1:{port}/elsewhere"

GROUPS: dict[str, Callable[[str], Iterable[Fault]]] = {
    "request": lambda _: request_faults(),
    "reply": lambda _: reply_faults(),
    "reply, every byte": lambda _: every_byte_faults(),
    "idle": lambda _: idle_faults(),
    "slow": lambda _: slow_faults(),
    "framing": lambda _: framing_faults(),
    "unusual": lambda _: (*honest_faults(), *packed_faults()),
    "status": status_faults,
    "body": lambda _: body_faults(),
    "strays": lambda _: stray_faults(),
    "huge": lambda _: huge_faults(),
}
FEW_KINDS = {"reply, every byte": ("place_oco_order", "get_order")}


@frozen
class Report:
    """How many cells were run, the promises that were broken, and those that were never made."""

    cells: int
    broken: list[str]
    not_promised: list[str]


def cells(group: str, transport: str, elsewhere: str) -> list[Cell]:
    """The cells of a group on a transport; all of them in CI, else a sample that differs between the transports."""
    kinds = FEW_KINDS.get(group, tuple(KINDS))
    faults = GROUPS[group](elsewhere)
    every = [Cell(fault, kind, transport, warm) for fault, kind, warm in product(faults, kinds, (False, True))]
    if group == "reply, every byte":
        every = [each for each in every if each.is_warm]
    return every if is_complete() else every[TRANSPORTS.index(transport) :: SPARSE]


def is_complete() -> bool:
    """Whether every cell is run."""
    return IN_CI


def run(group: str, transport: str) -> Report:
    """Run the cells of a group on a transport."""
    with quick_tls(), staged() as stage, stage.serving(Fault("elsewhere", frozenset())) as other:
        chosen = cells(group, transport, f"{other.url}/elsewhere")
        work = _Work(stage, chosen)
        anyio.run(work.run, 1 if group == "huge" else AT_A_TIME, backend="trio" if transport == "trio" else "asyncio")
        if other.connections:
            work.broken.append(f"{group}: a redirect was followed {other.connections} times")
        return Report(len(chosen), work.broken, work.not_promised)


@contextlib.contextmanager
def quick_tls() -> Iterator[None]:
    """httpx' transport reads every root certificate of the world when it is made, which takes longer than a cell."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        make_certificate(key, certificate)
        with mock.patch("certifi.where", return_value=str(certificate)):
            yield


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """The thread of the servers, while the block runs."""
    stage = Stage()
    try:
        yield stage
    finally:
        stage.close()


class _Work:
    def __init__(self, stage: Stage, chosen: Sequence[Cell]) -> None:
        self.stage, self._left = stage, iter(chosen)
        self.broken: list[str] = []
        self.not_promised: list[str] = []

    async def run(self, at_a_time: int) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(at_a_time):
                group.start_soon(self._worker)

    async def _worker(self) -> None:
        for cell in self._left:
            with self.stage.serving(cell.fault) as server:
                outcomes = await play(cell, server)
                broken = broken_promises(cell, outcomes, server)
            for text in broken:
                (self.not_promised if is_excused(cell, text) else self.broken).append(text)


async def play(cell: Cell, server: Server) -> Outcomes:
    """Make the calls of a cell."""
    kind = cell.kind
    async with client_of(cell.transport, server.url) as client:
        if cell.is_warm:
            await kind.ask(client, FIRST, timeout=PATIENCE)
        server.is_armed, server.is_played = True, False
        target = await attempt(lambda: kind.ask(client, TARGET, timeout=cell.fault.timeout, max_wait=0.0))
        if cell.fault.is_blocked:
            stand_still(server)
        elif cell.fault.is_awaited:
            await played(server)
        server.is_armed = False
        following = await attempt(lambda: kind.ask(client, NEXT, timeout=PATIENCE))
        last = (
            await attempt(lambda: kind.ask(client, NEXT + 1, timeout=PATIENCE)) if cell.fault.cuts_next else following
        )
        return Outcomes(target, following, last)


async def played(server: Server) -> None:
    """Wait until the server has done its worst, and the event loop has had time to see it."""
    with anyio.move_on_after(1.0):
        while not server.is_played:  # noqa: ASYNC110
            await anyio.sleep(0.001)
    await anyio.sleep(0.005)


def stand_still(server: Server) -> None:
    """Wait as well, without the event loop."""
    until = time.monotonic() + 1.0
    while not server.is_played and time.monotonic() < until:
        time.sleep(0.001)


async def attempt(call: Callable[[], Awaitable[Any]]) -> Outcome:
    """The outcome of a call, whatever it is."""
    started = time.monotonic()
    try:
        model, error = await call(), None
    except Exception as raised:
        model, error = None, raised
    return Outcome(model, error, time.monotonic() - started)


@contextlib.asynccontextmanager
async def client_of(transport: str, url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[BingXClient]:
    """A client on a transport, its clock set."""
    governor = Governor(profile="unlimited")
    governor.clock.synced_at = governor.clock.monotonic()
    inner = httpx.AsyncHTTPTransport(verify=context or EMPTY) if transport == "httpx" else None
    client = BingXClient(KEY, SECRET, base_url=url, governor=governor, carrier="json", transport=inner)
    try:
        yield client
    finally:
        await client.aclose()
        if inner is not None:
            await inner.aclose()


EMPTY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nothing; making a full one takes longer than the cell
