"""The delay before the next call when the exchange names no moment: growing, spread, bounded."""

from __future__ import annotations

CEILING = 300_000.0  # ms; a block is said to end after 5 minutes at the latest, see docs/facts


def backoff(attempt: int, window: float, draw: float) -> float:
    """Milliseconds to wait after refusal number `attempt` (from 0) of a quota with `window` milliseconds.

    One window at least, since nothing can be free before it, then full jitter over 1, 2, 4 … windows: `draw` is
    uniform in [0, 1). At most 5 minutes.
    """
    spread = window * 2.0 ** min(attempt, 30)
    return min(CEILING, window + draw * min(spread, CEILING))
