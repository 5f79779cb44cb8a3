"""The parts of one governor, which admission and feedback share."""

from __future__ import annotations

from bingx_async.core.claims import Claims
from bingx_async.core.counting import MinRtt
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.runtime.governor.queue import WaitQueue
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.shared import SharedQuota
from bingx_async.runtime.governor.waiting import WaitingRoom


class Parts:
    """Everything a governor with these settings needs; `_shared` is None without a store."""

    def __init__(self, settings: GovernorSettings) -> None:
        self.profile, self.credit, self.clock = settings.profile, settings.credit, settings.clock
        self.reporter = Reporter(self.clock, settings.on_event)
        self._draw, self._min_rtt = settings.draw, MinRtt()
        began = self.clock.monotonic() if settings.cold_start == "spent" else None
        self._ledger = ledger = Ledger(Settings(settings.share, began, settings.anchor == "headers"))
        self._queue = WaitQueue(ledger)
        self._room = WaitingRoom(self._queue, self.clock)
        store = settings.store
        self._shared = SharedQuota(store, settings, ledger, self.reporter) if store is not None else None

    def _changed(self, claims: Claims) -> None:
        """Something has happened to the buckets of `claims`: grant the calls that wait for them what has come free."""
        self._room.wake(self._queue.ask(claims.keys, self.clock.monotonic()))
