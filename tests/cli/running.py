"""The command line as a process of its own, without a single key in its environment."""

import os
import subprocess
import sys

COMMAND = [sys.executable, "-m", "bingx_async"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BINGX_")}
    return {**kept, **more}


def start(*args: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**more)
    )


def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True, env=environment(**more), timeout=90)
