"""Reading over REST: all that may have been missed, one order, the fills of some.

"Not found" is an answer of one moment and ends nothing: it is kept as evidence. So is a refusal to tell of one order,
or of the fills of one symbol, which keeps no other from being read. The lists come first, for there an order that is
missing costs no error budget; one order is asked for only while one more error leaves the endpoint open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial as bind
from typing import Any

from attrs import define, field

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions
from bingx_async.core.order_report import LEGS
from bingx_async.errors import (
    ApiError,
    AuthenticationError,
    ClockError,
    IncompleteList,
    InvalidRequest,
    OrderNotFound,
    RateLimited,
    ServerBusy,
)
from bingx_async.models import OcoLeg, Order, Priority, TrackedOrder
from bingx_async.spot.balances import LIST_BALANCES
from bingx_async.spot.base import Calls
from bingx_async.spot.oco_queries import GET_OCO_ORDER
from bingx_async.spot.orders import Orders
from bingx_async.spot.queries import FILLS_KEPT, GET_ORDER
from bingx_async.spot.streaming.channels import BALANCES, CHANNELS, ORDERS
from bingx_async.spot.tracker.portfolio import Portfolio
from bingx_async.spot.tracker.waiting import key_of, names_of

OPTIONS = CallOptions(priority=Priority.READ, max_wait=60.0)
EARLIER = timedelta(seconds=60)  # a list is read from so much earlier: times may be rounded, clocks be off
BEFORE_FILLS = timedelta(seconds=5)
OLDEST_FILL = timedelta(milliseconds=FILLS_KEPT - 600_000.0)
READS = {True: 1, False: 2}  # how many lists in a row an order is missing from before it is asked for
TOGETHER = 20  # orders that are looked for one by one; more of them in the history
OF_ALL = (RateLimited, AuthenticationError, ClockError, ServerBusy)  # refusals that are about no single order
ALONE = 3  # orders of a symbol whose fills are asked for one by one


def is_leg(order: TrackedOrder) -> bool:
    """Whether it is one of an OCO order."""
    return order.type in LEGS or bool(order.order_list_id)


@define(eq=False)
class Reader:
    """Reads for one account, and lets the portfolio have the answers."""

    portfolio: Portfolio
    orders: Orders
    calls: Calls
    topics: Collection[str] = CHANNELS
    """The topics of which events are made up for."""
    since: datetime | None = None
    """When the last reading of everything began."""
    _absent: dict[str, int] = field(factory=dict[str, int])  # in how many lists in a row an open order was missing

    async def read_all(self, is_recovery: bool) -> list[TrackedOrder]:
        """Everything that may have changed: open orders, balances, what is done, fills. Returns the orders that are
        open as far as is known, though no list shows them. Raises the error of a read that failed."""
        if BALANCES.topic in self.topics:
            await self._read_balances()
        return await self._read_orders(is_recovery) if ORDERS.topic in self.topics else []

    async def _read_orders(self, is_recovery: bool) -> list[TrackedOrder]:
        began, before = self.portfolio.at(), self.portfolio.open()
        seen = await self._open_orders(before) | await self._open_pairs()
        gone = self._missing(before, seen, READS[is_recovery])
        if self.since is not None and (gone or is_recovery):
            await self._take_all(bind(self.orders.iter_order_history, start=self.since - EARLIER, **OPTIONS))
        for order in gone:
            if self._is_open(order):
                await self.look_at(order)
        await self.read_fills(self.portfolio.lacking())
        self.since = began
        return [order for order in gone if self._is_open(order)]

    async def catch_up(self) -> None:
        """Read what became of orders of which nothing is known but that they were placed; of many in one list."""
        lost = [order for order in self.portfolio.unsettled() if not order.status]
        if len(lost) > TOGETHER:
            start = min(order.time or self.portfolio.at() for order in lost) - EARLIER
            await self._take_all(bind(self.orders.iter_order_history, start=start, **OPTIONS))
        for order in lost:
            if not (self.portfolio.find(order) or order).status:
                await self.look_at(order)
        await self.read_fills(self.portfolio.lacking())

    async def look_at(self, order: TrackedOrder) -> bool:
        """Ask for one order, and where it is not found look for it in the history since it was placed. Returns whether
        it was found at once."""
        with self._alone([order], f"the order {key_of(order)}"):
            if is_leg(order):
                return await self._ask_for_leg(order)
            if await self._ask_for(order):
                return True
            start = (order.time or self.portfolio.at()) - EARLIER
            await self._take_all(bind(self.orders.iter_order_history, order.symbol, start=start, **OPTIONS))
        return False

    async def read_fills(self, lacking: Sequence[TrackedOrder], is_late: bool = False) -> None:
        """Read the fills of these orders. `is_late`: those that are final have been so for a while, so the list has all
        of their fills."""
        symbols = dict[str, list[TrackedOrder]]()
        for order in lacking:
            symbols.setdefault(order.symbol, []).append(order)
        for symbol, orders in symbols.items():
            groups = [orders] if len(orders) > ALONE else [[order] for order in orders]
            for group in groups:
                order_id, asked = group[0].order_id if len(group) == 1 else None, f"iter_fills({symbol})"
                with self._alone(group, asked):
                    is_whole = await self._fills(symbol, order_id, min(map(self._filled_since, group)))
                    for order in group if is_late and is_whole else ():
                        self.portfolio.fills_read(order, asked)

    @contextmanager
    def _alone(self, orders: Sequence[TrackedOrder], asked: str) -> Generator[None]:
        """Let a refusal that is about these orders be known of them, and go on."""
        try:
            yield
        except (ApiError, InvalidRequest) as error:
            if isinstance(error, OF_ALL):
                raise
            self.portfolio.report(f"{asked} cannot be read and is asked for again: {error}")
            for order in orders:
                self.portfolio.note(order, asked, str(error))

    def _is_open(self, order: TrackedOrder) -> bool:
        now = self.portfolio.find(order)
        return now is not None and now.is_open

    def _missing(self, before: Sequence[TrackedOrder], seen: set[str], most: int) -> list[TrackedOrder]:
        """The orders that were missing from this list and enough others before it."""
        absent, self._absent = self._absent, {}
        for order in before:
            if not names_of(order) & seen:
                key = key_of(order)
                self._absent[key] = absent.get(key, 0) + 1
        return [order for order in before if self._absent.get(key_of(order), 0) >= most]

    async def _open_orders(self, before: Sequence[TrackedOrder]) -> set[str]:
        symbols = {order.symbol for order in before if order.symbol}
        try:
            listed: Sequence[Order] = await self.orders.list_open_orders(symbols=symbols, **OPTIONS)
        except IncompleteList as error:  # those that are missing are asked for one by one
            listed = error.items
        for order in listed:
            self.portfolio.take_order(order, "list_open_orders()")
        return {name for order in listed for name in (str(order.order_id), order.client_order_id.lower())}

    async def _open_pairs(self) -> set[str]:
        legs = [leg for pair in await self.orders.list_open_oco_orders(**OPTIONS) for leg in pair.legs]
        for leg in legs:
            self.portfolio.take_leg(leg, "list_open_oco_orders()")
        return {name for leg in legs for name in (leg.order_id, leg.client_order_id.lower())}

    async def _read_balances(self) -> None:
        asked_at = self.portfolio.at()
        balances = await self.calls.call(Call(LIST_BALANCES, {}), OPTIONS)
        self.portfolio.take_reading(balances, asked_at)

    async def _ask_for(self, order: TrackedOrder) -> bool:
        asked = f"get_order({order.symbol}, {order.order_id or order.client_order_id})"
        if not self.calls.may_fail(GET_ORDER):
            self.portfolio.note(order, asked, "not asked: one more error could close the endpoint")
            return False
        by: Any = {"order_id": order.order_id} if order.order_id else {"client_order_id": order.client_order_id}
        try:
            found = await self.orders.get_order(order.symbol, **by, **OPTIONS)
        except OrderNotFound as error:
            self.portfolio.note(order, asked, error.message or "not found")
            return False
        self.portfolio.take_order(found, asked)
        return True

    async def _ask_for_leg(self, order: TrackedOrder) -> bool:
        """The history tells how a leg ended; the query by id may leave its state out."""
        legs = await self._done_legs(order)
        asked = "iter_oco_history()"
        if not any(names_of(order) & {leg.order_id, leg.client_order_id.lower()} for leg in legs):
            asked = f"get_oco_order({order.order_id or order.client_order_id})"
            legs = await self._legs_of(order, asked)
        for leg in legs:
            self.portfolio.take_leg(leg, asked)
        return any(leg.status for leg in legs)

    async def _legs_of(self, order: TrackedOrder, asked: str) -> Sequence[OcoLeg]:
        if not self.calls.may_fail(GET_OCO_ORDER):
            self.portfolio.note(order, asked, "not asked: one more error could close the endpoint")
            return ()
        by: Any = {"order_id": order.order_id} if order.order_id else {"client_order_id": order.client_order_id}
        try:
            return (await self.orders.get_oco_order(**by, **OPTIONS)).legs
        except OrderNotFound as error:
            self.portfolio.note(order, asked, error.message or "not found")
            return ()

    async def _done_legs(self, order: TrackedOrder) -> Sequence[OcoLeg]:
        start = (order.time or self.portfolio.at()) - EARLIER
        try:
            return [leg async for pair in self.orders.iter_oco_history(start=start, **OPTIONS) for leg in pair.legs]
        except IncompleteList as error:
            self.portfolio.report(f"the history of OCO orders is incomplete: {error}")
            return ()

    async def _take_all(self, ask: Any) -> None:
        listed: AsyncIterator[Order] = ask()
        try:
            async for order in listed:
                self.portfolio.take_order(order, "iter_order_history()")
        except IncompleteList as error:
            self.portfolio.report(f"the history of orders is incomplete: {error}")

    def _filled_since(self, order: TrackedOrder) -> datetime:
        at = self.portfolio.at()
        return max((order.time or at - OLDEST_FILL) - BEFORE_FILLS, at - OLDEST_FILL)

    async def _fills(self, symbol: str, order_id: int | str | None, start: datetime) -> bool:
        try:
            async for fill in self.orders.iter_fills(symbol, order_id=order_id, start=start, **OPTIONS):
                self.portfolio.take_fill(fill, f"iter_fills({symbol})")
        except IncompleteList as error:
            self.portfolio.report(f"the fills of {symbol} are incomplete: {error}")
            return False
        return True
