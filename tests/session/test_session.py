"""Sessions in short: the long ones are played by `nox -s session`."""

from __future__ import annotations

import pytest

from tests.session.session import play
from tests.session.world import variants_of
from tests.sizes import IN_CI

MINUTES = 5.0 if IN_CI else 1.0
SEEDS = range(8) if IN_CI else range(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_session(seed: int) -> None:
    """20 accounts call everything while replies are lost, endpoints close and tasks are cancelled: nothing is refused
    for its pace, nothing placed twice, nothing told wrong, nothing in doubt for ever, and no money lost."""
    played = play(seed, MINUTES)
    assert (played.refused, played.left_unknown) == (0, 0)
    assert played.executed + played.not_executed + played.partly + played.untraceable == played.in_doubt > 0
    assert played.calls > 1000 * MINUTES
    assert min(played.executed, played.not_executed, played.closings, played.told_closed, played.fills) > 0


def test_the_same_again() -> None:
    """The same seed plays the same session, call by call; another seed another one, on another exchange."""
    one, same, other = (play(seed, 0.25, accounts=4).trace for seed in (5, 5, 6))
    assert one == same
    assert one != other
    assert variants_of(5) != variants_of(6)
