"""From the counts of the emulator to the share of a quota that was used.

The share is how full the exchange's own window was on average: every accepted call occupies one place of the quota
for one window from its arrival. Over a long time that is accepted calls / (quota * seconds); unlike that quotient
it does not depend on whether the last burst fell just inside the period or just outside. Moments are epoch ms.

An endpoint is measured from one window after its first call, when all its tokens are in play, to the end of the
run. Where it was closed, the closed period is left out, up to the first call after it; how late that came is
judged on its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from bingx_async.core.quota import Quota
from bingx_async.demo.scenario import CLOSED_ACCOUNT, CLOSED_ENDPOINT, Closure
from bingx_async.emulator import EndpointStats

Span = tuple[float, float]


@frozen
class Use:
    """One account's quota for one endpoint: calls accepted in the run, the share used, seconds it was measured."""

    account: str
    endpoint: str
    quota: Quota
    calls: int
    share: float
    seconds: float

    @property
    def rate(self) -> float:
        """Accepted calls per second."""
        return self.share * self.quota.limit / self.quota.window


def share_used(arrivals: Sequence[float], quota: Quota, spans: Sequence[Span]) -> float:
    """The share of `quota` that `arrivals` used within `spans`; 0 where there is nothing to measure."""
    window = quota.window * 1000.0
    length = sum(end - start for start, end in spans)
    occupied = sum(
        max(0.0, min(arrival + window, end) - max(arrival, start)) for start, end in spans for arrival in arrivals
    )
    return occupied / (quota.limit * length) if length > 0 else 0.0


def is_closed(account: str, endpoint: str) -> bool:
    """Whether this is where the closed period is provoked."""
    return (account, endpoint) == (CLOSED_ACCOUNT, CLOSED_ENDPOINT)


def accepted_of(stats: EndpointStats, closure: Closure | None) -> list[float]:
    """When the accepted calls arrived: all that did not come in the closed period."""
    if closure is None:
        return list(stats.arrivals)
    return [arrival for arrival in stats.arrivals if not closure.begins_at <= arrival < closure.until]


def measure(
    account: str, endpoint: str, quota: Quota, stats: EndpointStats, closure: Closure | None, end: float
) -> Use | None:
    """The use that `account` made of its quota until `end`; None before the first window is over."""
    own = closure if is_closed(account, endpoint) else None
    arrivals = accepted_of(stats, own)
    if not arrivals or arrivals[0] + quota.window * 1000.0 >= end:
        return None
    start = arrivals[0] + quota.window * 1000.0
    spans = [(start, end)]
    if own is not None:
        again = next((arrival for arrival in arrivals if arrival >= own.until), end)
        spans = [(start, min(own.begins_at, end)), (min(again, end), end)]
    seconds = sum(stop - begin for begin, stop in spans) / 1000.0
    calls = sum(arrival < end for arrival in arrivals)
    return Use(account, endpoint, quota, calls, share_used(arrivals, quota, spans), seconds)
