"""What became of a call whose outcome was unknown, and what the kill switch saw."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from bingx_async.models.oco import OcoLeg, OcoReference
from bingx_async.models.orders import Order

__all__ = ["Evidence", "KillReport", "Resolution", "ResolutionStatus"]


class ResolutionStatus(StrEnum):
    """It ran; it did not run; one part of it ran and another did not; not known yet, so ask again later."""

    EXECUTED = "executed"
    NOT_EXECUTED = "not executed"
    PARTLY = "partly executed"
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
    """The order as the exchange described it last, where the call was about one and there is one."""
    legs: tuple[OcoLeg, ...] = ()
    """The legs of the OCO order as the exchange described them last, where there are any."""
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)
    """Every answer on which `status` rests, oldest first."""
    parts: Mapping[str, Resolution] = field(factory=dict[str, "Resolution"])
    """Of a call about several orders: the resolution for each, by the id that the call named it by."""

    @property
    def is_known(self) -> bool:
        """Whether it is known what became of the call."""
        return self.status is not ResolutionStatus.UNKNOWN


@frozen
class KillReport:
    """What the kill switch cancelled and saw. Only `is_clear` says that nothing is open."""

    cancelled: tuple[Order, ...] = field(default=(), repr=False)
    """The orders that were cancelled, as the exchange described them."""
    oco_cancelled: tuple[OcoReference, ...] = field(default=(), repr=False)
    """The OCO orders that were cancelled, by the ids that the exchange named."""
    left: tuple[Order, ...] = field(default=(), repr=False)
    """The orders that were open at the last look."""
    left_oco: tuple[OcoLeg, ...] = field(default=(), repr=False)
    """The legs of OCO orders that were open at the last look."""
    errors: tuple[Exception, ...] = field(default=(), repr=False)
    """Every error on the way, oldest first."""
    looked_at: datetime | None = None
    """When the last look at both lists began (aware UTC), by the exchange's clock; None: they could not be read."""

    @property
    def is_clear(self) -> bool:
        """Whether both lists were read to their end after the last cancel and no order was in them."""
        return self.looked_at is not None and not self.left and not self.left_oco

    def __str__(self) -> str:
        done = f"{_many(self.cancelled, 'order')} and {_many(self.oco_cancelled, 'OCO order')} were cancelled"
        if self.looked_at is None:
            why = f" ({self.errors[-1]})" if self.errors else ""
            return f"{done}, but what is open could not be read{why}"
        seen = f"{_many(self.left, 'order')} and {_many(self.left_oco, 'leg')} of OCO orders are open"
        return f"{done}; {seen}, seen at {self.looked_at.isoformat()}"


def _many(items: Sized, what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"
