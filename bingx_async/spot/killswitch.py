"""The kill switch: cancel everything, look whether anything is left, and repeat that until nothing is.

Whether the exchange's own call takes OCO orders along is not known, so they are cancelled beside it. A reply may be
lost, an endpoint be closed, a list be cut off: none of that ends the loop, and only two lists that were read to their
end, and are empty, end it well. "Nothing to cancel" is an error that closes an endpoint when it comes too often, so
after the first call nothing is cancelled but what a look has seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from datetime import datetime
from itertools import chain, repeat
from typing import Any, TypeVar, Unpack

import anyio
from attrs import define, field

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions, CallSettings
from bingx_async.errors import (
    AuthenticationError,
    BingXError,
    ClientClosed,
    IncompleteList,
    InvalidRequest,
    OrderNotFound,
    OrdersLeftOpen,
)
from bingx_async.models import CancelStatus, KillReport, OcoOrder, OcoReference, Order, Priority
from bingx_async.spot import arguments
from bingx_async.spot.base import Calls
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, Cancels
from bingx_async.spot.lookup import Lookup, moment_of
from bingx_async.spot.oco import CANCEL_OCO_ORDER

T = TypeVar("T")
# Of each call: a hanging or closed one must not hold the others up, and the next round makes it again.
URGENT: CallOptions = {"priority": Priority.KILL_SWITCH, "timeout": 3.0, "max_wait": 1.0}
BY_ID: CallOptions = {"max_wait": 5.0}  # the same, where many calls queue for one quota
DELAYS, LAST_DELAY = (0.25, 0.5, 1.0), 2.0  # seconds between rounds
PAIRS_AT_ONCE = 5
MOST_GONE = 3  # OCO orders in a round that were gone already; each costs error budget, so then a new look is taken
LASTING = (AuthenticationError, ClientClosed, InvalidRequest)  # no later round would end otherwise


class Killing(Cancels, Lookup):
    """Methods that cancel everything."""

    async def cancel_all_open_orders(self, *, deadline: float = 30.0, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of every symbol, OCO orders too, before everything else that waits.

        Returns the orders of `trade/*` that were cancelled, once both lists of open orders were read after it and
        were empty; OCO orders are in the report of `kill_switch`. Raises `OrdersLeftOpen` if something is left after
        `deadline` seconds, or could not be looked at: its `report` says which.
        """
        report = await self.kill_switch(deadline=deadline, **options)
        if not report.is_clear:
            raise OrdersLeftOpen(report) from (report.errors[-1] if report.errors else None)
        return list(report.cancelled)

    async def kill_switch(self, *, deadline: float = 30.0, **options: Unpack[CallOptions]) -> KillReport:
        """As `cancel_all_open_orders`, but returns what was cancelled and what is left: ask `is_clear`.

        No answer of the exchange raises. An order that is placed meanwhile is cancelled or reported like any other;
        one that arrives after the last look is not seen, so place nothing, and resolve `client.in_doubt`: a placement
        in doubt can still arrive until its `expires_at`. Raises `ClientClosed`, and `InvalidRequest` without keys.
        """
        within = arguments.seconds(deadline, "deadline")
        CallSettings().updated(options)  # a wrong one is refused before anything is sent
        kill = Kill(self, self._calls, {**URGENT, **options}, {**URGENT, **BY_ID, **options})
        with anyio.move_on_after(within):
            await kill.run()
        kill.raise_misuse()
        return kill.report()


