"""The orders of one account: the open ones, all that there ever were, their fills, and the OCO pairs.

Rules: ids grow. A client id is known for 2 hours. Of the orders that are done, the latest `KEPT` are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable

from bingx_async.emulator.trading.orders import Fill, OcoPair, Order
from bingx_async.errors import InvalidRequest

CLIENT_ID_MS = 2 * 3_600_000
KEPT = 100_000


class Book:
    """The orders of one account, by order id, oldest first; OCO legs lie in the pairs."""

    def __init__(self, account: str = "") -> None:
        self.account = account
        self.orders: dict[int, Order] = {}  # the open ones
        self.all_orders: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self.all_pairs: list[OcoPair] = []
        self._by_client_id: dict[str, Order] = {}
        self._pairs: dict[str, OcoPair] = {}
        self.asked_to_cancel: dict[str, int] = {}  # id as it was written -> when, ms

    @property
    def pairs(self) -> list[OcoPair]:
        """The open OCO pairs, oldest first."""
        return [pair for pair in self.all_pairs if pair.is_open]

    def add(self, order: Order) -> None:
        """Remember an order that was placed."""
        self.orders[order.order_id] = self.all_orders[order.order_id] = order
        if order.client_order_id:
            self._by_client_id[order.client_order_id] = order

    def rename(self, order: Order, order_id: int) -> None:
        """Let an order go on under another id."""
        del self.orders[order.order_id], self.all_orders[order.order_id]
        order.order_id = order_id
        self.orders[order_id] = self.all_orders[order_id] = order

    def close(self, order: Order) -> None:
        """Take an order that is done off the open ones."""
        self.orders.pop(order.order_id, None)
        if len(self.all_orders) > KEPT + len(self.orders):
            self._forget(next(order for order in self.all_orders.values() if not order.is_open))

    def find(self, order_id: int | None, client_order_id: str = "", time: int = 0) -> Order | None:
        """The order of that id, or of that client id if it is not older than 2 hours."""
        if order_id is not None:
            return self.all_orders.get(order_id)
        order = self._by_client_id.get(client_order_id)
        return order if order is not None and order.placed_at > time - CLIENT_ID_MS else None

    def has_taken(self, client_order_ids: Iterable[str], time: int) -> bool:
        """Whether an order or leg bears one of these client ids."""
        return any(self.find(None, name, time) or name in self._pairs for name in client_order_ids if name)

    def add_pair(self, pair: OcoPair) -> None:
        """Remember a pair that was placed."""
        self.all_pairs.append(pair)
        for name in (*pair.names, pair.list_id, pair.list_client_id):
            if name:
                self._pairs[name] = pair

    def find_pair(self, name: str) -> OcoPair | None:
        """The pair of which this is an order id or client id: of a leg or of the list."""
        return self._pairs.get(name)

    def _forget(self, order: Order) -> None:
        del self.all_orders[order.order_id]
        self._by_client_id.pop(order.client_order_id, None)


class Books(dict[str, Book]):
    """The book of each account."""

    def __missing__(self, account: str) -> Book:
        raise InvalidRequest(f"no account {account!r}; the accounts are {', '.join(sorted(self)) or 'none'}")
