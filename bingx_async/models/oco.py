"""One-cancels-the-other orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from bingx_async.models.fields import OcoOrderType, OrderStatus, Side, raw, text, wire

__all__ = ["OcoLeg", "OcoOrder", "OcoReference"]


@frozen
class OcoLeg:
    """One leg of an OCO order. A field that the reply left out is None, an empty string or an empty enum value."""

    order_id: str = text("orderId")
    """The exchange's id, a text here; orders of `trade/*` have theirs as an int."""
    client_order_id: str = text("clientOrderId", "clientOrderID")
    """The id that was given to this leg, digits only."""
    order_type: OcoOrderType = wire("orderType", default=OcoOrderType(""))
    """The limit order or the stop-limit order of the pair."""
    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    price: Decimal | None = wire("price")
    """The limit price of one unit of the base asset, in the quote asset."""
    trigger_price: Decimal | None = wire("triggerPrice")
    """The price at which the stop-limit order is placed, in the quote asset; 0 for the limit order."""
    quantity: Decimal | None = wire("quantity")
    """The quantity in the base asset; both legs have the same."""
    status: OrderStatus = wire("status", default=OrderStatus(""))
    """The state that the exchange reported with this reply."""
    side: Side = wire("side", default=Side(""))
    """Buys or sells the base asset."""
    order_list_id: str = text("orderListId")
    """The exchange's id of the pair, or the id that was given to the list: replies differ, so group by it only within
    one reply."""
    time: datetime | None = wire("transactionTime", "transactTime")
    """When the leg was placed; None where the reply says 0."""
    raw: Mapping[str, Any] = raw()


@frozen
class OcoOrder:
    """An OCO order as the exchange describes it; a leg that the reply does not hold is missing."""

    legs: tuple[OcoLeg, ...] = wire("orders", "ocoOrders", default=())
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def limit_leg(self) -> OcoLeg | None:
        """The limit order, or None if the reply did not name it."""
        return self._leg(OcoOrderType.LIMIT)

    @property
    def stop_leg(self) -> OcoLeg | None:
        """The stop-limit order, or None if the reply did not name it."""
        return self._leg(OcoOrderType.STOP_LIMIT)

    @property
    def order_list_id(self) -> str:
        """The id of the whole list, or an empty string if the reply did not name it."""
        return next((leg.order_list_id for leg in self.legs if leg.order_list_id), "")

    def _leg(self, kind: OcoOrderType) -> OcoLeg | None:
        return next((leg for leg in self.legs if leg.order_type == kind), None)


@frozen
class OcoReference:
    """The ids by which the exchange names the leg of a cancelled OCO order."""

    order_id: str = text("orderId")
    client_order_id: str = text("clientOrderId", "clientOrderID")
    raw: Mapping[str, Any] = raw()
