"""The end of a run: the share of each quota that was used, by the emulator's counts, and whether each promise was kept.

The share is how full the exchange's own window was on average: every accepted call occupies one place of the quota
for one window from its arrival. Over a long time that is accepted calls / (quota * seconds); unlike that quotient
it does not depend on whether the last burst fell just inside the period or just outside. Moments are epoch ms.

An endpoint is measured from one window after its first call, when all its tokens are in play, to the end of the
run. Where it was closed, the closed period is left out, up to the first call after it; how late that came is
judged on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from bingx_async.core.quota import Quota
from bingx_async.demo.scenario import CLOSED_ACCOUNT, CLOSED_ENDPOINT, DEPOSITS, Closure, Scenario, Wait
from bingx_async.demo.statement import fees
from bingx_async.demo.trader import JOBS, Tally
from bingx_async.emulator import EndpointStats, Stats

LEAST_SHARE = 0.90
LATEST_RETURN = 300.0  # ms after its moment in which a reopened endpoint must be in use


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


def share_used(arrivals: Sequence[float], quota: Quota, spans: Sequence[tuple[float, float]]) -> float:
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


def measure(
    account: str, endpoint: str, quota: Quota, stats: EndpointStats, closure: Closure | None, end: float
) -> Use | None:
    """The use that `account` made of its quota until `end`; None before the first window is over."""
    own = closure if is_closed(account, endpoint) else None
    arrivals = [arrival for arrival in stats.arrivals if own is None or not own.begins_at <= arrival < own.until]
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


@frozen
class Check:
    """One promise and whether it was kept."""

    is_kept: bool
    text: str


@frozen
class Report:
    """A run in numbers."""

    calls: int
    tally: Tally
    filled: int
    fees: dict[str, Decimal]
    uses: tuple[Use, ...]
    longest: Wait
    longest_closed: Wait
    checks: tuple[Check, ...]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return all(check.is_kept for check in self.checks)

    @property
    def numbers(self) -> tuple[str, str, str]:
        """The size of the run, the orders and the longest waits, each in a line."""
        longest, closed, tally = self.longest, self.longest_closed, self.tally
        waits = f"longest wait {longest.seconds:.1f} s ({longest.endpoint}, {longest.account})"
        paid = " and ".join(f"{fee.normalize():f} {asset}" for asset, fee in sorted(self.fees.items()))
        return (
            f"{self.calls:,} calls in all: {tally.cancelled:,} orders cancelled",
            f"{tally.placed} orders and {tally.pairs} OCO orders placed; {self.filled} fills, fees {paid or 'none'}",
            f"{waits}; at the closed endpoint {closed.seconds:.1f} s" if closed.seconds else waits,
        )


def uses_of(scenario: Scenario, stats: Stats, end: float) -> list[Use]:
    """The share of every driven quota until `end` (epoch ms)."""
    accounts, endpoints = [trader.account for trader in scenario.traders], [job.endpoint for job in JOBS]
    quotas = scenario.governor.profile
    uses = (
        measure(account, name, quotas[name], stats.of(account, name), scenario.closure, end)
        for account in accounts
        for name in endpoints
    )
    return [use for use in uses if use is not None]


def judge(scenario: Scenario) -> Report:
    """The report of a run that has ended."""
    stats, closure = scenario.emulator.stats(), scenario.closure
    uses = uses_of(scenario, stats, scenario.ended_at)
    closed = stats.of(CLOSED_ACCOUNT, CLOSED_ENDPOINT)
    checks = [_refusals(stats, closed), _shares(uses, len(scenario.traders) * len(JOBS))]
    if closure is not None:
        checks += [_silence(closed, closure), _return(closed, closure), _others(scenario, stats, closure)]
    checks.append(_money(scenario))
    errors = sum(each.errors for each in stats.endpoints.values())
    if scenario.failures or errors:
        checks.append(Check(False, f"{errors} business errors; {'; '.join(scenario.failures[:3])}"))
    return Report(
        stats.accepted + stats.refused,
        scenario.tally,
        sum(len(each.fills) for each in scenario.statements),
        fees(scenario.statements),
        tuple(uses),
        _longest(scenario, at_closed=False),
        _longest(scenario, at_closed=True),
        tuple(checks),
    )


def _longest(scenario: Scenario, at_closed: bool) -> Wait:
    waits = [wait for wait in scenario.waits.values() if is_closed(wait.account, wait.endpoint) == at_closed]
    return max(waits, key=lambda wait: wait.seconds, default=Wait())


def _refusals(stats: Stats, closed: EndpointStats) -> Check:
    by_address = max((each.refused for each in stats.addresses.values()), default=0)
    beyond = stats.refused + by_address - min(1, closed.closed)
    provoked = "1 provoked" if closed.closed else "none provoked"
    return Check(beyond == 0 and closed.closed > 0, f"{beyond} calls refused beyond the provoked one ({provoked})")


def _shares(uses: list[Use], expected: int) -> Check:
    least = min(uses, key=lambda use: use.share, default=None)
    if least is None:
        return Check(False, "no quota could be measured")
    mean = sum(use.share for use in uses) / len(uses)
    used = f"{mean:.1%} of the {len(uses)} quotas used on average"
    text = f"{used}, at least {least.share:.1%} ({least.endpoint}, {least.account}); {LEAST_SHARE:.0%} promised"
    return Check(least.share >= LEAST_SHARE and len(uses) == expected, text)


def _silence(closed: EndpointStats, closure: Closure) -> Check:
    early = sum(closure.begins_at <= arrival < closure.until for arrival in closed.arrivals) - 1
    kept = "the closed endpoint was left alone until its moment"
    return Check(early == 0, kept if early == 0 else f"{early} calls were sent into the closed endpoint")


def _return(closed: EndpointStats, closure: Closure) -> Check:
    first = next((arrival for arrival in closed.arrivals if arrival >= closure.until), None)
    if first is None:
        return Check(False, "the closed endpoint was never used again")
    late = first - closure.until
    return Check(late <= LATEST_RETURN, f"in use again {late:.0f} ms after its moment; {LATEST_RETURN:.0f} ms promised")


def _money(scenario: Scenario) -> Check:
    """The emulator's own sums, and the balances of each account by the fills that it has read."""
    accounts = len(scenario.statements)
    lost = [asset for asset, amount in DEPOSITS.items() if scenario.emulator.total(asset) != amount * accounts]
    unexplained = [each.account for each in scenario.statements if not each.is_explained_by(DEPOSITS)]
    if lost or unexplained:
        return Check(False, f"balances that do not add up: {', '.join([*lost, *unexplained])}")
    own = "those of each account are its deposit, changed by its fills alone"
    return Check(True, f"balances conserved to the last digit: {own}")


def _others(scenario: Scenario, stats: Stats, closure: Closure) -> Check:
    """The use of the other quotas during the closed period."""
    span = (closure.begins_at, closure.until)
    shares = [
        share_used(stats.of(use.account, use.endpoint).arrivals, use.quota, [span])
        for use in uses_of(scenario, stats, scenario.ended_at)
        if not is_closed(use.account, use.endpoint)
    ]
    least = min(shares, default=0.0)
    return Check(least >= LEAST_SHARE, f"the other {len(shares)} quotas went on meanwhile, at least {least:.1%} used")
