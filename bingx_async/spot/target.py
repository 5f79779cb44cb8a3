"""An order that is looked up, and how it is told from others."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from bingx_async.models import Fill, OcoLeg, Order

ROUNDING = 2_000.0  # ms; the exchange may cut times to seconds


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
    client order ids; none, if it was placed without."""

    act: Act
    symbol: str = ""
    order_id: str = ""
    names: tuple[str, ...] = ()

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
