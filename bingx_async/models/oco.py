"""One-cancels-the-other orders: a limit leg and a stop-limit leg."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from bingx_async.models.enums import OcoOrderType, OrderStatus, Side


@frozen
class OcoLeg:
    """One leg (seed: response parameters of oco/order). Ids are strings, as the exchange sends them here."""

    order_id: str = ""
    client_order_id: str = ""
    order_type: OcoOrderType = OcoOrderType("")
    symbol: str = ""
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    quantity: Decimal | None = None
    status: OrderStatus = OrderStatus("")
    side: Side = Side("")
    order_list_id: str = ""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


@frozen
class OcoOrder:
    """An OCO order as placed."""

    legs: tuple[OcoLeg, ...] = ()
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
    """The cancelled OCO order, by the ids the exchange answered (seed: oco/cancel)."""

    order_id: str = ""
    client_order_id: str = ""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)
