"""The orders that a call in doubt was about, read from its parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bingx_async.core.wire import items, mapping
from bingx_async.errors import OutcomeUnknown
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.replacing import REPLACE_ORDER
from bingx_async.spot.target import Act, Target

Params = Mapping[str, Any]


def targets_of(error: OutcomeUnknown) -> tuple[Target, ...]:
    """What can be looked up of a call in doubt; nothing for a call that leaves no trace in the lists of orders."""
    read = READERS.get(error.endpoint)
    return read(error.params) if read is not None else ()


def _named(params: Params, *names: str) -> tuple[str, ...]:
    return tuple(str(params[name]) for name in names if params.get(name) not in (None, ""))


def _placed(params: Params) -> tuple[Target, ...]:
    return (Target(Act.PLACE, str(params.get("symbol", "")), names=_named(params, "newClientOrderId"), params=params),)


def _placed_several(params: Params) -> tuple[Target, ...]:
    data = params.get("data")
    orders = json.loads(data) if isinstance(data, str) else data
    return tuple(target for order in items(orders) for target in _placed(mapping(order)))


def _replaced(params: Params) -> tuple[Target, ...]:
    symbol, number = str(params.get("symbol", "")), str(params.get("cancelOrderId") or "")
    return (Target(Act.CANCEL, symbol, number, _named(params, "cancelClientOrderID")), *_placed(params))


def _cancelled(params: Params) -> tuple[Target, ...]:
    symbol, number = str(params.get("symbol", "")), str(params.get("orderId") or "")
    return (Target(Act.CANCEL, symbol, number, _named(params, "clientOrderID")),)


def _cancelled_several(params: Params) -> tuple[Target, ...]:
    symbol = str(params.get("symbol", ""))
    numbers = [each for each in str(params.get("orderIds", "")).split(",") if each]
    names = [each for each in str(params.get("clientOrderIDs", "")).split(",") if each]
    by_number = (Target(Act.CANCEL, symbol, number) for number in numbers)
    return (*by_number, *(Target(Act.CANCEL, symbol, names=(name,)) for name in names))


def _cancelled_all(params: Params) -> tuple[Target, ...]:
    return (Target(Act.CANCEL_ALL, str(params.get("symbol", ""))),)


def _placed_oco(params: Params) -> tuple[Target, ...]:
    names = _named(params, "listClientOrderId", "aboveClientOrderId", "belowClientOrderId")
    return (Target(Act.PLACE_OCO, str(params.get("symbol", "")), names=names),)


def _cancelled_oco(params: Params) -> tuple[Target, ...]:
    return (Target(Act.CANCEL_OCO, "", str(params.get("orderId") or ""), _named(params, "clientOrderId")),)


READERS: Mapping[str, Callable[[Params], tuple[Target, ...]]] = {
    PLACE_ORDER.path: _placed,
    PLACE_ORDERS.path: _placed_several,
    REPLACE_ORDER.path: _replaced,
    PLACE_OCO_ORDER.path: _placed_oco,
    CANCEL_ORDER.path: _cancelled,
    CANCEL_ORDERS.path: _cancelled_several,
    CANCEL_OPEN_ORDERS.path: _cancelled_all,
    CANCEL_OCO_ORDER.path: _cancelled_oco,
}
