"""The tracker: the truth about one's own orders, from replies, events and queries together."""

from __future__ import annotations

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportPrivateUsage=false, reportUnnecessaryIsInstance=false
import os
from collections.abc import Callable, Mapping
from functools import partial as bind
from math import inf
from types import MappingProxyType, TracebackType
from typing import Any, Self

from bingx_async.core.options import kind_of
from bingx_async.errors import InvalidRequest, OutcomeUnknown
from bingx_async.models import Balance, Gap, Resynced, TrackedOrder
from bingx_async.spot import arguments
from bingx_async.spot.base import Group
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.orders import Orders
from bingx_async.spot.resolving import Resolving
from bingx_async.spot.tracker.acts import Acts
from bingx_async.spot.tracker.engine import Engine, Terms
from bingx_async.spot.tracker.follower import Follower
from bingx_async.spot.tracker.journal import Journal, MemoryJournal
from bingx_async.spot.tracker.portfolio import Change, Ref
from bingx_async.spot.tracker.submission import Submission

RESOLVE_FOR = 30.0  # seconds
QUEUE = 10_000  # changes
JournalLike = str | os.PathLike[str] | Journal | None


class Tracker(Acts):
    """Knows one's own orders and balances: `async with client.spot.tracker() as tracker`.

    Replies, events and queries go into one state for each order, which only goes forward: a fill is there once, "not
    found" ends nothing, an order whose outcome is not known stays so until it is proven. After each interruption, and
    every minute, everything is read again. `journal` (a path, or a `Journal` of your own) holds each order before it is
    sent: what a process that died has left open is found out at the next start.

    As an async iterator it gives what changes from its opening on: `OrderChanged`, `FillAdded`, `BalanceChanged`; and
    `Gap` at once where events may be missing, `Resynced` once everything was read again. What was before is in `orders`
    and `balances`.
    """

    def __init__(self, engine: Engine, orders: Any, ids: ClientIds) -> None:
        super().__init__(engine.portfolio, engine.upkeep, orders)
        self._engine, self._ids = engine, ids

    @property
    def orders(self) -> Mapping[int | str, TrackedOrder]:
        """Every order as it is known now, by its order id, or by its client order id while that is all there is. Of
        those that are done the last 1000 are kept."""
        orders = self._portfolio.orders()
        return MappingProxyType({order.order_id or order.client_order_id: order for order in orders})

    @property
    def balances(self) -> Mapping[str, Balance]:
        """The balances of the spot account as they are known now, by asset."""
        return MappingProxyType({balance.asset: balance for balance in self._portfolio.balances()})

    @property
    def is_synced(self) -> bool:
        """Whether no gap is open: nothing is known to be missing."""
        return self._engine.is_synced

    async def until_done(self, order: Ref, *, timeout: float | None = None) -> TrackedOrder:
        """The order once nothing can happen to it any more: it is final and all its fills are here, or it was never
        placed. Raises `TimeoutError` after `timeout` seconds, which changes nothing, and `ClientClosed`."""
        return await self._until(order, lambda it: it.is_done, timeout)

    async def until_open(self, order: Ref, *, timeout: float | None = None) -> TrackedOrder:
        """The order once the exchange is known to have it, in whatever state, or once it is done. Otherwise as
        `until_done`."""
        return await self._until(order, lambda it: it.is_open or it.status.is_final or it.is_done, timeout)

    async def __aenter__(self) -> Self:
        await self._engine.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.close()

    def __aiter__(self) -> Self:
        if not self._engine.is_entered:
            raise InvalidRequest("enter the tracker first: async with client.spot.tracker() as tracker")
        return self

    async def __anext__(self) -> Change | Gap | Resynced:
        return await self._engine.changes.next()

    def __repr__(self) -> str:
        name = f" of {self._ids.strategy}" if self._ids.strategy else ""
        return f"<Tracker{name}: {len(self._portfolio.open())} open orders of {len(self._portfolio.orders())}>"

    async def _until(self, order: Ref, is_met: Callable[[TrackedOrder], bool], timeout: float | None) -> TrackedOrder:
        within, known = arguments.seconds(timeout, "timeout"), self._known(order)
        if self._portfolio.find(known) is None and not is_met(known):
            raise InvalidRequest(f"the order {known.client_order_id!r} ended long ago and is forgotten: use get_order")
        find = lambda: self._portfolio.find(known) or known  # noqa: E731
        return await self._engine.waiting.until(find, is_met, None if within == inf else within)

    def _submit(self) -> Submission:
        return self._engine.submission()

    def _enquire(self, error: OutcomeUnknown) -> None:
        self._engine.enquire(error)


def tracker_of(
    group: Group, ids: ClientIds, is_for_all: bool, journal: JournalLike, most: int, resolve_for: float
) -> Tracker:
    """A tracker over the calls of a group: of the whole account, or of the orders that carry the mark of `ids`."""
    calls = group._calls
    owner = f"{calls.owner} {ids.strategy or ''}".strip()
    terms = Terms(owner, most, arguments.seconds(resolve_for, "resolve_for"))
    follower = Follower(calls, group._like(Orders, ids), _all if is_for_all else ids.is_mine)
    engine = Engine(calls, follower, group._like(Resolving, ids).resolve, journal_of(journal), terms)
    return Tracker(engine, bind(group._like, Orders, ids), ids)


def journal_of(given: JournalLike) -> Journal:
    """The journal that was given; of a path the one in that file."""
    if given is None:
        return MemoryJournal()
    if isinstance(given, str | os.PathLike):
        if os.fspath(given) in ("", ":memory:"):  # SQLite would take them, and keep nothing
            raise InvalidRequest(f"journal={given!r} is no file: give a path, such as 'orders.db'")
        from bingx_async.spot.tracker.sqlite_journal import SQLiteJournal  # sqlite3 is loaded where it is used

        return SQLiteJournal(given)
    if isinstance(given, type) or not callable(getattr(given, "record", None)):
        raise InvalidRequest(f"journal must be a path or have the methods of Journal, not {kind_of(given)}")
    return given


def _all(_client_order_id: str) -> bool:
    return True
