"""Every open order of every account by its symbol, and the prices at which the next of them is due."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bingx_async.emulator.trading.matching import bounds
from bingx_async.emulator.trading.orders import Order

Bounds = tuple[Decimal | None, Decimal | None]


class OpenOrders:
    """The open orders; call `changed` after one of them has changed."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[int, Order]] = {}
        self._bounds: dict[str, Bounds] = {}

    @property
    def symbols(self) -> Iterable[str]:
        """The symbols that have or had any."""
        return self._orders

    def of(self, symbol: str) -> list[Order]:
        """Those of a symbol, in the order in which they came."""
        return list(self._orders.get(symbol, {}).values())

    def add(self, order: Order) -> None:
        """Add an order."""
        self._orders.setdefault(order.symbol, {})[id(order)] = order
        self.changed(order.symbol)

    def remove(self, order: Order) -> None:
        """Remove an order, if it is there."""
        self._orders.get(order.symbol, {}).pop(id(order), None)
        self.changed(order.symbol)

    def changed(self, symbol: str) -> None:
        """Forget the prices at which its next order is due."""
        self._bounds.pop(symbol, None)

    def due(self, symbol: str, half_spread: Decimal) -> Bounds:
        """The middle prices at which the next one is due; see `matching.bounds`."""
        if symbol not in self._bounds:
            self._bounds[symbol] = bounds(self.of(symbol), half_spread)
        return self._bounds[symbol]
