"""Which orders are told: each life in each way is a share of its own, with a seed of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations
from math import ceil, factorial
from random import Random

from attrs import define, field

from tests.orderings.judging import tell, tell_some
from tests.orderings.lives import LIVES, TELLINGS, Life

AGAIN, LOST = 0.15, 0.1  # of the orderings
LONGEST = 14  # messages, with those that come again
EVERY = sum(factorial(len(make(TELLINGS[0]).messages)) for make in LIVES)  # permutations of all lives


@define
class Share:
    """Orders of one life told in one way, `number` or so, and what came of it. `rounds`: in each of them every
    permutation of a life is told once, in all ways in turn; 0: permutations by chance."""

    life: int
    telling: int
    number: int
    rounds: int
    seed: str
    whole: int = 0
    again: int = 0
    lost: int = 0
    complaints: list[str] = field(factory=list[str])

    def complain(self, what: str, order: tuple[int, ...], found: list[str]) -> None:
        """Note what was wrong after one order."""
        self.complaints += [
            f"{what}(LIVES[{self.life}](TELLINGS[{self.telling}]), {order}): {words}" for words in found
        ]

    @property
    def total(self) -> int:
        """How many were told."""
        return self.whole + self.again + self.lost


def shares(total: int, seed: int = 1) -> Iterator[Share]:
    """As many orders as asked for, or some more."""
    ways = len(TELLINGS)
    number = ceil(total / (len(LIVES) * ways))
    rounds = min(ways, ceil(total * (1.0 - AGAIN - LOST) / EVERY)) if total > EVERY else 0
    for life in range(len(LIVES)):
        for telling in range(ways):
            yield Share(life, telling, number, rounds, f"{seed}/{life}/{telling}")


def tell_share(share: Share) -> Share:
    """Tell all of it."""
    life, random = LIVES[share.life](TELLINGS[share.telling]), Random(share.seed)
    for order in _permutations(life, share, random):
        share.whole += 1
        share.complain("tell", order, tell(life, order))
    for _ in range(ceil(share.number * AGAIN)):
        order = tuple(_with_repeats(life, random))
        share.again += 1
        share.complain("tell", order, tell(life, order))
    for _ in range(ceil(share.number * LOST)):
        order = tuple(random.choices(range(len(life.messages)), k=len(life.messages)))
        share.lost += 1
        share.complain("tell_some", order, tell_some(life, order))
    return share


def _permutations(life: Life, share: Share, random: Random) -> Iterator[tuple[int, ...]]:
    places = range(len(life.messages))
    for each in range(share.rounds):
        yield from islice(permutations(places), (share.telling + each) % len(TELLINGS), None, len(TELLINGS))
    if not share.rounds:
        for _ in range(ceil(share.number * (1.0 - AGAIN - LOST))):
            yield tuple(random.sample(places, len(places)))


def _with_repeats(life: Life, random: Random) -> list[int]:
    places = list(range(len(life.messages)))
    places += random.choices(places, k=random.randint(1, LONGEST - len(places)))
    random.shuffle(places)
    return places
