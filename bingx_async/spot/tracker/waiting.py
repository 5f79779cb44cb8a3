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
        self._waiting: dict[anyio.Event, set[str]] = {}  # by every id: a triggered order goes on under another order id
        self._error: BingXError | None = None

    async def until(
        self, find: Callable[[], TrackedOrder], is_met: Callable[[TrackedOrder], bool], timeout: float | None
    ) -> TrackedOrder:
        """The order, once `is_met` by it. Raises `TimeoutError` after `timeout` seconds, and the error of `fail`."""
        with anyio.fail_after(timeout):
            while not is_met(order := find()):
                if self._error is not None:
                    raise self._error
                await self._change_of(order)
        return order

    def tell(self, order: TrackedOrder) -> None:
        """An order has changed."""
        if self._waiting:
            names = names_of(order)
            for changed, awaited in self._waiting.items():
                if not names.isdisjoint(awaited):
                    changed.set()

    def fail(self, error: BingXError) -> None:
        """Nothing changes any more."""
        self._error = self._error or error
        for changed in self._waiting:
            changed.set()

    async def _change_of(self, order: TrackedOrder) -> None:
        changed = anyio.Event()
        self._waiting[changed] = names_of(order)
        try:
            await changed.wait()
        finally:
            del self._waiting[changed]
