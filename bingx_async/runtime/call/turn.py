"""One call between its first wait for quota and its end."""

from __future__ import annotations

from enum import Enum

from attrs import define, field

from bingx_async.core.claims import Permit
from bingx_async.core.gates import Penalty
from bingx_async.core.options import CallSettings
from bingx_async.core.signing import Carrier
from bingx_async.core.verdict import Refused, Throttled, Unclear
from bingx_async.runtime.clock import Stamp
from bingx_async.runtime.governor.crowd import Place
from bingx_async.runtime.http.message import Unanswered

Failure = Refused | Throttled | Unclear | Unanswered


class Remedy(Enum):
    """A way to let a call leave once more."""

    WAIT = "wait"  # go back to the queue, if the closed scope opens before the deadline
    RESYNC = "resync clock"  # once in a call
    SWITCH = "switch carrier"  # once in a call, while `carrier="auto"` is undecided
    REPEAT = "repeat"  # as it is, while the call's time on the network lasts


@define(eq=False)
class Turn:
    """The permit of a call's next attempt, and what its attempts have used up."""

    settings: CallSettings
    deadline: float  # monotonic ms; the last moment at which an attempt may leave
    waits_again: bool  # when the exchange tells it to; else it raises, so that its items can go another way
    seconds_left: float  # on the network, for the next attempt
    stamp: Stamp  # of the present attempt
    place: Place | None = None  # in the queue, for every attempt
    permit: Permit = field(init=False)
    carrier: Carrier | None = None  # of the last attempt, if it had a choice
    used: list[Remedy] = field(factory=list[Remedy])  # the remedies applied so far
    failed: Failure = field(init=False)  # why the call needs another attempt
    penalty: Penalty | None = None  # the closed scope for which it waits
