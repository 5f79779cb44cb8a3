"""`python -m tests.orderings [ORDERINGS] [SEED]`: every order of the messages of every life, then orders in which
messages come again, and orders in which some are lost. The exit status is 1 if one led to anything but the truth.

A complaint names the life, how it is told, and the places of the messages: `tell(LIVES[3](TELLINGS[5]), (0, 2, 1))`.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

from tests.orderings.lives import LIVES, TELLINGS
from tests.orderings.telling import Share, shares, tell_share


def main(arguments: list[str]) -> int:
    """Tell them, print how many there were and what was wrong."""
    total, seed = int(float((arguments or ["1e6"])[0])), int((arguments[1:] or ["1"])[0])
    began = perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        told = list(workers.map(tell_share, shares(total, seed)))
    complaints = [words for each in told for words in each.complaints]
    print("\n".join(complaints[:50]))
    print(_summary(told, perf_counter() - began))
    return int(bool(complaints))


def _summary(told: list[Share], seconds: float) -> str:
    whole, again, lost = (sum(getattr(each, name) for each in told) for name in ("whole", "again", "lost"))
    wrong = sum(len(each.complaints) for each in told)
    return (
        f"{whole + again + lost:,} orderings of {len(LIVES)} lives told in {len(TELLINGS)} ways, {seconds:.0f} s: "
        f"{whole:,} permutations, {again:,} with messages that come again, {lost:,} with messages lost; {wrong} wrong"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
