"""The parts of one governor that admission, feedback and penalties work on."""

from __future__ import annotations

from attrs import frozen

from bingx_async.core.claims import Claims
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.outage import Outage
from bingx_async.runtime.governor.queue import WaitQueue
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.governor.waiting import WaitingRoom


@frozen(eq=False)
class Parts:
    """`shared` is None without a store."""

    clock: ServerClock
    reporter: Reporter
    ledger: Ledger
    queue: WaitQueue
    room: WaitingRoom
    shared: SharedQuota | None

    @classmethod
    def of(cls, settings: GovernorSettings) -> Parts:
        """Everything a governor with these settings needs."""
        clock, store = settings.clock, settings.store
        reporter = Reporter(clock, settings.on_event)
        began = clock.monotonic() if settings.cold_start == "spent" else None
        ledger = Ledger(Settings(settings.share, began, settings.anchor == "headers"))
        queue = WaitQueue(ledger)
        shared = None
        if store is not None:
            outage = Outage(settings.on_store_failure, settings.fallback_share)
            shared = SharedQuota(store, ledger, clock, reporter, outage)
        return cls(clock, reporter, ledger, queue, WaitingRoom(queue, clock), shared)

    def changed(self, claims: Claims) -> None:
        """Something has happened to the buckets of `claims`: grant the calls that wait for them what has come free."""
        self.room.wake(self.queue.changed(claims, self.clock.monotonic()))
