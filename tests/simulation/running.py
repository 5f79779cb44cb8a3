"""Runs: what to run for how long, one run from its seed, and many of them on all processors."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from logging import ERROR, getLogger
from multiprocessing import get_context
from random import Random
from zlib import crc32

from attrs import frozen

from bingx_async.testing import run_simulated
from tests.simulation.clients import drive_by_clients
from tests.simulation.conditions import ANCHORED, OUTSIDE, WITHIN, Condition, find
from tests.simulation.driving import Process, drive_by_tasks
from tests.simulation.outcome import Outcome, measure
from tests.simulation.timeline import HeapTimeline, LoopTimeline
from tests.simulation.world import World

HOUR = 3.6e6  # ms
LONGEST, SHORTEST = 2.0, 0.03  # hours of one run
MIXED = 0.3  # of the hours: each run another mixture
BY_TASKS = ("everything", "spikes", "losses", "bursts of 20")
BY_CLIENT = ("everything", "route changes")


Drive = Callable[[World, float], Awaitable[None]]


@frozen
class Run:
    """One run: everything follows from it."""

    name: str
    seed: int
    hours: float


def plan(hours: float, seed: int) -> list[Run]:
    """About `hours` of every condition within the assumptions: by the heap, by tasks, by whole clients."""
    runs = list(_parts("mixed", hours * MIXED, seed))
    whole = sum(condition.weight for condition in WITHIN)
    for condition in WITHIN:
        runs += _parts(condition.name, hours * (0.97 - MIXED) * condition.weight / whole, seed)
    for name in BY_TASKS:
        runs += _parts(f"{name} (tasks)", hours * 0.02 / len(BY_TASKS), seed)
    for name in BY_CLIENT:
        runs += _parts(f"{name} (client)", hours * 0.01 / len(BY_CLIENT), seed)
    return runs


def plan_outside(hours: float, seed: int) -> list[Run]:
    """`hours` of each condition that breaks an assumption."""
    return [run for condition in OUTSIDE for run in _parts(condition.name, hours, seed)]


def plan_anchored(calls: float, seed: int) -> list[Run]:
    """About `calls` calls in all with anchor="headers"; every run has to find out anew how the exchange counts."""
    hours = calls / sum(0.9 * condition.calls_per_second * HOUR / 1000.0 for condition in ANCHORED)
    return [run for condition in ANCHORED for run in _parts(condition.name, hours, seed)]


def run_all(runs: Iterable[Run], workers: int = 2) -> Iterator[Outcome]:
    """The outcomes, as they come; the long runs begin first."""
    ordered = sorted(runs, key=lambda run: -_cost(run))
    if workers == 1:
        yield from map(run_one, ordered)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(run_one, ordered)


def run_one(run: Run) -> Outcome:
    """Carry out one run; equal runs have equal outcomes."""
    condition = find(run.name, run.seed)
    getLogger("bingx_async").setLevel(ERROR)
    rng = Random(run.seed * 1_000_003 + crc32(run.name.encode()))
    span = run.hours * HOUR
    if run.name.endswith(" (tasks)"):
        world = run_simulated(_in_loop, condition, rng, span, drive_by_tasks)
    elif run.name.endswith(" (client)"):
        world = run_simulated(_in_loop, condition, rng, span, drive_by_clients)
    else:
        world = _on_the_heap(condition, rng, span)
    return measure(run.name, run.seed, condition, world, span)


def _on_the_heap(condition: Condition, rng: Random, span: float) -> World:
    timeline = HeapTimeline()
    world = World(condition, rng, timeline)
    for _ in range(condition.processes):
        Process(world, timeline).start()
    world.start()
    timeline.run(span)
    return world


async def _in_loop(condition: Condition, rng: Random, span: float, drive: Drive) -> World:
    timeline = LoopTimeline()
    world = World(condition, rng, timeline)
    await drive(world, span)
    timeline.check()
    return world


def _parts(name: str, hours: float, seed: int) -> Iterator[Run]:
    """`hours` cut into runs that are not too long, each with its own seed."""
    longest = 0.5 if name == "mixed" else LONGEST
    count = max(1, round(hours / longest))
    for number in range(count):
        yield Run(name, seed + number, max(SHORTEST, hours / count))


def _cost(run: Run) -> float:
    return run.hours * (1.0 if run.name == "mixed" else find(run.name, run.seed).calls_per_second)


def workers() -> int:
    """As many as there are processors, at most four."""
    return min(4, os.cpu_count() or 1)
