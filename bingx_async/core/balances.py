"""The balances of an account, from the events of a stream and from readings of the whole.

Of an asset the newest counts, by the exchange's clock; of two alike the one that came later. A reading is of the moment
when it was asked for: what an event says of later stays.

The events have one amount, and pages differ on whether it is what is free, or the total. It is taken for what is free
until a reading shows otherwise: an event and a later reading that name the same locked amount, more than 0, tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import define, evolve, field

from bingx_async.core.fills import EXACT, ZERO
from bingx_async.models import Balance, BalanceChanged, BalanceUpdate, Evidence

TOTAL = "the amounts of balance events are totals: what is free is less by what is locked"
Changes = list[BalanceChanged]


@define(eq=False)
class Known:
    """One asset. `told` is the last message, `locked` what is known of it even if that has no such amount."""

    told: Balance
    at: datetime
    is_event: bool
    locked: Decimal | None
    shown: Balance | None = None


@define(eq=False)
class Balances:
    """`is_total`: whether the amounts of events are totals; None: not known, taken for what is free. `evidence` says
    once how it came out that they are."""

    is_total: bool | None = None
    evidence: tuple[Evidence, ...] = ()
    _known: dict[str, Known] = field(factory=dict[str, Known])

    def get(self, asset: str) -> Balance | None:
        """What is known of an asset."""
        known = self._known.get(asset)
        return None if known is None else known.shown

    def all(self) -> tuple[Balance, ...]:
        """Every asset that was heard of."""
        return tuple([known.shown for known in self._known.values() if known.shown is not None])

    def take_update(self, update: BalanceUpdate, at: datetime) -> Changes:
        """An event. `at` is when it came; it counts where the event has no moment."""
        changes: Changes = []
        for balance in update.balances:
            changes += self._take(balance, update.time or at, not update.is_recovered)
        return changes

    def take_reading(
        self, balances: Iterable[Balance], asked_at: datetime, at: datetime, *, is_whole: bool = True
    ) -> Changes:
        """The answer that came at `at` to a query that left at `asked_at`, by the exchange's clock: the earliest that
        may have been. `is_whole`: it has every asset of which there is something, so of any other there is nothing."""
        told = {balance.asset: balance for balance in balances}
        if is_whole:
            told |= {asset: Balance(asset, ZERO, ZERO) for asset in self._known if asset not in told}
        changes: Changes = []
        for balance in told.values():
            if self._learn(balance, asked_at, at):
                changes += [change for known in self._known.values() for change in self._show(known)]
            changes += self._take(balance, asked_at, False)
        return changes

    def _take(self, balance: Balance, at: datetime, is_event: bool) -> Changes:
        known = self._known.get(balance.asset)
        if known is None:
            known = self._known[balance.asset] = Known(balance, at, is_event, balance.locked)
        elif at < known.at:
            return []
        known.told, known.at, known.is_event = balance, at, is_event
        if balance.locked is not None:
            known.locked = balance.locked
        return self._show(known)

    def _show(self, known: Known) -> Changes:
        free = known.told.free
        if known.is_event and self.is_total and free is not None:
            free = None if known.locked is None else EXACT.subtract(free, known.locked)
        before, known.shown = known.shown, evolve(known.told, free=free, locked=known.locked)
        return [] if known.shown == before else [BalanceChanged(known.shown)]

    def _learn(self, reading: Balance, asked_at: datetime, at: datetime) -> bool:
        """Compare the last event of an asset with a reading; whether the amounts turn out to be totals."""
        known, free = self._known.get(reading.asset), reading.free
        if self.is_total is not None or known is None or not known.is_event or known.at > asked_at or free is None:
            return False
        amount, locked = known.told.free, reading.locked
        if not locked or known.told.locked != locked or amount not in (free, EXACT.add(free, locked)):
            return False
        self.is_total = amount != free
        if self.is_total:
            words = f"{reading.asset}: {free} free and {locked} locked, where an event said {amount}: {TOTAL}"
            self.evidence += (Evidence("list_balances", words, at),)
        return self.is_total
