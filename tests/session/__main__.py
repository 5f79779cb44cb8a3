"""`python -m tests.session [seeds] [minutes]`: plays sessions, prints their figures, and fails where one fails."""

from __future__ import annotations

import sys
import time

from tests.session.session import Played, play

COLUMNS = (
    "calls", "requests", "orders", "fills", "closings", "refused", "in_doubt", "executed", "not_executed", "partly",
    "untraceable", "left_unknown",
)  # fmt: skip


def row(played: Played, seconds: float) -> str:
    """The figures of one session as a row of a table."""
    cells = [str(played.seed), *(f"{getattr(played, name):,}" for name in COLUMNS), f"{seconds:.0f} s"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    first, _, last = (sys.argv[1] if len(sys.argv) > 1 else "0").partition("-")
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    print(f"| seed | {' | '.join(name.replace('_', ' ') for name in COLUMNS)} | took |")
    print("|" + "---|" * (len(COLUMNS) + 2))
    for seed in range(int(first), int(last or first) + 1):
        began = time.monotonic()
        print(row(play(seed, minutes), time.monotonic() - began), flush=True)
