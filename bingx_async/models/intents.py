"""Orders that are about to be placed, as a journal keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

__all__ = ["Intent", "IntentOutcome"]


class IntentOutcome(StrEnum):
    """Not known: it is about to be sent, or may have run; accepted by the exchange; placed, final and with every fill
    known; refused by the exchange; never sent, or proved not to have run."""

    OPEN = "open"
    PLACED = "placed"
    DONE = "done"
    REFUSED = "refused"
    NOT_PLACED = "not placed"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be found out."""
        return self not in (IntentOutcome.OPEN, IntentOutcome.PLACED)


@frozen
class Intent:
    """One order, or one OCO order, that a program is about to place."""

    client_order_id: str
    """The id by which the order can be found; of an OCO order that of the list."""
    endpoint: str
    """The path of the call that places it."""
    params: Mapping[str, Any] = field(repr=False, hash=False)
    """The order in the exchange's names: no key, no signature."""
    client_order_ids: tuple[str, ...]
    """Every id by which it can be asked for: of an OCO order those of the legs and of the list."""
    at: datetime
    """When it was written down (aware UTC, by the exchange's clock); the call left later, if it did."""
    outcome: IntentOutcome = IntentOutcome.OPEN
    """The latest that is known of it."""
    order_id: str = ""
    """The exchange's id of the order, once it is known."""
