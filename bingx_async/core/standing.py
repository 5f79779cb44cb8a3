"""How far a report of an order is: of two reports the further one tells the state."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from bingx_async.core.fills import EARLIEST, ZERO

RANKS = {"NEW": 0, "WORKING": 1, "RUNNING": 1, "PENDING": 2, "PARTIALLY_FILLED": 3}  # of states of one moment
UNKNOWN_RANK = -1


class Standing(NamedTuple):
    """How far a report is."""

    is_final: bool
    executed: Decimal
    at: datetime
    rank: int

    def is_behind(self, other: Standing) -> bool:
        """Whether the other is further."""
        if self[:2] != other[:2] or not _in_one_second(self.at, other.at):
            return self < other
        return self.rank < other.rank


NOWHERE = Standing(False, ZERO, EARLIEST, -3)


def _in_one_second(one: datetime, other: datetime) -> bool:
    """Whether one of both may be the other, rounded to seconds."""
    is_rounded = not one.microsecond or not other.microsecond
    return one == other or (is_rounded and abs((one - other).total_seconds()) < 1.0)
