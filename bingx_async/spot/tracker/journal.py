"""The journal of intents: an order is written down before it is sent, and its outcome afterwards.

A process that dies between the two leaves an open intent. Whatever became of that order is found out at the next start,
and no order is placed a second time because the first was forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bingx_async.core.endpoint import Call
from bingx_async.core.wire import items, mapping
from bingx_async.errors import JournalUnavailable
from bingx_async.models import Intent
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER

OTHERS = "the journal belongs to {!r}, and the tracker is that of {!r}: give each account and strategy its own"
IN_USE = "the journal is in use by another tracker, perhaps in another process: give each its own"


class Journal(Protocol):
    """Keeps intents: write one for a store of your own. Raise `JournalUnavailable` where it fails."""

    async def open(self, owner: str) -> Sequence[Intent]:
        """Open it for one tracker; returns every intent that is not settled, oldest first. `owner` names account and
        strategy: a journal that has another owner, or that is open already, must be refused."""
        ...

    async def record(self, intents: Sequence[Intent]) -> None:
        """Keep them, each in the place of an earlier one of the same client order id. Once this has returned they must
        outlast the process and the machine: the order is sent then. Calls may come while another is under way."""
        ...

    async def aclose(self) -> None:
        """Close it; twice is harmless."""
        ...


class MemoryJournal:
    """A journal that ends with the process: for tests, and for trackers that need none. `kept` has every intent by its
    client order id."""

    def __init__(self) -> None:
        self.kept: dict[str, Intent] = {}
        self.owner = ""
        self._is_open = False

    async def open(self, owner: str) -> Sequence[Intent]:
        """See `Journal`."""
        if self._is_open:
            raise JournalUnavailable(IN_USE)
        if self.owner not in ("", owner):
            raise JournalUnavailable(OTHERS.format(self.owner, owner))
        self._is_open, self.owner = True, owner
        return [each for each in self.kept.values() if not each.outcome.is_settled]

    async def record(self, intents: Sequence[Intent]) -> None:
        """See `Journal`."""
        self.kept.update({each.client_order_id: each for each in intents})

    async def aclose(self) -> None:
        """See `Journal`."""
        self._is_open = False


def intents_of(call: Call[Any], at: datetime) -> list[Intent]:
    """The orders that a call would place, each by itself: one of several can be looked up alone."""
    params = call.params
    if call.endpoint.path == PLACE_OCO_ORDER.path:
        names = call.client_order_ids
        return [Intent(str(params["listClientOrderId"]), PLACE_OCO_ORDER.path, params, names, at)]
    if call.endpoint.path == PLACE_ORDERS.path:
        return [_plain(mapping(order), at) for order in items(params["data"])]
    return [_plain(params, at)]


def _plain(params: Mapping[str, Any], at: datetime) -> Intent:
    name = str(params["newClientOrderId"])
    return Intent(name, PLACE_ORDER.path, params, (name,), at)
