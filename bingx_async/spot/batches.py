"""Ids of orders: as parameters of one cancel, and as a batch of which each id gets an outcome of its own.

`cancelOrders` with `process=1` reports an order that is not open in `fails` under code 0, which costs no error
budget; a single cancel of it does. So to cancel many, single cancels join only if the batch endpoint is closed, or if
the caller is certain that every order is open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bingx_async.core.signing import Param
from bingx_async.core.wire import items
from bingx_async.errors import ApiError, BingXError, OrderNotFound, OrderRefused, OutcomeUnknown
from bingx_async.models import CancelFailure, CancelOrdersResult, CancelOutcome, CancelStatus, Order

Id = int | str  # an order id, or a client order id
SAID = {  # by an exchange that did not cancel an id; anything else is a refusal
    CancelStatus.NOT_FOUND: re.compile(
        r"not exist|not found|already (?:filled|cancel(?:led|ed))|status *: *(?:CANCELED|FILLED|FAILED)", re.IGNORECASE
    ).search,
    CancelStatus.UNKNOWN: re.compile("once per second", re.IGNORECASE).search,  # an earlier cancel may have run
}


def names_in(ids: Sequence[Id]) -> tuple[str, ...]:
    """The client order ids among `ids`."""
    return tuple([order_ref for order_ref in ids if isinstance(order_ref, str)])


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


def read_batch(ids: Sequence[Id], result: CancelOrdersResult) -> Mapping[Id, CancelOutcome]:
    """One outcome per id of a batch; an id that the reply does not name is unknown."""
    silent = "the reply does not name it"
    found = {order_ref: CancelOutcome(order_ref, CancelStatus.UNKNOWN, error=silent) for order_ref in ids}
    for order in result.orders:
        for key in (order.order_id, order.client_order_id):
            if key in found:
                found[key] = CancelOutcome(key, CancelStatus.CANCELLED, order)
    for fail in result.fails:
        status = next((status for status, said in SAID.items() if said(fail.error)), CancelStatus.REFUSED)
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


def unwrap(outcome: CancelOutcome, symbol: str, path: str) -> Order:
    """The cancelled order, or the error that a call of its own to `path` would have raised."""
    if outcome.status is CancelStatus.CANCELLED:
        return outcome.order or Order()
    if outcome.status is CancelStatus.UNKNOWN:
        raise OutcomeUnknown(outcome.error, path, single_params(symbol, outcome.id), names_in([outcome.id]))
    kind = OrderNotFound if outcome.status is CancelStatus.NOT_FOUND else OrderRefused
    raise kind(outcome.code, outcome.error, path, 200)


def fails(ids: Sequence[Id], error: str) -> tuple[CancelFailure, ...]:
    """The failures of a request that raised."""
    pairs = [(order_ref, "") if isinstance(order_ref, int) else (None, order_ref) for order_ref in ids]
    return tuple(CancelFailure(order_id, name, error) for order_id, name in pairs)


def merge(first: CancelOrdersResult, more: CancelOrdersResult) -> CancelOrdersResult:
    """The results of two requests as one."""
    raws = {name: [*items(first.raw.get(name)), *items(more.raw.get(name))] for name in ("orders", "fails")}
    return CancelOrdersResult(first.orders + more.orders, first.fails + more.fails, raws)
