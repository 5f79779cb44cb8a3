"""The faults after which the next call is promised nothing, with the reasons. They are played like all others."""

from __future__ import annotations

from itertools import product

from tests.faults.promises import Cell
from tests.faults.stray_faults import FIRSTS, WHILE_ASKED, strays

IN_ONE_PIECE = (
    "httpx (through httpcore and h11) keeps bytes that were read together with a reply, and takes them for the "
    "beginning of the next one; from outside they cannot be seen"
)
TOO_LATE = (
    "the stray comes while another call waits for its reply on the same connection, and nothing in HTTP/1.1 says "
    "which request a reply belongs to"
)
BUSY_LOOP = "the same, if the event loop is so busy that both arrive before it looks"
HARMLESS = {"an interim reply"}  # which httpx skips before the next reply
TOGETHER = [f"{stray} after {first}" for stray, first in product(strays().keys() - HARMLESS, FIRSTS)]
FOREIGN: dict[str, str] = {
    **dict.fromkeys(TOGETHER, IN_ONE_PIECE),
    **dict.fromkeys([f"{name}, later" for name in TOGETHER], BUSY_LOOP),
    **dict.fromkeys([f"{stray}, unseen" for stray in strays().keys() - HARMLESS], BUSY_LOOP),
    "length too small, kept open": IN_ONE_PIECE,
}
ENDLESS = {"endless interim replies", "endless chunks of two bytes"}  # httpx holds the event loop up
ANYWHERE: dict[str, str] = {WHILE_ASKED: TOO_LATE}


def is_excused(cell: Cell, broken: str) -> bool:
    """Whether the broken promise was never made. Else than by time only the next call is excused."""
    if cell.transport != "own" and cell.fault.name in ENDLESS and ": ended after " in broken:
        return True
    is_listed = cell.fault.name in ANYWHERE or (cell.transport != "own" and cell.fault.name in FOREIGN)
    return is_listed and ": the next call " in broken
