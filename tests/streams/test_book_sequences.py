"""Some of the sequences of `nox -s books`."""

from __future__ import annotations

import pytest

from tests.sizes import IN_CI
from tests.streams.books import sequence


@pytest.mark.parametrize("first", range(0, 300 if IN_CI else 100, 50))
def test_sequences_with_faults(first: int) -> None:
    """Lost, late, repeated, unreadable and wrong updates, skipped ids, lost connections: see `tests.streams.books`."""
    for seed in range(first, first + 50):
        assert sequence(seed)["quiet moments"] > 0


def test_sequences_with_faults_under_trio() -> None:
    """The same."""
    for seed in range(50 if IN_CI else 20):
        assert sequence(seed, "trio")["quiet moments"] > 0
