"""The same weather for every rule: which networks, for how long, and the outcomes as one table's rows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random
from zlib import crc32

import anyio
from attrs import evolve

from tests.simulation.conditions import Condition
from tests.simulation.outcome import Outcome
from tests.simulation.rules import OURS, RULES, drive_rule, simulated_clocks
from tests.simulation.running import HOUR
from tests.simulation.timeline import TickingEventLoop

NETWORKS = ("none", "ordinary", "heavy tails", "spikes", "queueing", "cold connections", "route changes")
NAMES = (*OURS, *RULES)
ROUND_TRIPS = (0, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300)  # ms, for the plot
SLOW = ("ccxt, leaky bucket",)  # polls every millisecond, so a fifth of the hours must do
PLOTTED = ("bingx_async", "bingx_async, credit=0.5", "token bucket", "sliding log")


def compare(hours: float, seed: int, workers: int) -> dict[tuple[str, str], Outcome]:
    """Every rule in every network, `hours` each: (rule, network) -> outcome."""
    return _run_all([(name, network) for network in NETWORKS for name in NAMES], hours, seed, workers)


def by_round_trip(hours: float, seed: int, workers: int) -> dict[tuple[str, str], Outcome]:
    """Some rules over the round trip, with a fifth of jitter each way: (rule, `round trip N`) -> outcome."""
    networks = [f"round trip {span}" for span in ROUND_TRIPS]
    return _run_all([(name, network) for network in networks for name in PLOTTED], hours, seed, workers)


def _run_all(cells: list[tuple[str, str]], hours: float, seed: int, workers: int) -> dict[tuple[str, str], Outcome]:
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return dict(zip(cells, pool.map(_run_cell, [(*cell, hours, seed) for cell in cells]), strict=True))


def _run_cell(cell: tuple[str, str, float, int]) -> Outcome:
    name, network, hours, seed = cell
    if name in SLOW:
        hours /= 5.0
    condition = Condition(network, network, mixes_priorities=False, options=OURS.get(name, {}))
    with simulated_clocks():
        options = {"loop_factory": TickingEventLoop}
        outcome = anyio.run(
            drive_rule, condition, Random(seed + crc32(network.encode())), hours * HOUR, name, backend_options=options
        )
    return evolve(outcome, seed=seed)


def accepted_share(outcome: Outcome) -> float:
    """The share of the quota that was of use under the strictest way of counting: arrivals that were not refused."""
    return outcome.share * (1.0 - max(outcome.refused) / max(1, outcome.calls))


def rows(outcomes: dict[tuple[str, str], Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """One row a rule: its outcomes in the order of `NETWORKS`."""
    for name in NAMES:
        yield name, [outcomes[name, network] for network in NETWORKS]
