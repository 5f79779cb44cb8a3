"""Four processes with fifty tasks each on one account, in every way of counting: never refused, and the quota used.

`python -m tests.redis.load` prints the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.redis.conftest import NEEDED
from tests.redis.load import (
    TROUBLES,
    Figures,
    Trouble,
    calm,
    flushing,
    killing,
    leaving,
    pausing,
    restarting,
    run_all,
    stalling,
)
from tests.redis.server import INSTALLED, RedisServer

Found = dict[Trouble, dict[str, Figures]]
# The least part used, by what each trouble takes away: Redis is away (and asked again within 0.25 s), or its memory is
# lost and one window waited.
LEAST_USED: dict[Trouble, float] = {
    calm: 0.9,
    killing: 0.9,
    pausing: 0.9 * (1.0 - 2.25 / TROUBLES[pausing]),
    stalling: 0.85,
    restarting: 0.6,
    leaving: 0.4,
    flushing: 0.6,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """The figures of every trouble."""
    if INSTALLED is None:
        pytest.skip(NEEDED)
    folder: Path = tmp_path_factory.mktemp("load")
    with ExitStack() as stack:

        def start_redis() -> RedisServer:
            server = RedisServer(folder)
            stack.callback(server.stop)
            return server

        yield asyncio.run(run_all(start_redis))


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: each.__name__)
def test_quota_is_used_and_never_exceeded(trouble: Trouble, found: Found) -> None:
    """0 refused, also while processes or Redis die, stand still or forget; and the quota is used all the same."""
    figures = found[trouble]
    assert {way: each.refused for way, each in figures.items()} == dict.fromkeys(figures, 0)
    assert {error for each in figures.values() for error in each.failed} == set()
    assert min(each.used for each in figures.values()) >= LEAST_USED[trouble]


@pytest.mark.parametrize("trouble", [calm, killing, pausing], ids=lambda each: each.__name__)
def test_each_process_has_its_share(trouble: Trouble, found: Found) -> None:
    """Each process has half of its fair share at least and twice at most."""
    shares = [share for each in found[trouble].values() for share in each.fairness]
    assert min(shares) >= 0.5
    assert max(shares) <= 2.0


def test_fair_within_10_s(found: Found) -> None:
    """No process has less than half of its fair share in any 10 s of calm."""
    assert min(each.least_in_10_s for each in found[calm].values()) >= 0.5
