"""Hours in short: the long ones are played by `nox -s hour`."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from tests.hour.hour import play
from tests.hour.reconnects import reconnect
from tests.hour.sockets import play_over_sockets

MINUTES = 5.0 if os.environ.get("CI") == "true" else 1.5
SEEDS = range(5) if os.environ.get("CI") == "true" else range(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_hour(seed: int) -> None:
    """Four strategies trade while replies are lost, sockets drop, keys die, endpoints close and processes are killed:
    no tracker shows at any moment what is not so, and in the end all know everything."""
    played = play(seed, MINUTES)
    assert min(played.kills, played.keys_ended, played.closings, played.doubts, played.fills, len(played.gaps)) > 0
    assert played.orders > 100 * MINUTES


def test_the_same_again() -> None:
    """The same seed plays the same hour, event by event; another seed another one."""
    one, same, other = (play(seed, 0.5).trace for seed in (11, 11, 12))
    assert one == same
    assert one != other


def test_real_sockets(tmp_path: Path) -> None:
    """The same over real sockets on loopback, with journals on disk."""
    played = anyio.run(play_over_sockets, 5, 3.0, tmp_path)
    assert min(played.kills, played.fills, len(played.gaps)) > 0


def test_reconnects() -> None:
    """Drops and rotations over real sockets lose and double nothing, and a rotation leaves no gap."""
    dropped, rotated = anyio.run(reconnect, 2, 1)
    assert max(dropped) < 10
    assert max(rotated) < 10
