"""The programs in examples/ run as a reader would start them: without keys, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SAID = {
    "cancel_everything.py": "5 orders and 0 OCO orders were cancelled; 0 orders and 0 legs of OCO orders are open",
    "grid.py": " orders are filled, 8 are open\n",
    "many_accounts.py": "\n0 refused, ",
    "market_maker.py": " quotes were replaced; 0 are open, position ",
    "place_and_watch.py": "the reply was lost; the order was executed\nPENDING: 0 of ",
    "protect_position.py": "placed again with the stop at 59400",
}


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python without a key in the environment, and with a base URL that refuses connections."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BINGX_")}
    environment |= {"PYTHONPATH": str(ROOT), "BINGX_BASE_URL": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", SAID)
def test_example_runs(name: str) -> None:
    """It ends well, prints the promised line and warns of nothing."""
    done = run("-W", "error", str(EXAMPLES / name))
    assert (done.returncode, done.stderr) == (0, "")
    assert SAID[name] in done.stdout


def test_example_tests_pass() -> None:
    """The tests a reader would copy pass, without any plugin of ours."""
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "own_tests.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_every_example_is_run() -> None:
    """No program is left without a test."""
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*SAID, "own_tests.py"}


@pytest.mark.parametrize(
    "name", ["cancel_everything.py", "grid.py", "market_maker.py", "place_and_watch.py", "protect_position.py"]
)
def test_live_needs_keys(name: str, tmp_path: Path) -> None:
    """Without keys `--live` sends nothing and says what is missing."""
    done = run(str(EXAMPLES / name), "--live", cwd=tmp_path)
    assert done.returncode == 1
    assert "BINGX_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr
