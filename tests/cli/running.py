"""The command line: in this process against an emulator, or as a process of its own, without a key of the user's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio.from_thread
from click.testing import CliRunner, Result

from bingx_async.commands import bingx_async
from bingx_async.emulator import Emulator, Fault

COMMAND = [sys.executable, "-m", "bingx_async"]
KEYS = {"BINGX_API_KEY": "emulator-key-1001", "BINGX_SECRET_KEY": "emulator-secret-1001"}
SETTINGS = ("BINGX_API_KEY", "BINGX_SECRET_KEY", "BINGX_BASE_URL", "COLUMNS")  # pytest-xdist sets the last
DISCARD = "http://127.0.0.1:9"  # the port of the discard service: nothing listens there


def invoke(*args: str, input: str | None = None, **environ: str) -> Result:
    return CliRunner().invoke(bingx_async, args, input=input, env={**dict.fromkeys(SETTINGS), **environ})


class Served:
    """An emulator on loopback; calling it runs a command there with the keys of its first account."""

    def __init__(self, emulator: Emulator, url: str) -> None:
        self.emulator = emulator
        self.url = url
        self.environ = {**KEYS, "BINGX_BASE_URL": url}

    def __call__(self, *args: str, input: str | None = None, **environ: str) -> Result:
        return invoke(*args, input=input, **{**self.environ, **environ})

    @contextmanager
    def struck_by(self, *faults: Fault) -> Iterator[None]:
        for fault in faults:
            self.emulator.inject(fault)
        yield
        self.emulator.clear_faults()


@contextmanager
def served(**settings: Any) -> Iterator[Served]:
    emulator = Emulator(**settings)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(emulator.serve()) as server,
    ):
        yield Served(emulator, server.url)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BINGX_") and name != "COLUMNS"}
    return {**kept, **more}


def start(*args: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**more)
    )


def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True, env=environment(**more), timeout=90)
