"""Redis' clock as seen from this process' monotonic axis.

Every answer bounds how far the two are apart: it was written between the asking and the hearing. The bounds are
narrowed by every answer; one that contradicts them means that a clock was stepped, and starts anew.
"""

from __future__ import annotations

from math import inf

from attrs import define


@define
class Axis:
    """Redis' moment minus ours lies from `least` to `most` (ms)."""

    least: float = -inf
    most: float = inf

    def hear(self, moment: float, asked_at: float, heard_at: float) -> None:
        """Redis said `moment` between the two."""
        least, most = max(self.least, moment - heard_at), min(self.most, moment - asked_at)
        if least > most:
            least, most = moment - heard_at, moment - asked_at
        self.least, self.most = least, most

    def latest(self, at: float) -> str:
        """Redis' moment that is certainly not before `at` of ours; empty while nothing is known."""
        return repr(at + self.most) if self.is_known else ""

    @property
    def is_known(self) -> bool:
        """Whether anything has been heard."""
        return self.most < inf

    def middle(self) -> float:
        """The likely distance."""
        return (self.least + self.most) / 2.0
