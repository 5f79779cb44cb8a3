"""Ids of orders: as parameters of one cancel, and as a batch of which each id gets an outcome of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bingx_async.core.endpoint import BatchRoute, Call, Endpoint
from bingx_async.core.signing import Param
from bingx_async.errors import ApiError, BingXError, OrderNotFound, OrderRefused, OutcomeUnknown
from bingx_async.models.orders import CancelOrdersResult, Order
from bingx_async.models.outcome import CancelOutcome, CancelStatus

Id = int | str  # an order id, or a client order id
Routes = tuple[BatchRoute[Id, CancelOutcome], ...]
_GONE = re.compile(r"not exist|not found|status *: *(?:CANCELED|FILLED|FAILED)", re.IGNORECASE).search


def names_in(ids: Sequence[Id]) -> tuple[str, ...]:
    """The client order ids among `ids`."""
    return tuple(order_ref for order_ref in ids if isinstance(order_ref, str))


def single_params(symbol: str, order_ref: Id) -> dict[str, Param]:
    """The parameters that name one order."""
    return {"symbol": symbol, "orderId" if isinstance(order_ref, int) else "clientOrderID": order_ref}


def batch_params(symbol: str, ids: Sequence[Id], partial: bool) -> dict[str, Param]:
    """The parameters that name several orders."""
    params: dict[str, Param] = {"symbol": symbol, "process": int(partial)}
    numbers = [str(order_ref) for order_ref in ids if isinstance(order_ref, int)]
    names = names_in(ids)
    if numbers:
        params["orderIds"] = ",".join(numbers)
    if names:
        params["clientOrderIDs"] = ",".join(names)
    return params


def routes(several: Endpoint[CancelOrdersResult], single: Endpoint[Order], symbol: str, ids_per_batch: int) -> Routes:
    """The two ways to cancel orders of `symbol`: several in one call, or one alone."""

    def call_several(ids: Sequence[Id]) -> Call[CancelOrdersResult]:
        return Call(several, batch_params(symbol, ids, True), names_in(ids))

    def call_single(ids: Sequence[Id]) -> Call[Order]:
        return Call(single, single_params(symbol, ids[0]), names_in(ids))

    def read_single(ids: Sequence[Id], order: Order) -> Mapping[Id, CancelOutcome]:
        return {ids[0]: CancelOutcome(ids[0], CancelStatus.CANCELLED, order)}

    return (
        BatchRoute(several, ids_per_batch, call_several, read_batch),
        BatchRoute(single, 1, call_single, read_single),
    )


def read_batch(ids: Sequence[Id], result: CancelOrdersResult) -> Mapping[Id, CancelOutcome]:
    """One outcome per id of a batch; an id that the reply does not name is unknown."""
    silent = "the reply does not name it"
    found = {order_ref: CancelOutcome(order_ref, CancelStatus.UNKNOWN, error=silent) for order_ref in ids}
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
    return CancelOutcome(order_ref, CancelStatus.NOT_SENT, error=str(error))


def unwrapped(outcome: CancelOutcome, path: str) -> Order:
    """The cancelled order, or the error that a call of its own to `path` would have raised."""
    if outcome.status is CancelStatus.CANCELLED:
        return outcome.order or Order()
    if outcome.status is CancelStatus.UNKNOWN:
        raise OutcomeUnknown(outcome.error, path, {"id": outcome.id}, names_in([outcome.id]))
    kind = OrderNotFound if outcome.status is CancelStatus.NOT_FOUND else OrderRefused
    raise kind(outcome.code, outcome.error, path, 200)
