"""One call between its first wait for quota and its end."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from bingx_async.core.ledger import Penalty, Permit
from bingx_async.core.options import CallSettings
from bingx_async.core.signing import Carrier
from bingx_async.core.verdict import Refused, Throttled
from bingx_async.runtime.governor.queue import Place
from bingx_async.runtime.http.message import Unanswered


@define(eq=False)
class Turn:
    """The permit of a call's next attempt, and what its attempts have used up."""

    settings: CallSettings
    deadline: float  # monotonic ms; the last moment at which an attempt may leave
    repeat_until: float  # the same once the exchange has told the call to wait
    seconds_left: float  # on the network, for the next attempt
    place: Place | None = None  # in the queue, for every attempt
    permit: Permit = field(init=False)
    carrier: Carrier | None = None  # of the last attempt, if it had a choice
    used: list[Any] = field(factory=list[Any])  # the remedies applied so far
    failed: Refused | Throttled | Unanswered | None = None  # why the call needs another attempt
    penalty: Penalty | None = None  # the closed scope for which it waits
