"""Cancelling many orders: through `cancelOrders`, ten at a time, and through single cancels where that helps.

`cancelOrders` with `process=1` reports an order that is not open in `fails` under code 0, which costs no error
budget; a single cancel of it does. So single cancels join only if the batch endpoint is closed, or if the caller is
certain that every order is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Unpack

from bingx_async.core.endpoint import Call
from bingx_async.core.pool import BatchRoute
from bingx_async.errors import (
    ApiError,
    BingXError,
    LocalError,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    TransportError,
)
from bingx_async.models import CancelOrdersResult, CancelOutcome, CancelStatus, Order
from bingx_async.spot import arguments
from bingx_async.spot.calling import CallOptions
from bingx_async.spot.orders import CANCEL_ORDER, CANCEL_ORDERS, Orders, batch_params, names_in, single_params

Id = int | str
_GONE = re.compile(r"not exist|not found|status *: *(?:CANCELED|FILLED|FAILED)", re.IGNORECASE).search


class ManyOrders(Orders):
    """Methods that spread one wish over several endpoints."""

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
        request. Nothing the exchange answers raises; see `CancelStatus`.
        """
        pair = arguments.symbol(symbol)
        arguments.flag(certain, "certain")
        wanted: list[Id] = [*arguments.order_ids(ids, "ids"), *arguments.client_order_ids(client_order_ids)]
        done = await self._drain(wanted, routes(pair, self._ids_per_batch), failed, options, everything_at_once=certain)
        return [done[order_ref] for order_ref in wanted]

    async def _cancel_one(self, symbol: str, order_ref: Id, options: CallOptions) -> Order:
        """Alone, or together with others of the symbol that queue, if the client coalesces cancels."""
        outcome = await self._join(symbol, order_ref, routes(symbol, self._ids_per_batch), options)
        if outcome is None:
            return await super()._cancel_one(symbol, order_ref, options)
        return unwrapped(outcome)


def routes(symbol: str, ids_per_batch: int) -> tuple[BatchRoute[Id, CancelOutcome], ...]:
    """The batch lane, then the single one."""

    def batch(ids: Sequence[Id]) -> Call[CancelOrdersResult]:
        return Call(CANCEL_ORDERS, batch_params(symbol, ids, True), names_in(ids))

    def single(ids: Sequence[Id]) -> Call[Order]:
        return Call(CANCEL_ORDER, single_params(symbol, ids[0]), names_in(ids))

    return (
        BatchRoute(CANCEL_ORDERS, ids_per_batch, batch, read_batch),
        BatchRoute(
            CANCEL_ORDER, 1, single, lambda ids, order: {ids[0]: CancelOutcome(ids[0], CancelStatus.CANCELLED, order)}
        ),
    )


def read_batch(ids: Sequence[Id], result: CancelOrdersResult) -> Mapping[Id, CancelOutcome]:
    """One outcome per id of a batch; an id that the reply does not name is unknown."""
    found = {
        order_ref: CancelOutcome(order_ref, CancelStatus.UNKNOWN, error="the reply does not name it")
        for order_ref in ids
    }
    for order in result.orders:
        for key in (order.order_id, order.client_order_id):
            if key in found:
                found[key] = CancelOutcome(key, CancelStatus.CANCELLED, order)
    for fail in result.fails:
        status = CancelStatus.NOT_FOUND if _GONE(fail.error) else CancelStatus.REFUSED
        for key in (fail.order_id, fail.client_order_id):
            if key in found:
                found[key] = CancelOutcome(key, status, error=fail.error)
    return found


def failed(order_ref: Id, error: BingXError) -> CancelOutcome:
    """The outcome of an id whose call raised."""
    if isinstance(error, OrderNotFound):
        return CancelOutcome(order_ref, CancelStatus.NOT_FOUND, None, error.code, error.message)
    if isinstance(error, OutcomeUnknown):
        return CancelOutcome(order_ref, CancelStatus.UNKNOWN, error=str(error))
    if isinstance(error, ApiError):
        return CancelOutcome(order_ref, CancelStatus.REFUSED, None, error.code, error.message)
    assert isinstance(error, (LocalError, TransportError))
    return CancelOutcome(order_ref, CancelStatus.NOT_SENT, error=str(error))


def unwrapped(outcome: CancelOutcome) -> Order:
    """The cancelled order, or the error that a call of its own would have raised."""
    if outcome.status is CancelStatus.CANCELLED:
        return outcome.order or Order()
    path = CANCEL_ORDERS.path
    if outcome.status is CancelStatus.UNKNOWN:
        raise OutcomeUnknown(outcome.error, path, {"id": outcome.id}, names_in([outcome.id]))
    kind = OrderNotFound if outcome.status is CancelStatus.NOT_FOUND else OrderRefused
    raise kind(outcome.code, outcome.error, path, 200)
