"""The exchange of a soak: an emulator in a process of its own, whose sockets drop every few seconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import anyio.to_thread

from bingx_async.emulator import Emulator
from bingx_async.emulator.streams.faults import Cut, Duplicate, Late, StreamFault


@contextmanager
def exchange(drops: float) -> Generator[str]:
    """The address of one, for as long as the context is open; its sockets live for `drops` seconds on average."""
    command = [sys.executable, "-m", "tests.soak.server", str(drops)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def serve(drops: float) -> None:
    """Serve until the input ends."""
    emulator = Emulator()
    for cut, share in ((Cut("clean", drops), 1.0), (Cut("reset", drops), 0.5), (Cut("silent", drops), 0.1)):
        emulator.inject(StreamFault(cut, probability=share))
    emulator.inject(StreamFault(Duplicate(), probability=0.05))
    emulator.inject(StreamFault(Late(), probability=0.02))
    async with emulator.serve() as server:
        print(server.url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)


if __name__ == "__main__":
    anyio.run(serve, float(sys.argv[1]))
