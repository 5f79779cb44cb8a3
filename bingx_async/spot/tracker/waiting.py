"""Waiting until an order has come so far."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from bingx_async.errors import BingXError
from bingx_async.models import TrackedOrder


def names_of(order: TrackedOrder) -> set[str]:
    """Every id of an order, as texts; the exchange may change letters of a client order id to lower case."""
    return {str(order.order_id or ""), order.client_order_id.lower()} - {""}


def key_of(order: TrackedOrder) -> str:
    """One id of an order, that of the exchange if it is known."""
    return str(order.order_id or order.client_order_id.lower())


class Waiting:
    """Those that wait for a change of an order, by its ids."""

    def __init__(self) -> None:
        self._changed: dict[str, anyio.Event] = {}
        self._error: BingXError | None = None

    async def until(
        self, find: Callable[[], TrackedOrder], is_met: Callable[[TrackedOrder], bool], timeout: float | None
    ) -> TrackedOrder:
        """The order, once `is_met` by it. Raises `TimeoutError` after `timeout` seconds, and the error of `fail`."""
        with anyio.fail_after(timeout):
            while not is_met(order := find()):
                if self._error is not None:
                    raise self._error
                await self._changed.setdefault(key_of(order), anyio.Event()).wait()
        return order

    def tell(self, order: TrackedOrder) -> None:
        """An order has changed."""
        if self._changed:
            for name in names_of(order):
                if (changed := self._changed.pop(name, None)) is not None:
                    changed.set()

    def fail(self, error: BingXError) -> None:
        """Nothing changes any more."""
        self._error = self._error or error
        for changed in self._changed.values():
            changed.set()
        self._changed.clear()
