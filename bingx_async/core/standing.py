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

    def is_behind(self, new: Standing) -> bool:
        """Whether a new report is further. Where the moments do not tell, the state that usually comes later counts; of
        two reports of which one has no moment also a new one whose state is not known, so that it is asked for."""
        if self[:2] != new[:2]:
            return self < new
        if EARLIEST in (self.at, new.at):
            return self.rank < new.rank or new.rank == UNKNOWN_RANK
        return self.rank < new.rank if _may_be_one(self.at, new.at) else self.at < new.at


NOWHERE = Standing(False, ZERO, EARLIEST, -3)


def _may_be_one(one: datetime, other: datetime) -> bool:
    """Whether both may be the same moment, one of them rounded to seconds."""
    is_rounded = not one.microsecond or not other.microsecond
    return one == other or (is_rounded and abs((one - other).total_seconds()) < 1.0)
