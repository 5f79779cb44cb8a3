"""`client.spot.streams.orders()` and `.balances()`: the events of the account, and in place of those that were missed
what was read instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

from bingx_async.errors import InvalidRequest
from bingx_async.models import (
    BalanceChanged,
    BalanceUpdate,
    FillAdded,
    Gap,
    Order,
    OrderUpdate,
    Resynced,
    TrackedOrder,
)
from bingx_async.spot.tracker.changes import Changes
from bingx_async.spot.tracker.feed import Item
from bingx_async.spot.tracker.follower import Follower
from bingx_async.spot.tracker.portfolio import Change

T = TypeVar("T", bound=OrderUpdate | BalanceUpdate)


class AccountStream(Generic[T]):
    """The events of orders or of balances, for as long as its context is open::

        async with client.spot.streams.orders() as orders:
            async for update in orders: ...

    Besides the events come `Gap`, at once where some may be missing, and `Resynced`, once what was missed has been read
    and given: such items have `is_recovered`. A program that is too slow gets `Gap`, the present state, and `Resynced`.
    To enter it raises `StreamUnavailable` if the exchange cannot be reached, `ClientClosed`, and the error of the first
    reading. It may be entered once.
    """

    def __init__(self, follower: Follower, kind: type[T], recovered: Callable[[Change], T | None], most: int) -> None:
        self._follower, self._kind, self._recovered = follower, kind, recovered
        self._changes = Changes[T](most, self._present, follower.portfolio.at)

    async def __aenter__(self) -> Self:
        await self._follower.__aenter__()
        self._follower.portfolio.listeners.append(self._heed)
        self._follower.tell, self._follower.ended = self._tell, self._changes.fail
        if self._follower.feed.gap is not None:
            self._changes.put(self._follower.feed.gap)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._changes.fail(None)
        await self._follower.__aexit__(kind, error, trace)

    def __aiter__(self) -> Self:
        if not self._follower.is_entered:
            raise InvalidRequest("enter the stream first: async with client.spot.streams.orders() as updates")
        return self

    async def __anext__(self) -> T | Gap | Resynced:
        return await self._changes.next()

    def _tell(self, item: Item) -> None:
        if isinstance(item, (self._kind, Gap, Resynced)):
            self._changes.put(item)

    def _heed(self, change: Change) -> None:
        if not self._follower.feed.is_taking and (item := self._recovered(change)) is not None:
            self._changes.put(item)

    def _present(self) -> Iterable[T]:
        return filter(None, map(self._recovered, self._follower.portfolio.present()))


def recovered_order(change: Change) -> OrderUpdate | None:
    """What was read of an order, as an event."""
    if isinstance(change, BalanceChanged):
        return None
    order, fill = change.order, change.fill if isinstance(change, FillAdded) else None
    return OrderUpdate(_described(order), "", fill, order.update_time, is_recovered=True)


def recovered_balance(change: Change) -> BalanceUpdate | None:
    """What was read of a balance, as an event."""
    return BalanceUpdate((change.balance,), is_recovered=True) if isinstance(change, BalanceChanged) else None


def _described(order: TrackedOrder) -> Order:
    return Order(
        order.symbol,
        int(order.order_id) if order.order_id else None,
        order.client_order_id,
        order.price,
        order.stop_price,
        order.original_quantity,
        order.executed_quantity,
        order.cumulative_quote_quantity,
        order.status,
        order.type,
        order.side,
        order.original_quote_quantity,
        time=order.time,
        update_time=order.update_time,
    )
