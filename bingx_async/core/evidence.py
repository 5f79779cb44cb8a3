"""The messages on which the state of an order rests. Of many alike the first and the last stay; the list is bounded.

A message that ended the order, or contradicts its end, is never dropped for others.
"""

from __future__ import annotations

from attrs import define, field

from bingx_async.models import Evidence

LONGEST = 32
FIRST = 4  # the oldest messages, which are kept as well


@define(eq=False)
class Trail:
    """Evidence, oldest first."""

    _entries: list[tuple[Evidence, bool]] = field(factory=list[tuple[Evidence, bool]])  # with whether it is kept

    def add(self, evidence: Evidence, is_kept: bool = False) -> None:
        """Add a message; `is_kept`: no other one can push it out."""
        entries = self._entries
        asked, answer = evidence.asked, evidence.answer
        alike = [place for place, (each, _) in enumerate(entries) if each.answer == answer and each.asked == asked]
        if len(alike) > 1:
            is_kept |= entries.pop(alike[-1])[1]
        entries.append((evidence, is_kept))
        if len(entries) > LONGEST:
            del entries[next((at for at in range(FIRST, LONGEST) if not entries[at][1]), FIRST)]

    def absorb(self, other: Trail) -> None:
        """Add the messages of another list, all in the order of their moments."""
        both = sorted(self._entries + other._entries, key=lambda entry: entry[0].time)
        self._entries.clear()
        for evidence, is_kept in both:
            self.add(evidence, is_kept)

    def whole(self) -> tuple[Evidence, ...]:
        """Every message that was kept, oldest first."""
        return tuple([evidence for evidence, _ in self._entries])
