"""The streams of an emulator: all of its sockets, whatever carries their bytes.

Rules: everything happens under the emulator's lock, so a socket may be served in any thread. To serve a socket drives
the market: `exchange` plays everything that is due and returns what leaves, and when to look again. A socket is woken
when something comes for it before that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import localcontext
from itertools import count
from random import Random
from types import MappingProxyType

from attrs import frozen

from bingx_async.emulator.faults import FaultPlan
from bingx_async.emulator.floor import EXACT, Floor
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import StreamStats
from bingx_async.emulator.streams.faults import CutKind, StreamFault
from bingx_async.emulator.streams.increments import PublishedBook
from bingx_async.emulator.streams.service import Service
from bingx_async.emulator.streams.session import Session

Lock = AbstractContextManager[object]


@frozen
class Exchanged:
    """The bytes that leave a socket now. `is_over`: they are the last. `wait`: ms until there is more, as far as is
    known; infinite if nothing is to be expected."""

    data: bytes
    wait: float
    is_over: bool
    is_reset: bool


class Streams:
    """See the module. `now` is the server's clock, ms."""

    def __init__(
        self,
        floor: Floor,
        settings: EmulatorSettings,
        plan: FaultPlan[StreamFault],
        lock: Lock,
        now: Callable[[], float],
    ) -> None:
        self._floor, self._settings, self._lock, self._now = floor, settings, lock, now
        self._sessions: dict[int, Session] = {}
        self._numbers = count(1)
        self.service = Service(floor, settings, plan, self._count_sockets)

    def open(self, address: str, wake: Callable[[], object]) -> Session:
        """A new socket of an address, before its handshake."""
        with self._lock:
            self._play()
            number = next(self._numbers)
            travel, settings = Random(f"{self._settings.seed}/socket/{number}"), self._settings

            def ms() -> float:
                jitter = settings.jitter and travel.uniform(-settings.jitter, settings.jitter)
                return max(0.0, settings.latency + jitter) * 1000

            service = self.service
            session = Session(
                number, address, self._floor.agenda, ms, wake, service.admit, service.hear, service.feeds.leave
            )
            self._sessions[number] = session
            return session

    def close(self, session: Session) -> None:
        """The socket is gone."""
        with self._lock:
            if self._sessions.pop(session.number, None) is not None:
                session.end("reset")
                self.service.leave(session)

    def exchange(self, session: Session, received: bytes | None = None) -> Exchanged:
        """Bring a socket what its peer has sent (nothing at all: it will send no more), and take what leaves."""
        with self._lock, localcontext(prec=EXACT):
            now = self._play()
            if received is not None:
                session.receive(received)
            data = session.collect(now)
            return Exchanged(data, session.next_due() - now, session.is_over, session.is_reset)

    def drop(self, kind: CutKind, account: str | None) -> int:
        """End the sockets that are open, of an account or all; how many there were."""
        with self._lock:
            self._play()
            found = [each for each in self._sessions.values() if each.is_open and account in (None, each.account)]
            for session in found:
                session.end(kind)
            return len(found)

    def expire(self, account: str | None) -> int:
        """End the listen keys that are valid, of an account or all; how many there were."""
        with self._lock:
            time = self._play()
            ended = self.service.keys.expire(account, None, time)
            for session in list(self._sessions.values()):
                self.service.keys.check(session, time)
            return ended

    def book(self, symbol: str) -> PublishedBook:
        """The book of a symbol as incremental depth told it last."""
        with self._lock, localcontext(prec=EXACT):
            return self.service.channels.published(symbol, int(self._play()))

    def stats(self) -> StreamStats:
        """The counts as they stand."""
        tally, sessions = self.service.tally, self._sessions.values()
        return StreamStats(
            open=sum(each.is_open for each in sessions),
            topics=MappingProxyType(self.service.feeds.counts()),
            opened=tally.opened,
            refused_handshakes=MappingProxyType(dict(tally.refused_handshakes)),
            messages=tally.messages + sum(each.sent for each in sessions),
            refused_topics=MappingProxyType(dict(tally.refused_topics)),
            breaches=tally.breaches,
            unanswered=tally.unanswered,
        )

    def shift(self, span: float) -> None:
        """The server's clock was set."""
        for session in self._sessions.values():
            session.shift(span)

    def _play(self) -> float:
        """Let everything happen that is due; the moment."""
        now = self._now()
        with localcontext(prec=EXACT):
            self._floor.agenda.play(now)
        return now

    def _count_sockets(self, address: str) -> int:
        found = [each for each in self._sessions.values() if each.address == address]
        return sum(not (each.is_reset or each.is_over) for each in found)
