"""The replies to several orders at once, and to a replacement: one outcome for each order that they tell of.

The exchange documents no failure of a part, so every shape is read: fewer orders than were sent, entries with a code or
a text in place of an order, and texts that tell two outcomes. What a reply leaves open is `UNKNOWN`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bingx_async.core.wire import integer, items, mapping, one, text
from bingx_async.models import Order, OrderStatus, PlaceOutcome, PlaceStatus

_NAMES = ("clientOrderID", "clientOrderId", "newClientOrderId", "origClientOrderId", "clientUserID")
_WORDS = ("msg", "message", "error", "errorMsg", "errMsg", "debugMsg")
_DUPLICATES = {100205, 101209, 109201, 101481}
_SENT_BEFORE = re.compile(
    r"once per second|client ?order ?id.{0,20}(?:already|duplicate|repeat|exist)|duplicate (?:client ?)?order",
    re.IGNORECASE,
).search
_UNCLEAR = {100500, 100503, 109500, 110500, 101500, 80012, 80019}
_NOT_DONE = re.compile(r"try again later", re.IGNORECASE).search
_MAY_BE_DONE = re.compile(r"time ?-?d? ?out|internal error", re.IGNORECASE).search

_read_order = one(Order)


def is_duplicate(code: int | None, message: str) -> bool:
    """Whether the exchange says that an order came before: it is to be looked up, and was not refused."""
    return code in _DUPLICATES or bool(_SENT_BEFORE(message))


def is_unclear(code: int | None, message: str) -> bool:
    """Whether an order may have been placed although its answer is an error."""
    if is_duplicate(code, message) or _MAY_BE_DONE(message):
        return True
    return code in _UNCLEAR and not _NOT_DONE(message)


def words_of(entry: Mapping[str, Any]) -> str:
    """The text of an error, if there is one."""
    return next((found for name in _WORDS if (found := text(entry.get(name)).strip())), "")


def read_placed(data: Any) -> list[PlaceOutcome]:
    """An outcome for every entry of the reply to several orders, in its order."""
    source = mapping(data)
    lists = [items(data)] if not source else [items(value) for value in source.values()]
    return [outcome_of(mapping(entry)) for entries in lists for entry in entries]


def outcome_of(entry: Mapping[str, Any]) -> PlaceOutcome:
    """One entry: an order with an id was placed, an error without one was refused, anything else is open."""
    order, code, words = _read_order(entry), integer(entry.get("code")), words_of(entry)
    name = order.client_order_id or next((found for key in _NAMES if (found := text(entry.get(key)))), "")
    is_error = bool(code)
    if order.order_id and order.status is OrderStatus.FAILED and not order.executed_quantity:
        return PlaceOutcome(
            name, PlaceStatus.REFUSED, order, code, words or "the exchange took the order and it failed"
        )
    if order.order_id and not is_error:
        return PlaceOutcome(name, PlaceStatus.PLACED, order)
    if (is_error or words) and not order.order_id and not is_unclear(code, words):
        return PlaceOutcome(name, PlaceStatus.REFUSED, None, code, words)
    return PlaceOutcome(name, PlaceStatus.UNKNOWN, None, code, words or "the reply tells neither an id nor an error")
