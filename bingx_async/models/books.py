"""The policies of an order book that keeps itself."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BookPolicy"]


class BookPolicy(StrEnum):
    """How an order book goes on where updates are missing."""

    STRICT = "strict"
    """It is emptied, and a whole one is asked for at once."""
    TOLERANT = "tolerant"
    """The updates that came are applied. The book is stale until a whole one has come, which is asked for more
    rarely."""
