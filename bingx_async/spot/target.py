"""An order that is looked up, and how it is told from others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import field, frozen

from bingx_async.core.wire import decimal
from bingx_async.models import Fill, OcoLeg, Order

ROUNDING = 2_000.0  # ms; the exchange may cut times to seconds
CLOCKS = 5_000.0  # ms by which the exchange lets clocks differ
NUMBERS = {
    "quantity": "original_quantity",
    "quoteOrderQty": "original_quote_quantity",
    "price": "price",
    "stopPrice": "stop_price",
}


class Act(Enum):
    """What the call would have done to the target."""

    PLACE = "place"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel all"
    PLACE_OCO = "place OCO"
    CANCEL_OCO = "cancel OCO"


@frozen
class Target:
    """An order, an OCO order, or every order of `symbol` (empty: of every symbol). It has an order id, or one or more
    client order ids; none, if it was placed without. `params` are those of the call that would have placed it."""

    act: Act
    symbol: str = ""
    order_id: str = ""
    names: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, hash=False)

    @property
    def key(self) -> str:
        """Its id, as the call named it."""
        return self.order_id or (self.names[0] if self.names else "")

    def is_named_by(self, it: Order | OcoLeg | Fill) -> bool:
        """Whether `it` carries an id of the target; the exchange may change letters to lower case."""
        listed = it.order_list_id if isinstance(it, OcoLeg) else ""
        given = {name.lower() for name in self.names}
        by_name = bool(given & {it.client_order_id.lower(), listed.lower()} - {""})
        return by_name or (self.order_id != "" and str(it.order_id) == self.order_id)

    def might_be(self, it: Order | OcoLeg | Fill, since: float) -> bool:
        """Whether `it`, which appeared after `since` (epoch ms), might be the target for lack of an id to compare."""
        is_new = it.time is None or it.time.timestamp() * 1000.0 >= since - ROUNDING
        has_no_name = not self.names or not it.client_order_id
        return has_no_name and is_new and it.symbol in ("", self.symbol)

    def is_other(self, it: Order, since: float) -> bool:
        """Whether an order of this id is not that of the call which left at `since` (epoch ms): it trades the other
        way, or was there before and differs. A new one may differ, for the exchange cuts digits off."""
        if it.side and it.side != self.params.get("side", it.side):
            return True
        is_older = it.time is not None and it.time.timestamp() * 1000.0 < since - ROUNDING - CLOCKS
        return is_older and not self._is_alike(it)

    def _is_alike(self, it: Order) -> bool:
        """Whether nothing in the description contradicts the parameters."""
        pairs = [(getattr(it, name), decimal(self.params.get(key))) for key, name in NUMBERS.items()]
        kind = self.params.get("type", it.type)
        return it.type in ("", kind) and all(told == given for told, given in pairs if told and given)
