"""The outcome of each id of a large cancel."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from bingx_async.models.orders import Order

__all__ = ["CancelOutcome", "CancelStatus"]


class CancelStatus(StrEnum):
    """Cancelled; not open any more; refused by the exchange; sent without a readable answer; not sent at all."""

    CANCELLED = "cancelled"
    NOT_FOUND = "not found"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@frozen
class CancelOutcome:
    """The outcome for one id: an int is an order id, a str a client order id.

    `order` is the cancelled order where the exchange described it, `code` and `error` its number and words where it
    refused. `UNKNOWN` may have been cancelled: look before you act on it. `NOT_SENT` is still open.
    """

    id: int | str
    status: CancelStatus
    order: Order | None = field(default=None, repr=False)
    code: int | None = None
    error: str = ""