@define(eq=False)
class Kill:
    """One run of the kill switch."""

    orders: Killing
    calls: Calls
    options: CallOptions
    by_id: CallOptions  # the options where many calls queue
    cancelled: dict[Any, Order] = field(init=False, factory=dict[Any, Order])  # by order id
    oco_cancelled: list[OcoReference] = field(init=False, factory=list[OcoReference])
    errors: list[BingXError] = field(init=False, factory=list[BingXError])
    open_orders: list[Order] | None = field(init=False, default=None)  # as seen last; None: never
    open_pairs: list[OcoOrder] | None = field(init=False, default=None)
    looked_at: datetime | None = field(init=False, default=None)
    is_told_nothing: bool = field(init=False, default=False)  # by the call that cancels everything: none is for it
    stayed: set[Any] = field(init=False, factory=set[Any])  # ids of orders that this call was to take last

    async def run(self) -> None:
        """Cancel and look until nothing is open, or no later round could end otherwise."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._cancel_everything)
            group.start_soon(self._cancel_pairs_seen)
        for delay in chain(DELAYS, repeat(LAST_DELAY)):
            await self._look()
            if self.report().is_clear or any(isinstance(error, LASTING) for error in self.errors):
                return
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel_orders)
                group.start_soon(self._cancel_pairs, self.open_pairs or [])
            await anyio.sleep(delay)

    def report(self) -> KillReport:
        """What was done and seen so far."""
        return KillReport(
            tuple(self.cancelled.values()),
            tuple(self.oco_cancelled),
            tuple(self.open_orders or ()),
            tuple(leg for pair in self.open_pairs or () for leg in pair.legs),
            tuple(self.errors),
            self.looked_at,
        )

    def raise_misuse(self) -> None:
        """Raise the error of a client that can send nothing at all."""
        for error in self.errors:
            if isinstance(error, (ClientClosed, InvalidRequest)):
                raise error

    async def _look(self) -> None:
        """Both lists at once; `looked_at` is set if both were read to their end."""
        began, whole = self.calls.now(), [False, False]

        async def look_at_orders() -> None:
            self.open_orders, whole[0] = await self._listed(
                self.orders.list_open_orders(**self.options), self.open_orders
            )

        async def look_at_pairs() -> None:
            self.open_pairs, whole[1] = await self._listed(
                self.orders.list_open_oco_orders(**self.options), self.open_pairs
            )

        self.looked_at = None
        async with anyio.create_task_group() as group:
            group.start_soon(look_at_orders)
            group.start_soon(look_at_pairs)
        if all(whole):
            self.looked_at = moment_of(began)

    async def _listed(self, answer: Awaitable[list[T]], before: list[T] | None) -> tuple[list[T] | None, bool]:
        """A list, and whether it is whole; as it was before, if it cannot be read."""
        try:
            return await answer, True
        except IncompleteList as error:
            self.errors.append(error)
            return list(error.items), False
        except BingXError as error:
            self.errors.append(error)
            return before, False

    async def _cancel_everything(self) -> bool:
        """The exchange's own call; whether it was accepted."""
        try:
            orders = await self.calls.call(Call(CANCEL_OPEN_ORDERS, {}), self.options)
        except BingXError as error:
            self.is_told_nothing = isinstance(error, OrderNotFound) and error.kind == "nothing open"
            if not self.is_told_nothing:
                self.errors.append(error)
            return False
        self._note(orders)
        return True

    async def _cancel_orders(self) -> None:
        """What a look has seen: by the exchange's own call, else by id. Legs of OCO orders are not for it, and it may
        leave other kinds of orders too: what is there after it was accepted goes by id."""
        legs = {leg.order_id for pair in self.open_pairs or () for leg in pair.legs}
        left = [order for order in self.open_orders or () if str(order.order_id) not in legs]
        is_left_by_it = any(order.order_id in self.stayed for order in left)
        self.stayed = set() if is_left_by_it else {order.order_id for order in left}  # in turns: either may be closed
        if left and (self.is_told_nothing or is_left_by_it or not await self._cancel_everything()):
            async with anyio.create_task_group() as group:
                for symbol in dict.fromkeys(order.symbol for order in left):
                    group.start_soon(self._cancel_by_id, symbol, [each for each in left if each.symbol == symbol])

    async def _cancel_by_id(self, symbol: str, orders: Iterable[Order]) -> None:
        ids = [order.order_id for order in orders if order.order_id is not None]
        try:
            outcomes = await self.orders.cancel_many(symbol, ids, deadline=5.0, **self.by_id)
        except BingXError as error:
            self.errors.append(error)
        else:
            self._note(each.order for each in outcomes if each.status is CancelStatus.CANCELLED)

    async def _cancel_pairs_seen(self) -> None:
        pairs, _ = await self._listed(self.orders.list_open_oco_orders(**self.options), None)
        self.open_pairs = pairs
        await self._cancel_pairs(pairs or [])

    async def _cancel_pairs(self, pairs: Iterable[OcoOrder]) -> None:
        left = [leg for pair in pairs if (leg := next((leg for leg in pair.legs if leg.order_id), None)) is not None]
        gone = 0

        async def work() -> None:
            nonlocal gone
            while left and gone < MOST_GONE:
                gone += await self._is_gone(left.pop().order_id)

        async with anyio.create_task_group() as group:
            for _ in range(PAIRS_AT_ONCE):
                group.start_soon(work)

    async def _is_gone(self, order_id: str) -> bool:
        """Cancel one pair; whether it was gone already."""
        try:
            done = await self.calls.call(Call(CANCEL_OCO_ORDER, {"orderId": order_id}), self.by_id)
        except OrderNotFound:
            return True
        except BingXError as error:
            self.errors.append(error)
        else:
            self.oco_cancelled.append(done)
        return False

    def _note(self, orders: Iterable[Order | None]) -> None:
        for order in orders:
            if order is not None:
                self.cancelled[order.order_id or order.client_order_id or len(self.cancelled)] = order
