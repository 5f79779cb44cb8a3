"""Clearing the open orders that belong to one strategy: look, cancel, and look again."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from attrs import define, evolve, field

from bingx_async.core.options import CallOptions
from bingx_async.errors import BingXError, IncompleteList
from bingx_async.models import CancelOutcome, CancelStatus, OcoOrder, Order, Priority
from bingx_async.spot.batches import Id, failed
from bingx_async.spot.oco_queries import names_of
from bingx_async.spot.orders import Orders

LOOKS = 3
PAUSE = 1.2  # seconds: the exchange refuses a second cancel of one order within a second
LATE = "not sent: the deadline was over"


@define(eq=False)
class Clearing:
    """Cancels the open orders for which `is_mine` holds; `outcomes` by the id under which each was cancelled."""

    orders: Orders
    is_mine: Callable[[Order | OcoOrder], bool]
    symbol: str | None
    within: float
    options: CallOptions
    outcomes: dict[Id, CancelOutcome] = field(init=False, factory=dict[Id, CancelOutcome])
    legs: set[str] = field(init=False, factory=set[str])  # every id of the pairs that were seen
    ends_at: float = field(init=False, default=0.0)

    async def run(self) -> list[CancelOutcome]:
        """Look, cancel, and look again; the outcome of every order that was seen."""
        self.ends_at = anyio.current_time() + self.within
        self.options = {"priority": Priority.CANCEL, **self.options}
        for look in range(LOOKS):
            try:
                plain, pairs = await self._open_orders(), await self._open_pairs()
                plain = [order for order in plain if not self._is_leg(order)]
            except BingXError:
                if not look:
                    raise
                break
            if not (plain or pairs) or (look and self._left <= 0):
                break
            if look and not self.outcomes.keys().isdisjoint([*map(ref_of, plain), *map(pair_ref, pairs)]):
                await anyio.sleep(min(PAUSE, max(0.0, self._left)))
            await self._cancel(plain)
            for pair in pairs:
                outcome = await self._cancel_pair(pair)
                self._keep([outcome])
                if outcome.status is not CancelStatus.CANCELLED:
                    self.legs -= names_of(pair)
        return list(self.outcomes.values())

    @property
    def _left(self) -> float:
        """Seconds until the deadline."""
        return self.ends_at - anyio.current_time()

    async def _open_orders(self) -> list[Order]:
        """Its plain orders that are open; of a list that is cut off those that it holds, for the others come next."""
        try:
            found = await self.orders.list_open_orders(self.symbol, **self.options)
        except IncompleteList as error:
            found = [order for order in error.items if isinstance(order, Order)]
        return [it for it in found if self.is_mine(it) and not self._is_cancelled(ref_of(it))]

    async def _open_pairs(self) -> list[OcoOrder]:
        found = await self.orders.list_open_oco_orders(**self.options)
        self.legs |= {name for pair in found for name in names_of(pair)}
        here = [it for it in found if self.symbol is None or {leg.symbol for leg in it.legs} == {self.symbol}]
        return [it for it in here if self.is_mine(it) and not self._is_cancelled(pair_ref(it))]

    def _is_leg(self, order: Order) -> bool:
        """Whether an order of the plain list is a leg, which is cancelled with its pair. A leg whose pair is not listed
        any more, such as one that was triggered, is cancelled as the plain order that it is now."""
        return not self.legs.isdisjoint({str(order.order_id), order.client_order_id} - {""})

    def _is_cancelled(self, order_ref: Id) -> bool:
        """Whether the exchange has accepted its cancel: it may be in the list for a moment more."""
        outcome = self.outcomes.get(order_ref)
        return outcome is not None and outcome.status is CancelStatus.CANCELLED

    async def _cancel(self, plain: list[Order]) -> None:
        for symbol in dict.fromkeys(order.symbol for order in plain):
            refs = [ref_of(order) for order in plain if order.symbol == symbol]
            if self._left <= 0:
                self._keep([CancelOutcome(each, CancelStatus.NOT_SENT, error=LATE) for each in refs])
                continue
            numbers = [each for each in refs if isinstance(each, int)]
            names = [each for each in refs if isinstance(each, str)]
            deadline = None if self._left == float("inf") else self._left
            self._keep(
                await self.orders.cancel_many(
                    symbol, numbers, client_order_ids=names, deadline=deadline, **self.options
                )
            )

    async def _cancel_pair(self, pair: OcoOrder) -> CancelOutcome:
        order_ref = pair_ref(pair)
        if self._left <= 0:
            return CancelOutcome(order_ref, CancelStatus.NOT_SENT, error=LATE)
        try:
            await self.orders.cancel_oco_order(pair.legs[0].order_id, **self.options)
        except BingXError as error:
            return evolve(failed(order_ref, error), id=order_ref)
        return CancelOutcome(order_ref, CancelStatus.CANCELLED)

    def _keep(self, outcomes: list[CancelOutcome]) -> None:
        self.outcomes |= {outcome.id: outcome for outcome in outcomes}


def ref_of(order: Order) -> Id:
    """The id by which an order is cancelled."""
    return order.client_order_id if order.order_id is None else order.order_id


def pair_ref(pair: OcoOrder) -> str:
    """The client order id of a leg."""
    return next((leg.client_order_id for leg in pair.legs if leg.client_order_id), pair.order_list_id)
