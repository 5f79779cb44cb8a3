"""The replies to a replacement, in every shape that has been met.

    code 0      {cancelResult: {code, msg, result}, openResult: {...}, orderCancelResponse, orderOpenResponse}
                {cancelResult: "SUCCESS", newOrderResult: "FAILURE", cancelResponse, newOrderResponse}
    an error    order open error:<words>, and the previous cancel order request result:<true or false>, <words>

The order of a half that failed is empty, or has the id 0. A half whose result and order contradict each other is
`UNKNOWN`, and so is one of which nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from bingx_async.core.wire import flag, integer, mapping, one, text
from bingx_async.models import (
    CancelOutcome,
    CancelStatus,
    Order,
    OrderStatus,
    PlaceOutcome,
    PlaceStatus,
    ReplaceOutcome,
)
from bingx_async.spot.entries import is_unclear, words_of

_OPEN_RESULT, _CANCEL_RESULT = ("openResult", "newOrderResult"), ("cancelResult",)
_OPEN_ORDER = ("orderOpenResponse", "newOrderResponse", "openResponse")
_CANCEL_ORDER = ("orderCancelResponse", "cancelResponse")
_TWO_HALVES = re.compile(
    r"order open error:(?P<open>.*?)[,;]?\s*(?:and )?(?:the )?previous cancel order request result:\s*(?P<done>\w+)"
    r"[\s,;:]*(?P<cancel>.*)",
    re.IGNORECASE | re.DOTALL,
).search
_is_gone = re.compile(
    r"not exist|not found|already (?:filled|cancel)|status *: *(?:CANCELED|FILLED|FAILED)", re.IGNORECASE
).search
_YES, _NO = {"success", "succeeded", "ok"}, {"failure", "failed", "fail", "not_attempted"}
_SILENT, _UNSAID = "the reply does not tell", "the exchange does not say why"

_read_order = one(Order)


@frozen
class Half:
    """One half of a reply: whether it was done (None where that is open), its order, and the error."""

    is_done: bool | None
    order: Order | None
    code: int | None
    error: str


def read_replaced(data: Any) -> ReplaceOutcome:
    """The two outcomes of an accepted replacement, under the ids that the reply has."""
    source = mapping(data)
    cancel, place = _half(source, _CANCEL_RESULT, _CANCEL_ORDER), _half(source, _OPEN_RESULT, _OPEN_ORDER)
    return ReplaceOutcome(_cancelled(cancel), _placed(place, cancel), source)


def read_halves(message: str) -> ReplaceOutcome | None:
    """The two outcomes in the text of an error, if it has them."""
    found = _TWO_HALVES(message)
    if found is None:
        return None
    cancel = Half(_is_yes(found["done"]), None, None, found["cancel"].strip())
    words = found["open"].strip()
    is_open = is_unclear(None, words) or not words or _is_yes(words) is not None  # "error:success" refuses nothing
    status = PlaceStatus.UNKNOWN if is_open else PlaceStatus.REFUSED
    return ReplaceOutcome(_cancelled(cancel), PlaceOutcome("", status, error=words), {"msg": message})


def read_refusal(code: int | None, message: str, is_missing: bool, places_anyway: bool) -> ReplaceOutcome:
    """The outcomes of a replacement that was refused as a whole. `is_missing`: the refusal speaks of the old order;
    where the new one is placed in any case (`places_anyway`), that tells nothing of it."""
    is_about_old = places_anyway and (is_missing or bool(_is_gone(message)))
    is_open = is_about_old or is_unclear(code, message)
    return ReplaceOutcome(
        CancelOutcome(0, CancelStatus.NOT_FOUND if is_about_old else CancelStatus.UNKNOWN, None, code, message),
        PlaceOutcome("", PlaceStatus.UNKNOWN if is_open else PlaceStatus.REFUSED, None, code, message),
    )


def _half(source: Mapping[str, Any], results: tuple[str, ...], orders: tuple[str, ...]) -> Half:
    result = next((source[name] for name in results if source.get(name) is not None), None)
    order = _read_order(next((source[name] for name in orders if source.get(name)), None))
    told = mapping(result)
    is_done = _is_yes(told.get("result") if told else result)
    code, words = integer(told.get("code")), words_of(told)
    if is_done is None and code:
        is_done = False
    if is_done is None and order.order_id:
        is_done = True
    return Half(is_done, order if order.order_id else None, code or None, words)


def _is_yes(value: object) -> bool | None:
    """True or False from a flag or its words; None where that is open."""
    found = flag(value)
    if found is not None:
        return found
    word = text(value).lower()
    return True if word in _YES else False if word in _NO else None


def _cancelled(half: Half) -> CancelOutcome:
    name = half.order.order_id if half.order is not None and half.order.order_id else 0
    if half.is_done:
        return CancelOutcome(name, CancelStatus.CANCELLED, half.order)
    if half.is_done is None or (half.order is not None and half.order.status is OrderStatus.CANCELED):
        return CancelOutcome(name, CancelStatus.UNKNOWN, half.order, half.code, half.error or _SILENT)
    status = CancelStatus.NOT_FOUND if _is_gone(half.error) else CancelStatus.REFUSED
    return CancelOutcome(name, status, half.order, half.code, half.error or _UNSAID)


def _placed(half: Half, cancel: Half) -> PlaceOutcome:
    order = half.order or Order()
    name, has_failed = order.client_order_id, order.status is OrderStatus.FAILED and not order.executed_quantity
    if half.is_done and half.order is not None and not has_failed:
        return PlaceOutcome(name, PlaceStatus.PLACED, half.order)
    is_refused = half.is_done is False and half.order is None and not is_unclear(half.code, half.error)
    if is_refused or has_failed:
        why = half.error or ("the old order was not cancelled" if cancel.is_done is False else _UNSAID)
        return PlaceOutcome(name, PlaceStatus.REFUSED, half.order, half.code, why)
    return PlaceOutcome(name, PlaceStatus.UNKNOWN, half.order, half.code, half.error or _SILENT)
