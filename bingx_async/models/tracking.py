"""What is known of one's own orders, and the changes of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from functools import reduce

from attrs import field, frozen

from bingx_async.models.account import Balance
from bingx_async.models.fields import OrderStatus, OrderType, Side
from bingx_async.models.orders import Fill
from bingx_async.models.resolution import Evidence

__all__ = ["BalanceChanged", "FillAdded", "OrderChanged", "Placement", "TrackedOrder"]

_EXACT = Context(prec=200)  # the program's own context may round


class Placement(StrEnum):
    """Being sent; known to the exchange; refused by it; sent without a readable answer; proved never to have run."""

    SENDING = "sending"
    PLACED = "placed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_PLACED = "not placed"


@frozen
class TrackedOrder:
    """All that is known of an order at one moment, from replies, events and queries together.

    It only ever goes forward: `executed_quantity` never falls, a final state is never left, a fill is there once.
    """

    symbol: str
    """The trading pair, such as BTC-USDT."""
    client_order_id: str
    """The id that was given when it was placed; empty where it is not known."""
    order_id: int | str | None = None
    """The exchange's id, a text for a leg of an OCO order; None before it is known."""
    placement: Placement = Placement.PLACED
    """Whether the exchange has it."""
    status: OrderStatus = OrderStatus("")
    """The state; empty before anything is known. Final only with evidence."""
    side: Side = Side("")
    """Buys or sells the base asset."""
    type: OrderType = OrderType("")
    """Limit, market or conditional."""
    price: Decimal | None = None
    """The limit price, in the quote asset."""
    stop_price: Decimal | None = None
    """The price that triggers a conditional order."""
    original_quantity: Decimal | None = None
    """The quantity that was ordered, in the base asset."""
    original_quote_quantity: Decimal | None = None
    """The amount that was ordered in the quote asset, where it was ordered so."""
    executed_quantity: Decimal = Decimal(0)
    """The part that has been filled, in the base asset: the most that any source has told."""
    cumulative_quote_quantity: Decimal = Decimal(0)
    """The value of that part, in the quote asset."""
    fills: tuple[Fill, ...] = field(default=(), repr=False)
    """Its trades, each once, oldest first."""
    order_list_id: str = ""
    """The exchange's id of the OCO order of which this is a leg; empty for any other order."""
    time: datetime | None = None
    """When it was placed (aware UTC)."""
    update_time: datetime | None = None
    """When it changed last, by the exchange's clock."""
    error: str = ""
    """The exchange's words where it refused the order."""
    evidence: tuple[Evidence, ...] = field(default=(), repr=False, eq=False)
    """The messages on which this rests, oldest first; of many alike the first and the last."""
    is_executed_known: bool = True
    """False where it is over and no message told yet how much was executed: a leg of an OCO order may be so."""

    def why(self) -> tuple[Evidence, ...]:
        """The messages on which this state rests, oldest first."""
        return self.evidence

    @property
    def is_open(self) -> bool:
        """Whether it is known to be able to be filled still."""
        return self.status.is_open

    @property
    def filled_quantity(self) -> Decimal:
        """The sum of `fills`, in the base asset."""
        return reduce(_EXACT.add, (fill.quantity or Decimal(0) for fill in self.fills), Decimal(0))

    @property
    def is_done(self) -> bool:
        """Whether nothing can happen to it any more: it is final and every fill is here, or it was never placed."""
        if self.placement in (Placement.REFUSED, Placement.NOT_PLACED):
            return True
        return self.status.is_final and self.is_executed_known and self.filled_quantity >= self.executed_quantity


@frozen
class OrderChanged:
    """Something new is known of an order."""

    order: TrackedOrder
    """The order with everything known of it now."""


@frozen
class FillAdded:
    """A fill of an order, told once."""

    fill: Fill
    """The trade."""
    order: TrackedOrder
    """The order with this fill."""


@frozen
class BalanceChanged:
    """A balance that is new or has changed."""

    balance: Balance
    """What there is of the asset now."""
