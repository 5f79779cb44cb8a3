"""Every order in which the messages about an order can come leads to the truth, and to nothing wrong on the way."""

from itertools import permutations

import pytest

from tests.orderings.judging import tell
from tests.orderings.lives import LIVES, TELLINGS
from tests.orderings.telling import shares, tell_share
from tests.sizes import IN_CI

QUICK = 16_000 if IN_CI else 4_000


@pytest.mark.parametrize("life", range(len(LIVES)), ids=[make.__name__ for make in LIVES])
def test_orderings(life: int) -> None:
    """By chance, with messages that come again and with messages lost: `nox -s orderings` tells all of them."""
    told = [tell_share(share) for share in shares(QUICK) if share.life == life]
    assert [words for each in told for words in each.complaints] == []
    assert sum(each.total for each in told) >= QUICK / len(LIVES)


def test_every_order_of_five() -> None:
    """Of the first five messages of every life: nothing wrong in any order, whatever is told of it later."""
    for make in LIVES:
        life = make(TELLINGS[0])
        for order in permutations(range(min(5, len(life.messages)))):
            rest = tuple(range(len(order), len(life.messages)))
            assert tell(life, order + rest) == []


def test_each_life_is_of_eight_messages_at_most() -> None:
    """So the long run can tell every permutation."""
    assert max(len(make(TELLINGS[0]).messages) for make in LIVES) == 8
