"""`python -m tests.hour [seeds] [minutes]` plays hours, prints their figures, and fails in the end if one failed.
`python -m tests.hour reconnects [50]` measures drops and rotations over real sockets."""

from __future__ import annotations

import sys
import time

from tests.hour.hour import Played, play
from tests.hour.reconnects import main as measure

COLUMNS = ("requests", "orders", "fills", "drops", "kills", "keys_ended", "closings", "doubts")


def row(played: Played, seconds: float) -> str:
    """The figures of one hour as a row of a table."""
    cells = [str(played.seed), *(f"{getattr(played, name):,}" for name in COLUMNS)]
    cells += [f"{played.resynced_within(50):.1f} s", f"{played.resynced_within(99):.1f} s"]
    return f"| {' | '.join(cells)} | {played.quiet_after:.0f} s | {seconds:.0f} s |"


def main(seeds: str = "0", minutes: str = "60") -> int:
    """Play; how many failed."""
    first, _, last = seeds.partition("-")
    told = ("seed", *(name.replace("_", " ") for name in COLUMNS), "resynced p50", "p99", "quiet after", "took")
    print(f"| {' | '.join(told)} |\n{'|---' * len(told)}|")
    failed = 0
    for seed in range(int(first), int(last or first) + 1):
        began = time.process_time()
        try:
            print(row(play(seed, float(minutes)), time.process_time() - began), flush=True)
        except Exception as error:
            failed += 1
            print(f"seed {seed} failed: {type(error).__name__}: {error}", flush=True)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["reconnects"]:
        sys.exit(measure(*map(int, sys.argv[2:])))
    sys.exit(main(*sys.argv[1:]))
