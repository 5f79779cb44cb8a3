"""Cancelling many orders: through `cancelOrders`, ten at a time, and through single cancels where that helps.

`cancelOrders` with `process=1` reports an order that is not open in `fails` under code 0, which costs no error
budget; a single cancel of it does. So single cancels join only if the batch endpoint is closed, or if the caller is
certain that every order is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from bingx_async.core.options import CallOptions
from bingx_async.models.orders import CancelOutcome
from bingx_async.spot import arguments
from bingx_async.spot.batches import Id, failed
from bingx_async.spot.calling import Group
from bingx_async.spot.orders import cancel_routes


class ManyOrders(Group):
    """Methods that spread one job over several endpoints."""

    async def cancel_many(
        self,
        symbol: str,
        ids: Iterable[int | str],
        *,
        client_order_ids: Iterable[str] = (),
        certain: bool = False,
        **options: Unpack[CallOptions],
    ) -> list[CancelOutcome]:
        """Cancel any number of orders of one symbol as fast as the quotas allow; one outcome per id given, in order.

        `ids` are order ids; the outcomes of `client_order_ids` follow theirs. An id given twice travels once, and its
        outcome stands in both places. Which ids a request takes is decided when it may leave, so the plan follows
        every closed period. `certain`: every id is known to be open, so single cancels help from the start (25 ids
        per window instead of 20 under the documented quotas); otherwise they join only while `cancelOrders` is
        closed, because a single cancel of an order that is gone spends error budget. `max_wait` holds for each
        request. No answer of the exchange raises; see `CancelStatus`.
        """
        pair = arguments.symbol(symbol)
        arguments.flag(certain, "certain")
        wanted: list[Id] = [*arguments.order_ids(ids, "ids"), *arguments.client_order_ids(client_order_ids)]
        routes = cancel_routes(pair, self._ids_per_batch)
        done = await self._calls.drain(wanted, routes, failed, options, everything_at_once=certain)
        return [done[order_ref] for order_ref in wanted]
