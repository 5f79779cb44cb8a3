"""All wait lines of one queue, found by their claims, by the scopes that can be closed to them, and by address."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from bingx_async.core.claims import Claims, Key
from bingx_async.core.ledger import Ledger
from bingx_async.models import Priority
from bingx_async.runtime.governor.crowd import Crowd, Place
from bingx_async.runtime.governor.line import Deadlines, Waiter, WaitLine


@define(eq=False)
class Scope(Deadlines):
    """The wait lines to which one gate can close, and the deadlines of their waiters."""

    lines: dict[WaitLine, None] = field(factory=dict[WaitLine, None])


class Lines(dict[tuple[Key, str], WaitLine]):
    """The lines of one queue, by what their claims have in common (`Claims.line`)."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self.deadlines = Deadlines()
        self.scopes: dict[Key, Scope] = {}
        self._crowds: dict[Key, Crowd] = {}

    def place(self, claims: Claims, priority: Priority, now: float, number: int) -> Place:
        """The place of a call that arrives now as the `number`th."""
        line = self.get(claims.line) if self else None
        return (int(priority), now if line is None else line.turn(priority, now), number)

    def open(self, claims: Claims) -> WaitLine:
        """The line of a call with these claims."""
        line = self.get(claims.line)
        if line is None:
            scopes = [self.scopes.setdefault(key, Scope()) for key in claims.gates]
            line = self[claims.line] = WaitLine(claims, self._crowd_of(claims), (self.deadlines, *scopes))
            for scope in scopes:
                scope.lines[line] = None
        return line

    def close(self, line: WaitLine) -> None:
        """Forget an empty line."""
        if self.pop(line.claims.line, None) is None:
            return
        for key in line.claims.gates:
            del self.scopes[key].lines[line]
            if not self.scopes[key].lines:
                del self.scopes[key]
        if line.crowd is not None and not any(line.crowd.lines):
            self._crowds.pop(line.crowd.key, None)

    def ahead_of(self, claims: Claims, place: Place, now: float) -> tuple[int, dict[Key, int]]:
        """How many calls with the same claims are before this place, and how many at each bucket of the address."""
        line = self.get(claims.line)
        ahead = line.ahead_of(place) if line is not None else 0
        if not self._crowds or not claims.egress_claims:
            return ahead, {}
        first, *wider = [claim.key for claim in claims.egress_claims]
        crowd = self._crowds.get(first)
        others = crowd.ahead_of(place) if crowd is not None else 0
        if line is not None:
            others -= len(line.ready) + len(line.patient)
        found = {first: ahead + max(0, others)}
        for key in wider:
            found[key] = found[first] + sum(
                min(each.ahead_of(place), self._ledger.spare(each.key, now))
                for each in self._crowds.values()
                if each.key != first and key in each.wider
            )
        return ahead, found

    def clear(self) -> None:
        """Forget all lines."""
        super().clear()
        self.deadlines.waiting, self.deadlines.heap = 0, []
        self.scopes.clear()
        self._crowds.clear()

    def waiters(self) -> Iterator[Waiter]:
        """All waiters, in no order."""
        return (waiter for line in self.values() for waiter in line)

    def last(self) -> Waiter | None:
        """A waiter from the back of a line, which will wait long."""
        backwards = (waiter for line in self.values() for waiter in reversed(line.heap))
        return next((waiter for waiter in backwards if not waiter.is_gone), None)

    def waiting_on(self) -> dict[Key, int]:
        """The number of waiters for each bucket."""
        found: dict[Key, int] = {}
        for line in self.values():
            if line.parked_on is not None:
                found[line.parked_on] = found.get(line.parked_on, 0) + sum(line.sizes)
        return found

    def _crowd_of(self, claims: Claims) -> Crowd | None:
        """The waiters for the narrowest bucket of the address: all of them draw on its wider ones as well."""
        if not claims.egress_claims:
            return None
        first, *wider = claims.egress_claims
        crowd = self._crowds.get(first.key)
        if crowd is None:
            share = self._ledger.settings.share
            spacing = max(claim.quota.window * 1000.0 / claim.quota.limit for claim in claims.egress_claims) / share
            crowd = self._crowds[first.key] = Crowd(first.key, spacing, frozenset(claim.key for claim in wider))
        return crowd
