"""Replies without a measure, on our own connections: little memory, and an event loop that goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.fault import Fault
from tests.faults.huge_faults import huge_faults
from tests.faults.matrix import is_complete, staged
from tests.faults.server import Stage

pytestmark = [
    pytest.mark.keeps_time,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
STILL = 0.02  # seconds, beyond those of honest calls
GROWN = 20_000_000  # bytes
FAULTS = list(huge_faults())[:: 1 if is_complete() else 4]
TRIES = 3  # a busy machine can only make it look worse


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The thread of the servers."""
    with staged() as made:
        yield made


def watched(stage: Stage, fault: Fault, kind: str) -> dict[str, Any]:
    """The figures of a client in a process of its own."""
    with stage.serving(fault) as server:
        server.is_armed = True
        command = [sys.executable, "-m", "tests.faults.watched", server.url, kind]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("kind", "error"), [("cancel_order", "OutcomeUnknown"), ("get_depth", "ReadFailed")])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_measured(fault: Fault, kind: str, error: str, stage: Stage) -> None:
    """Memory grows by less than 20 MB, and the loop never stands still for more than 20 ms beyond its noise."""
    for left in reversed(range(TRIES)):
        found = watched(stage, fault, kind)
        assert found["error"] == error
        if left and found["still"] >= STILL + found["control"]:
            continue
        assert found["grown"] < GROWN
        assert found["still"] < STILL + found["control"]
        return
