"""When an order book is trusted, and when the exchange is asked for a whole one again.

Where updates are missing, the topic is given up and subscribed again, which brings a whole book: the policy is
*strict*. The exchange has also been seen to skip ids of updates that never were. So after three gaps within a minute
the policy is *tolerant*: what comes is applied, the gap is counted, the book says that it may be wrong, and a whole one
is asked for every twenty seconds only. With gaps further apart it is strict again.
"""

from __future__ import annotations

from collections import deque

from bingx_async.core.order_book import HELD, Book, Took
from bingx_async.models.books import BookPolicy

HELD_FOR = 1_500.0  # ms for which updates wait for those before them
WHOLE_WITHIN = 10_000.0  # ms within which a subscription brings the whole book
OFTEN, MINUTE = 3, 60_000.0  # so many gaps, or new subscriptions, within a minute are often
PACE = 20_000.0  # ms between two subscriptions where they are often
MISSING, AWAITED, LATE = "updates are missing", "the whole book has not come yet", "the whole book did not come in time"
BROKEN = (Took.UNREADABLE, Took.BACKWARDS, Took.ANEW, Took.CROSSED)


class Recovery:
    """Watches over one book. Moments are ms on one monotonic axis. `reason` says why the book is not to be trusted,
    and is empty while it is."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.policy = BookPolicy.STRICT
        self.gaps = 0
        self._is_away = True  # not subscribed
        self._trouble = ""
        self._missing_at: float | None = None  # when what is held has waited long enough
        self._late_at: float | None = None  # when the whole book should be there
        self._restart_at: float | None = None
        self._gaps_at, self._restarts_at = deque[float](maxlen=OFTEN), deque[float](maxlen=OFTEN)

    @property
    def reason(self) -> str:
        """Why the book may be wrong, or is not there; empty if it is right as far as is known."""
        if self.book.last is None or self._is_away:
            return self._trouble or AWAITED
        return self._trouble or (MISSING if self.book.held else "")

    @property
    def due_at(self) -> float | None:
        """When `restarts` has to be asked; None if only a message can change something."""
        return min((at for at in (self._missing_at, self._late_at, self._restart_at) if at is not None), default=None)

    def lost(self, reason: str) -> None:
        """The topic is not subscribed any more."""
        if not self._is_away:  # the connection is lost: behind another one ids may begin anew
            self.book.forget()
        self._leave(reason)

    def back(self, now: float) -> None:
        """The topic is subscribed; the whole book may have come before this was known."""
        self._is_away = False
        if self.book.last is None:
            self._late_at = now + WHOLE_WITHIN
        else:
            self._trouble = ""

    def judge(self, took: Took, now: float) -> None:
        """After a message. One that was applied in order changes nothing while `due_at` is None."""
        if took in BROKEN:
            self._give_up(took.value, now)
        elif took is Took.WHOLE:
            self._trouble, self._late_at, self._restart_at = "", None, None
        self._watch_gap(now)

    def restarts(self, now: float) -> bool:
        """Whether the topic has to be subscribed again now; it counts as lost then."""
        if self._missing_at is not None and now >= self._missing_at:
            self._meet_gap(now)
        if self._late_at is not None and now >= self._late_at:
            self._give_up(LATE, now)
        if self._restart_at is None or now < self._restart_at:
            return False
        self._leave(self._trouble)
        self._restarts_at.append(now)
        return True

    def _watch_gap(self, now: float) -> None:
        if not self.book.held:
            self._missing_at = None
        elif self.book.last is None:  # another stream has had the whole book, perhaps
            self._late_at = None if self._late_at is None else min(self._late_at, now + HELD_FOR)
        elif len(self.book.held) > HELD:
            self._meet_gap(now)
        elif self._missing_at is None:
            self._missing_at = now + HELD_FOR

    def _meet_gap(self, now: float) -> None:
        self.gaps += 1
        self._gaps_at.append(now)
        is_often = len(self._gaps_at) == OFTEN and now - self._gaps_at[0] <= MINUTE
        took, self._missing_at = Took.UNREADABLE, None
        if is_often and self.policy is BookPolicy.TOLERANT:
            took = self.book.apply_held()
        if took is Took.APPLIED:
            self._trouble = MISSING
            self._ask(now)
        else:
            self._give_up(MISSING if took is Took.UNREADABLE else took.value, now)
        self.policy = BookPolicy.TOLERANT if is_often else BookPolicy.STRICT

    def _give_up(self, trouble: str, now: float) -> None:
        self.book.discard()
        self._trouble, self._missing_at, self._late_at = trouble, None, None
        self._ask(now)

    def _ask(self, now: float) -> None:
        """Subscribe again: at once, or at a pace where that has been done often. The line does it if it is away."""
        is_often = len(self._restarts_at) == OFTEN and now - self._restarts_at[0] <= MINUTE
        if not self._is_away and self._restart_at is None:
            self._restart_at = self._restarts_at[-1] + PACE if is_often else now

    def _leave(self, trouble: str) -> None:
        self.book.discard()
        self._is_away, self._trouble = True, trouble
        self._missing_at = self._late_at = self._restart_at = None
