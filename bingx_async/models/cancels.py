"""Outcomes of cancels."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from bingx_async.models.fields import raw, text, wire
from bingx_async.models.orders import Order

__all__ = ["CancelFailure", "CancelOrdersResult", "CancelOutcome", "CancelStatus"]


@frozen
class CancelFailure:
    """One id of a batch that was not cancelled: `error` is the exchange's text why."""

    order_id: int | None = wire("orderId")
    client_order_id: str = text("clientOrderID", "clientOrderId")
    error: str = text("error")
    raw: Mapping[str, Any] = raw()


@frozen
class CancelOrdersResult:
    """The result of a batch cancel: the cancelled `orders`, and in `fails` the ids that were not cancelled."""

    orders: tuple[Order, ...] = wire("orders", default=())
    fails: tuple[CancelFailure, ...] = wire("fails", default=())
    raw: Mapping[str, Any] = raw()


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
