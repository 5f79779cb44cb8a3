"""Strategies: orders that carry a mark, and only those.

Several programs, and a person, may trade on one account. The client order id of an order tells which strategy placed
it, so a strategy shows and cancels its own orders alone. An order whose id the exchange does not tell is not its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from functools import cached_property
from typing import Unpack

from bingx_async.core.options import CallOptions
from bingx_async.errors import InvalidRequest
from bingx_async.models import CancelOutcome, CancelRestriction, OcoOrder, Order, OrderStatus, OrderType, Side
from bingx_async.spot import arguments
from bingx_async.spot.batch_placing import BatchPlacing
from bingx_async.spot.batches import Id
from bingx_async.spot.clearing import Clearing
from bingx_async.spot.oco_queries import names_of
from bingx_async.spot.orders import Orders
from bingx_async.spot.placing import Placing
from bingx_async.spot.replacing import Replacing
from bingx_async.spot.tracker.tracker import QUEUE, RESOLVE_FOR, JournalLike, Tracker, tracker_of


class Strategy(Placing, BatchPlacing, Replacing):
    """The orders of one strategy: `client.spot.as_strategy("grid7")`.

    What it places carries its mark; a client order id of your own has to begin with that mark. It shows, replaces and
    cancels its own orders and no others: not those of another strategy, not those placed by hand. Fills are not here,
    because the exchange does not tell their client order ids: use `iter_fills` with `order_id`.
    """

    @property
    def name(self) -> str:
        """Its name, in lower case."""
        return self._ids.strategy or ""

    def is_mine(self, order: Order | OcoOrder) -> bool:
        """Whether the order carries the mark of this strategy."""
        names = names_of(order) if isinstance(order, OcoOrder) else {order.client_order_id}
        return any(map(self._ids.is_mine, names))

    async def place_oco_order(
        self,
        symbol: str,
        side: Side | str,
        *,
        quantity: arguments.Number,
        limit_price: arguments.Number,
        order_price: arguments.Number,
        trigger_price: arguments.Number,
        list_client_order_id: str | int | None = None,
        above_client_order_id: str | int | None = None,
        below_client_order_id: str | int | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoOrder:
        """Place an OCO order; see `client.spot.place_oco_order`. Ids of your own begin with the mark in digits."""
        return await self._all.place_oco_order(
            symbol,
            side,
            quantity=quantity,
            limit_price=limit_price,
            order_price=order_price,
            trigger_price=trigger_price,
            list_client_order_id=list_client_order_id,
            above_client_order_id=above_client_order_id,
            below_client_order_id=below_client_order_id,
            check=check,
            **options,
        )

    async def get_order(
        self,
        symbol: str,
        order_id: int | str | None = None,
        *,
        client_order_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """An order of its own; see `client.spot.get_order`. Raises `InvalidRequest` if it is not its own."""
        order = await self._all.get_order(symbol, order_id, client_order_id=client_order_id, **options)
        if not self.is_mine(order):
            raise InvalidRequest(f"the order {order_id or client_order_id} is not one of the strategy {self.name!r}")
        return order

    async def list_open_orders(
        self, symbol: str | None = None, *, symbols: Iterable[str] = (), **options: Unpack[CallOptions]
    ) -> list[Order]:
        """Its open orders; see `client.spot.list_open_orders`. OCO orders have a list of their own."""
        return list(filter(self.is_mine, await self._all.list_open_orders(symbol, symbols=symbols, **options)))

    async def iter_order_history(
        self,
        symbol: str | None = None,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        status: OrderStatus | str | None = None,
        type: OrderType | str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Order]:
        """Its orders that are done; see `client.spot.iter_order_history`."""
        orders = self._all.iter_order_history(symbol, start=start, end=end, status=status, type=type, **options)
        async for order in orders:
            if self.is_mine(order):
                yield order

    async def list_open_oco_orders(self, **options: Unpack[CallOptions]) -> list[OcoOrder]:
        """Its open OCO orders; see `client.spot.list_open_oco_orders`."""
        return list(filter(self.is_mine, await self._all.list_open_oco_orders(**options)))

    async def iter_oco_history(
        self,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[OcoOrder]:
        """Its OCO orders that are done; see `client.spot.iter_oco_history`."""
        async for order in self._all.iter_oco_history(start=start, end=end, **options):
            if self.is_mine(order):
                yield order

    async def cancel_order(
        self,
        symbol: str,
        order_id: int | str | None = None,
        *,
        client_order_id: str | None = None,
        only_if: CancelRestriction | str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Cancel an order of its own; see `client.spot.cancel_order`. One that is named by `order_id` is looked at
        first: `InvalidRequest` if it is not its own, and nothing is cancelled."""
        await self._check_old(symbol, arguments.order_ref(order_id, client_order_id), options)
        return await self._all.cancel_order(
            symbol, order_id, client_order_id=client_order_id, only_if=only_if, **options
        )

    async def cancel_mine(
        self, symbol: str | None = None, *, deadline: float | None = None, **options: Unpack[CallOptions]
    ) -> list[CancelOutcome]:
        """Cancel every open order of its own, plain or OCO, of one symbol or of all; one outcome for each.

        It looks again afterwards, and cancels what was placed or left in the meantime, three times at most. `deadline`
        in seconds is for the whole: an order that was not reached by then is `NOT_SENT`. The id of an outcome is the
        order's, or the client order id of a leg of an OCO order. Raises the error that kept it from seeing what is
        open; once something was cancelled, nothing raises.
        """
        pair = None if symbol is None else arguments.symbol(symbol)
        within = arguments.seconds(deadline, "deadline")
        return await Clearing(self._all, self.is_mine, pair, within, options).run()

    def tracker(self, journal: JournalLike = None, *, resolve_for: float = RESOLVE_FOR, queue: int = QUEUE) -> Tracker:
        """The truth about its orders, and no others; see `client.spot.tracker`. Balances are those of the account. The
        journal is its own: give each strategy a file."""
        return tracker_of(self, self._ids, False, journal, queue, resolve_for)

    async def _check_old(self, symbol: str, old: Id, options: CallOptions) -> None:
        """Only an order of its own may go."""
        if isinstance(old, str):
            self._ids.accept(old)
        else:
            await self.get_order(arguments.symbol(symbol), old, **options)

    @cached_property
    def _all(self) -> Orders:
        """The orders of the whole account; what it places has the mark."""
        return self._like(Orders, self._ids)

    def __repr__(self) -> str:
        return f"<Strategy {self.name}>"
