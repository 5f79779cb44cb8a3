"""Keeping the journal in step: intents before they are sent, their outcomes in the background.

Only the first has to be on disk before anything goes on. An outcome that is lost with the process is found out again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from attrs import evolve

from bingx_async.models import Intent, IntentOutcome, Placement, TrackedOrder
from bingx_async.spot.tracker.journal import Journal

AGAIN = 5.0  # seconds until outcomes are written again that could not be
LAST_WRITE = 10.0  # seconds for the outcomes that are not written when the tracker ends


class Keeper:
    """Writes to one journal. `find` knows the orders by their client order ids."""

    def __init__(
        self, journal: Journal, find: Callable[[str], TrackedOrder | None], report: Callable[[str], None]
    ) -> None:
        self._journal, self._find, self._report = journal, find, report
        self._kept: dict[str, Intent] = {}  # those that are not settled, by each of their names in lower case
        self.writing = set[str]()
        """The client order ids, in lower case, of intents that are being put on disk."""
        self._unwritten: dict[str, Intent] = {}
        self._arrived = anyio.Event()

    async def open(self, owner: str) -> Sequence[Intent]:
        """Every intent that is not settled, from earlier runs."""
        try:
            intents = await self._journal.open(owner)
        except anyio.get_cancelled_exc_class():  # it may be open by now
            with anyio.CancelScope(shield=True):
                await self._journal.aclose()
            raise
        self._keep(intents)
        return intents

    async def write_down(self, intents: Sequence[Intent]) -> None:
        """Put intents on disk. If this raises or is cancelled they count as never sent."""
        names = {name.lower() for each in intents for name in each.client_order_ids}
        self.writing |= names
        try:
            await self._journal.record(intents)
        except BaseException:
            self._settle([evolve(each, outcome=IntentOutcome.NOT_PLACED) for each in intents])
            raise
        finally:
            self.writing -= names
        self._keep(intents)

    def heed(self, order: TrackedOrder) -> None:
        """An order has changed, perhaps the outcome of its intent with it."""
        intent = self._kept.get(order.client_order_id.lower())
        if intent is None:
            return
        orders = [found for name in intent.client_order_ids if (found := self._find(name)) is not None]
        outcome = outcome_of(orders)
        if outcome is not intent.outcome and outcome is not IntentOutcome.OPEN:
            order_id = next((str(each.order_id) for each in orders if each.order_id), "")
            self._settle([evolve(intent, outcome=outcome, order_id=order_id)])

    async def run(self) -> None:
        """Write outcomes as they become known."""
        while True:
            await self._arrived.wait()
            try:
                await self._write()
            except Exception as error:  # a journal of the program's own may raise anything
                self._report(f"the outcomes of orders could not be written: {error!r}")
                await anyio.sleep(AGAIN)

    async def aclose(self) -> None:
        """Write what is not written yet, and close the journal."""
        with anyio.CancelScope(shield=True):
            try:
                with anyio.move_on_after(LAST_WRITE):
                    await self._write()
            except Exception as error:
                self._report(f"the last outcomes were not written, so they are found out again: {error!r}")
            await self._journal.aclose()

    def _keep(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            self._kept |= {name.lower(): intent for name in intent.client_order_ids}

    def _settle(self, intents: Sequence[Intent]) -> None:
        self._keep(intents)
        for intent in intents:
            self._unwritten[intent.client_order_id] = intent
            if intent.outcome.is_settled:
                for name in intent.client_order_ids:
                    self._kept.pop(name.lower(), None)
        self._arrived.set()

    async def _write(self) -> None:
        unwritten, self._unwritten, self._arrived = self._unwritten, {}, anyio.Event()
        try:
            if unwritten:
                await self._journal.record(list(unwritten.values()))
        except BaseException:
            self._unwritten = unwritten | self._unwritten
            self._arrived.set()
            raise


def outcome_of(orders: Sequence[TrackedOrder]) -> IntentOutcome:
    """The outcome of an intent by the orders that it was to place: one, or the legs of an OCO order."""
    placements = {each.placement for each in orders}
    if not orders or not all(each.is_done for each in orders):
        return IntentOutcome.PLACED if Placement.PLACED in placements else IntentOutcome.OPEN
    if Placement.PLACED in placements:
        return IntentOutcome.DONE
    return IntentOutcome.REFUSED if Placement.REFUSED in placements else IntentOutcome.NOT_PLACED
