"""Orders to be placed, and the outcomes of placing them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from bingx_async.models.cancels import CancelOutcome
from bingx_async.models.fields import OrderType, Side, SwitchStatus, TimeInForce, raw, text, wire
from bingx_async.models.orders import Order

__all__ = ["DeadMansSwitch", "NewOrder", "PlaceOutcome", "PlaceStatus", "ReplaceOutcome"]

Number = Decimal | int | str


@frozen(kw_only=True)
class NewOrder:
    """An order to be placed; the arguments of `place_order`. It is checked where it is placed."""

    symbol: str
    """The trading pair, such as BTC-USDT."""
    side: Side | str
    """BUY or SELL."""
    type: OrderType | str
    """Limit, market or conditional."""
    quantity: Number | None = None
    """In the base asset."""
    quote_quantity: Number | None = None
    """In the quote asset, instead of `quantity`; a market order that buys needs it."""
    price: Number | None = None
    """The limit price, for the limit types."""
    stop_price: Number | None = None
    """The price that triggers, for the conditional types."""
    time_in_force: TimeInForce | str | None = None
    """How long a limit order stays; the exchange takes GTC where it is not given."""
    client_order_id: str | None = None
    """An id of one's own; one is made where it is not given."""


class PlaceStatus(StrEnum):
    """Accepted by the exchange (which is no fill); refused by it; sent without a readable answer; not sent at all."""

    PLACED = "placed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@frozen
class PlaceOutcome:
    """The outcome of one order of several.

    `order` is the order as the exchange described it, `code` and `error` its number and words where it refused.
    `UNKNOWN` may be live: look for `client_order_id` before you act on it.
    """

    client_order_id: str
    status: PlaceStatus
    order: Order | None = field(default=None, repr=False)
    code: int | None = None
    error: str = ""


@frozen
class ReplaceOutcome:
    """The two outcomes of replacing an order: the exchange may have done either without the other."""

    cancel: CancelOutcome
    """The outcome for the order that was to go."""
    place: PlaceOutcome
    """The outcome for the order that was to come."""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


@frozen
class DeadMansSwitch:
    """The state of the switch that cancels every open order of the account unless it is renewed in time."""

    status: SwitchStatus = wire("status", default=SwitchStatus(""))
    """ACTIVATED or CLOSED."""
    trigger_time: datetime | None = wire("triggerTime")
    """When it cancels everything unless it is renewed before."""
    note: str = text("note")
    """The exchange's words."""
    raw: Mapping[str, Any] = raw()
