"""The parts of a tracker, put together, opened and closed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial as bind

import anyio
from attrs import frozen

from bingx_async.errors import BingXError, ClientClosed, InvalidRequest, OutcomeUnknown
from bingx_async.models import Gap, OrderChanged, Placement, Resynced, TrackedOrder
from bingx_async.spot.balances import LIST_BALANCES
from bingx_async.spot.base import Calls
from bingx_async.spot.tracker.adopting import adopt
from bingx_async.spot.tracker.changes import Changes
from bingx_async.spot.tracker.enquiries import Enquiries, Resolve
from bingx_async.spot.tracker.feed import Item
from bingx_async.spot.tracker.follower import Follower
from bingx_async.spot.tracker.journal import Journal
from bingx_async.spot.tracker.keeping import Keeper
from bingx_async.spot.tracker.portfolio import Change
from bingx_async.spot.tracker.submission import Submission
from bingx_async.spot.tracker.waiting import Waiting


@frozen
class Terms:
    """`owner` is that of the journal, `most` the changes that may wait, `resolve_for` the seconds for which the start
    waits until it is known what became of the orders of an earlier run."""

    owner: str
    most: int
    resolve_for: float


class Engine:
    """Runs between `open` and `close`. What an earlier run has left is known, or asked for, when `open` returns."""

    def __init__(self, calls: Calls, follower: Follower, resolve: Resolve, journal: Journal, terms: Terms) -> None:
        self._calls, self._follower, self._terms, self._resolve = calls, follower, terms, resolve
        self.portfolio, self.upkeep = follower.portfolio, follower.upkeep
        self.keeper = Keeper(journal, self.portfolio.find, calls.warn)
        self.changes = Changes[Change](terms.most, self.portfolio.present, self.portfolio.at)
        self.waiting = Waiting()
        follower.tell, follower.ended = self._tell, self._fail
        self._is_telling = False
        self._stack: AsyncExitStack | None = None

    async def open(self) -> None:
        """Open the journal, follow the account, and find out what is open from an earlier run."""
        if self._stack is not None:
            raise InvalidRequest("a tracker is entered once; make another one")
        self._calls.check(LIST_BALANCES)  # without keys there is no account, whose the journal would be for good
        self._stack = AsyncExitStack()
        async with AsyncExitStack() as stack:
            intents = await self.keeper.open(self._terms.owner)
            stack.push_async_callback(self.keeper.aclose)
            self._enquiries = Enquiries(self.portfolio, self._calls, self._resolve)
            self.portfolio.listeners.append(self._heed)
            doubts = adopt(self.portfolio, intents)
            await stack.enter_async_context(self._follower)
            self._follower.tasks.start(self.keeper.run)
            await self._resolve_all(doubts)
            self._begin_telling()
            stack.callback(self.waiting.fail, ClientClosed("the tracker was closed"))
            stack.callback(self._end, None)
            self._stack = stack.pop_all()

    async def close(self) -> None:
        """End every task, and close the journal."""
        assert self._stack is not None
        await self._stack.aclose()

    def submission(self) -> Submission:
        """For one call that places orders."""
        if not self._is_telling:
            raise ClientClosed("the tracker is not open: use it inside `async with`; nothing was sent")
        return Submission(self._calls, self.portfolio, self.keeper, self.enquire)

    def enquire(self, doubt: OutcomeUnknown) -> None:
        """Find out about a call in doubt in the background. Once closed, the journal and `client.in_doubt` have it."""
        if self._is_telling:
            self._follower.tasks.start(self._find_out, doubt)

    def _tell(self, item: Item) -> None:
        """An event, or a gap or its end: of events what they change is told."""
        if self._is_telling and isinstance(item, Gap | Resynced):
            self.changes.put(item)

    @property
    def is_entered(self) -> bool:
        """Whether it has been opened, and perhaps closed again."""
        return self._stack is not None

    @property
    def is_synced(self) -> bool:
        """Whether it is open and no gap is."""
        return self._is_telling and self._follower.feed.gap is None

    def _fail(self, error: BingXError) -> None:
        """Nothing comes any more."""
        self.waiting.fail(error)
        self._end(error)

    def _end(self, error: BingXError | None) -> None:
        self._is_telling = False
        self.changes.fail(error)

    def _heed(self, change: Change) -> None:
        if isinstance(change, OrderChanged):
            self.keeper.heed(change.order)
            self.waiting.tell(change.order)
        if self._is_telling:
            self.changes.put(change)

    def _begin_telling(self) -> None:
        """From now on changes are told; what was before is the state that the program finds."""
        self._is_telling = True
        if self._follower.feed.gap is not None:
            self.changes.put(self._follower.feed.gap)

    async def _resolve_all(self, doubts: Sequence[OutcomeUnknown]) -> None:
        for doubt in doubts:
            self._follower.tasks.start(self._find_out, doubt)
        names = [name for doubt in doubts for name in doubt.client_order_ids]
        with anyio.move_on_after(self._terms.resolve_for):
            for order in filter(None, map(self.portfolio.find, names)):
                await self.waiting.until(bind(self._now, order), _is_known, None)

    def _now(self, order: TrackedOrder) -> TrackedOrder:
        return self.portfolio.find(order) or order

    async def _find_out(self, doubt: OutcomeUnknown) -> None:
        try:
            await self._enquiries.settle(doubt)
        except ClientClosed as error:
            self._fail(error)


def _is_known(order: TrackedOrder) -> bool:
    return order.placement not in (Placement.SENDING, Placement.UNKNOWN)
