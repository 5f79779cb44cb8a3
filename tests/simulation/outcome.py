"""What one run has shown, and many of them together."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from tests.simulation.conditions import Condition
from tests.simulation.world import WARM_UP, World


@frozen
class Outcome:
    """Figures of one condition. `refused` has one count for each way in which the exchange may count.

    `share` is the part of the gauged quotas that was used, `bound` what no rule can exceed that waits for replies:
    1 / (1 + mean round trip / window), where a call given up counts with its time-out and linger, times the part of
    the calls that arrives at all. Spans are ms.
    """

    name: str
    seed: int
    hours: float
    calls: int
    refused: tuple[int, ...]
    into_closed: int
    share: float
    bound: float
    p99_wait: float
    round_trip: float
    first_refusals: tuple[str, ...] = ()

    @property
    def worst(self) -> float:
        """Rejections per million calls under the way of counting that rejects most."""
        return 1e6 * max(self.refused) / max(1, self.calls)


def measure(name: str, seed: int, condition: Condition, world: World, span: float) -> Outcome:
    """The outcome of a run of `span` ms."""
    exchange = world.exchange
    window = 10_000.0 if condition.gauge != "uid" else condition.window * 1000.0
    round_trip = world.busy / max(1, world.ended)
    waits = sorted(world.waits)
    return Outcome(
        name,
        seed,
        span / 3.6e6,
        exchange.arrivals,
        tuple(exchange.refused),
        exchange.into_closed,
        (exchange.accepted - world.warm) / (condition.calls_per_second * (span - WARM_UP) / 1000.0),
        min(1.0, exchange.arrivals / max(1, world.left)) / (1.0 + round_trip / window),
        waits[int(0.99 * len(waits))] if waits else 0.0,
        round_trip,
        tuple(exchange.first_refusals),
    )


def merge(outcomes: Iterable[Outcome]) -> Outcome:
    """Several runs of one condition as one; means are weighted by hours."""
    runs = list(outcomes)
    hours = sum(run.hours for run in runs)

    def mean(field: str) -> float:
        return sum(getattr(run, field) * run.hours for run in runs) / hours

    return Outcome(
        runs[0].name,
        runs[0].seed,
        hours,
        sum(run.calls for run in runs),
        tuple(sum(counts) for counts in zip(*(run.refused for run in runs), strict=True)),
        sum(run.into_closed for run in runs),
        mean("share"),
        mean("bound"),
        mean("p99_wait"),
        mean("round_trip"),
        tuple(text for run in runs for text in run.first_refusals)[:3],
    )
