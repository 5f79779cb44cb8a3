"""The order book of one account: resting limit orders and OCO pairs.

Rules: an order is on the book while it is open; filled and cancelled ones leave it. Client ids are unique among
open orders. `balance` is in the quote asset for every symbol, None is without bound; an open order locks
price * quantity, an OCO pair locks its dearer leg.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from bingx_async.emulator.traffic import BusinessRefusal
from bingx_async.errors import InvalidRequest


@frozen
class Order:
    """One order of `trade/*`: prices and quantities as texts, the id an int64."""

    order_id: int
    symbol: str
    side: str
    price: str
    quantity: str
    type: str = "LIMIT"
    status: str = "NEW"
    client_order_id: str = ""
    executed_quantity: str = "0"

    @property
    def cost(self) -> Decimal:
        """The amount that the order locks, in the quote asset."""
        return Decimal(self.price) * Decimal(self.quantity)

    def to_wire(self) -> dict[str, Any]:
        """The exchange's mapping of an order."""
        return {
            "symbol": self.symbol,
            "orderId": self.order_id,
            "price": self.price,
            "stopPrice": "0",
            "origQty": self.quantity,
            "executedQty": self.executed_quantity,
            "cummulativeQuoteQty": "0",
            "status": self.status,
            "type": self.type,
            "side": self.side,
            "clientOrderID": self.client_order_id,
        }


@frozen
class OcoLeg:
    """One leg of an OCO pair; `kind` is ocoLimit or ocoTps."""

    order_id: str
    client_order_id: str
    kind: str
    price: Decimal
    trigger_price: Decimal


@frozen(eq=False)
class OcoPair:
    """A limit leg and a stop-limit leg; cancelling either cancels both."""

    list_id: str
    symbol: str
    side: str
    quantity: Decimal
    legs: tuple[OcoLeg, OcoLeg]
    placed_at: int

    @property
    def names(self) -> tuple[str, ...]:
        """Every order id and client id of the legs."""
        return tuple(name for leg in self.legs for name in (leg.order_id, leg.client_order_id) if name)

    @property
    def cost(self) -> Decimal:
        """The amount that the pair locks, in the quote asset: the cost of its dearer leg."""
        return max(leg.price for leg in self.legs) * self.quantity

    def to_wire(self) -> list[dict[str, Any]]:
        """The exchange's list of two legs."""
        return [
            {
                "transactionTime": self.placed_at,
                "orderId": leg.order_id,
                "clientOrderId": leg.client_order_id,
                "symbol": self.symbol,
                "orderType": leg.kind,
                "side": self.side,
                "triggerPrice": leg.trigger_price,
                "price": leg.price,
                "quantity": self.quantity,
                "orderListId": self.list_id,
                "status": "NEW",
            }
            for leg in self.legs
        ]


class Book:
    """The open orders and pairs of one account."""

    def __init__(self, account: str = "", balance: Decimal | None = None) -> None:
        self.account = account
        self.balance = balance
        self.locked = Decimal(0)
        self.orders: dict[int, Order] = {}
        self._order_ids: dict[str, int] = {}
        self._pairs: dict[str, OcoPair] = {}

    @property
    def pairs(self) -> list[OcoPair]:
        """The open OCO pairs, oldest first."""
        return list(dict.fromkeys(self._pairs.values()))

    def lock(self, cost: Decimal) -> None:
        """Set `cost` aside, or refuse with 100202."""
        if self.balance is not None and self.locked + cost > self.balance:
            raise BusinessRefusal(100202, "Insufficient balance")
        self.locked += cost

    def add(self, order: Order) -> None:
        """Put an order on the book; its cost is locked by the caller."""
        if order.client_order_id:
            self._order_ids[order.client_order_id] = order.order_id
        self.orders[order.order_id] = order

    def find(self, order_id: int | None, client_order_id: str = "") -> Order | None:
        """The open order of that id or client id."""
        known = order_id if order_id is not None else self._order_ids.get(client_order_id)
        return None if known is None else self.orders.get(known)

    def cancel(self, order: Order) -> Order:
        """Take the order off the book and free the amount it locked."""
        del self.orders[order.order_id]
        self._order_ids.pop(order.client_order_id, None)
        self.locked -= order.cost
        return evolve(order, status="CANCELED")

    def has_taken(self, client_order_ids: Iterable[str]) -> bool:
        """Whether an open order or leg already bears one of these client ids."""
        return any(name in self._order_ids or name in self._pairs for name in client_order_ids if name)

    def add_pair(self, pair: OcoPair) -> None:
        """Put a pair on the book; its cost is locked by the caller."""
        for name in pair.names:
            self._pairs[name] = pair

    def cancel_pair(self, name: str) -> OcoLeg | None:
        """Take the pair with a leg of that id or client id off the book; the leg that was named."""
        pair = self._pairs.get(name)
        if pair is None:
            return None
        for known in pair.names:
            del self._pairs[known]
        self.locked -= pair.cost
        return next(leg for leg in pair.legs if name in (leg.order_id, leg.client_order_id))


class Books(dict[str, Book]):
    """The book of each account."""

    def __missing__(self, account: str) -> Book:
        raise InvalidRequest(f"no account {account!r}; the accounts are {', '.join(sorted(self)) or 'none'}")
