"""What became of a call whose outcome was unknown."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from bingx_async.models.oco import OcoLeg
from bingx_async.models.orders import Order

__all__ = ["Evidence", "Resolution", "ResolutionStatus"]


class ResolutionStatus(StrEnum):
    """It ran; it did not run; nobody can tell yet, so ask again later."""

    EXECUTED = "executed"
    NOT_EXECUTED = "not executed"
    UNKNOWN = "unknown"


@frozen
class Evidence:
    """One answer of the exchange, and what it proves."""

    asked: str
    """The name of the method that asked, and for which id."""
    answer: str
    """What came back, in a few words."""
    time: datetime
    """When it came (aware UTC), by the exchange's clock."""


@frozen
class Resolution:
    """What became of a call. `UNKNOWN` stays unknown: the same error can be resolved again later."""

    status: ResolutionStatus
    """Whether the call ran."""
    order: Order | None = None
    """The order as the exchange described it last, where there is one."""
    legs: tuple[OcoLeg, ...] = ()
    """The legs of the OCO order as the exchange described them last, where there are any."""
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)
    """Every answer on which `status` rests, oldest first."""
    raw: Any = field(default=None, repr=False, eq=False)
