"""The items of streams: events of an account, and signs of what a stream could not deliver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from bingx_async.models.account import Balance
from bingx_async.models.orders import Fill, Order

__all__ = ["BalanceUpdate", "Gap", "Lagged", "OrderUpdate", "Reconnected", "Resynced"]


@frozen
class Lagged:
    """Items that were dropped because the program took them too slowly."""

    channel: str
    """The name of the stream, such as "trades"."""
    symbol: str
    """The trading pair whose items were dropped."""
    missed: int
    """How many."""


@frozen
class Reconnected:
    """The connection was lost, and is there again: what happened in between was not delivered."""

    channel: str
    """The name of the stream, such as "trades"."""
    symbols: tuple[str, ...]
    """The trading pairs concerned; empty for a stream of the account."""
    since: datetime
    """When something was heard last, by the exchange's clock (aware UTC)."""
    at: datetime
    """When the stream was there again."""
    reason: str
    """Why the connection was lost."""


@frozen
class Gap:
    """Events of the account may be missing since `since`. `Resynced` follows once everything has been read again."""

    since: datetime
    """When something was heard last, by the exchange's clock (aware UTC)."""
    reason: str
    """Why events may be missing."""


@frozen
class Resynced:
    """Everything was read again after a `Gap`: the items before this one have what was missing."""

    since: datetime
    """When the gap began (aware UTC)."""
    at: datetime
    """When the last answer came."""


@frozen
class OrderUpdate:
    """An event of one's own order: it was accepted, filled, cancelled."""

    order: Order
    """The order as the event describes it. It may be older than what is known from elsewhere."""
    execution: str
    """The kind of event, in the exchange's words: NEW, TRADE, CANCELED, EXPIRED; empty if read after a gap."""
    fill: Fill | None = None
    """The trade that the event reports, if it reports one."""
    time: datetime | None = None
    """When the exchange made the event."""
    is_recovered: bool = False
    """Whether it was read by a query after a gap, in place of events that were missed."""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)


@frozen
class BalanceUpdate:
    """New balances of the assets that changed."""

    balances: tuple[Balance, ...]
    """The assets that changed, with what there is of them now. `locked` is None where the event does not tell."""
    reason: str = ""
    """The exchange's word for the cause: ORDER, DEPOSIT, ASSET_TRANSFER and others; empty where read by a query."""
    changes: Mapping[str, Decimal] = field(factory=dict[str, Decimal])
    """By how much each asset changed, where the event tells."""
    time: datetime | None = None
    """When the exchange made the event."""
    is_recovered: bool = False
    """Whether it was read by a query after a gap."""
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)
