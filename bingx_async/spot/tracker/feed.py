"""The events of the account as they come: what they tell is known at once, so nothing is ever behind the socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bingx_async.core.channel import Push
from bingx_async.errors import BingXError
from bingx_async.models import BalanceUpdate, Gap, OrderUpdate, Resynced
from bingx_async.spot.streaming.channels import CHANNELS
from bingx_async.spot.tracker.portfolio import Portfolio

Item = OrderUpdate | BalanceUpdate | Gap | Resynced


class Feed:
    """The sink of both topics of an account. `tell` is told every event, each gap at once, and its end; `changed` is
    called when something is to be read, `lacking` when events leave something out, `report` with a problem, and `ended`
    when nothing comes any more."""

    def __init__(
        self,
        portfolio: Portfolio,
        tell: Callable[[Item], None],
        changed: Callable[[bool], None],
        lacking: Callable[[], None],
        report: Callable[[str], None],
        ended: Callable[[BingXError], None],
    ) -> None:
        self._portfolio, self._tell = portfolio, tell
        self._changed, self._lacking, self._report, self._ended = changed, lacking, report, ended
        self._lost = set[str]()
        self.gap: Gap | None = None
        """Since when events may be missing, until all was read again."""
        self.losses = 0
        """How often the connection was lost."""
        self.is_taking = False
        """Whether an event is being taken in: then changes are not from reading."""

    @property
    def is_down(self) -> bool:
        """Whether nothing comes now."""
        return bool(self._lost)

    def take(self, push: Push) -> None:
        """An event. One that cannot be read is made up for by reading everything."""
        self.is_taking = True
        try:
            updates = CHANNELS[push.topic].read(push)
            for update in updates:
                self._take(update)
        except Exception as error:
            self._report(f"an event of {push.topic} was not understood: {error!r}")
            self._changed(True)
            return
        finally:
            self.is_taking = False
        if not updates:
            self._report(f"an event of {push.topic} cannot be read")
            self._changed(True)

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """Events may be missing: this is told at once, and not again before everything has been read."""
        self.losses += 1
        self._lost.update(topics)
        if self.gap is None:
            self.gap = Gap(since, reason)
            self._tell(self.gap)

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """Events come again: once all topics are back, everything is read."""
        self._lost.difference_update(topics)
        self._changed(False)

    def fail(self, error: BingXError) -> None:
        """Nothing comes any more."""
        self._ended(error)

    def resynced(self) -> None:
        """Everything was read after the gap."""
        if self.gap is not None:
            gap, self.gap = self.gap, None
            self._tell(Resynced(gap.since, self._portfolio.at()))

    def _take(self, update: OrderUpdate | BalanceUpdate) -> None:
        if isinstance(update, BalanceUpdate):
            self._portfolio.take_balances(update)
            if any(balance.locked is None for balance in update.balances):
                self._lacking()
        elif not self._portfolio.take_update(update):
            return
        self._tell(update)
