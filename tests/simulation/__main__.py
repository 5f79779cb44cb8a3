"""`python -m tests.simulation`: every condition within the assumptions, and whether the promise held.

--hours 200             simulated hours in all
--seed 1                of the first run of each condition
--outside               also what breaks each assumption, pacing, and the other rules (needs their libraries)
--anchored CALLS        nothing but anchor="headers", before exchanges that count and tell honestly
--write-docs            all of it, and docs/governor.md and docs/figures rewritten (needs matplotlib)
--replay CONDITION:SEED one run again, exactly; with --hours as it was printed
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

from bingx_async.core.bucket import KEPT
from tests.simulation import report, running
from tests.simulation.conditions import PACING, STAMPED, WITHIN
from tests.simulation.outcome import Outcome, merge
from tests.simulation.running import Run, plan, plan_anchored, plan_outside, run_all, run_one

TOLERANCE = 0.01  # of the bound


def main(arguments: list[str] | None = None) -> int:
    """Run, print, judge; the exit status is 1 if the promise did not hold."""
    options = _parse(arguments)
    began = perf_counter()
    if options.replay:
        name, _, seed = options.replay.rpartition(":")
        outcome = run_one(Run(name, int(seed), options.hours))
        print(outcome)
        return int(bool(_broken([outcome])))
    if options.anchored:
        return _anchored(options)
    outcomes = list(run_all(plan(options.hours, options.seed), options.workers))
    together = gather(outcomes)
    parts = {"within": report.within(together)}
    print(parts["within"])
    broken = _broken(outcomes) + _unused(together)
    hours, calls = sum(each.hours for each in outcomes), sum(each.calls for each in outcomes)
    print(f"\n{hours:.0f} simulated hours, {calls} calls, {perf_counter() - began:.0f} s")
    print("\n".join(broken) or "no call was rejected, and no quota was left unused")
    if options.outside or options.write_docs:
        parts |= _beyond(options)
    if options.write_docs:
        parts["total"] = f"{hours:.0f} simulated hours, {report.grouped(calls)} calls; seed {options.seed}."
        report.write(parts)
    return int(bool(broken))


def _anchored(options: argparse.Namespace) -> int:
    """Every way of counting, seen by its headers; the exit status is 1 if a call was refused."""
    outcomes = list(run_all(plan_anchored(options.anchored, options.seed), options.workers))
    for each in sorted(gather(outcomes).values(), key=lambda each: each.name):
        print(f"{each.name:50} {each.calls:9} calls, {sum(each.refused)} refused, {each.share:.1%} of the quota")
    broken = _broken(outcomes)
    print(f"\n{sum(each.calls for each in outcomes)} calls")
    print("\n".join(broken) or "no call was rejected")
    return int(bool(broken))


def gather(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Condition -> all its runs as one."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.name].append(outcome)
    return {name: merge(runs) for name, runs in found.items()}


def _broken(outcomes: Iterable[Outcome]) -> list[str]:
    """Every run in which a call was rejected, or sent into a period known to be closed."""
    return [
        f"REJECTED {each.refused}, into closed {each.into_closed}: {'; '.join(each.first_refusals)}\n"
        f"  python -m tests.simulation --replay '{each.name}:{each.seed}' --hours {each.hours!r}"
        for each in outcomes
        if any(each.refused) or each.into_closed
    ]


def _unused(together: dict[str, Outcome]) -> list[str]:
    """Every condition in which a call always waited and quota was left."""
    found: list[str] = []
    for condition in WITHIN:
        each = together.get(condition.name)
        kept = KEPT if condition.gauge == "address" else 0.0  # for a kill switch that does not come here
        if each is not None and condition.has_bound and each.share < each.bound - TOLERANCE - kept:
            found.append(f"UNUSED {each.name}: {each.share:.4f} of the quota, the bound is {each.bound:.4f}")
    return found


def _beyond(options: argparse.Namespace) -> dict[str, str]:
    """What lies outside of the promise, and the other rules."""
    from tests.simulation import comparing

    each = min(5.0, options.hours / 100.0)
    found = gather(run_all(plan_outside(each, options.seed), options.workers))
    found |= gather(run_all([Run(it.name, options.seed, 1.0) for it in (*PACING, *STAMPED)], options.workers))
    peers = comparing.compare(each / 4.0, options.seed, options.workers)
    parts = {
        "outside": report.outside(found),
        "stamped": report.stamped(found),
        "pacing": report.pacing(found),
        "comparison": report.comparison(peers),
    }
    print("\n\n".join(["", *parts.values()]))
    if options.write_docs or options.png:
        from tests.simulation.plots import save_all

        curves = comparing.by_round_trip(each / 4.0, options.seed, options.workers)
        if options.write_docs:
            save_all(report.DOCS / "figures", curves)
        if options.png:
            save_all(options.png, curves, ("png",))
    return parts


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--hours", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--outside", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--anchored", type=float, default=0.0, metavar="CALLS")
    parser.add_argument("--png", type=Path, help="a folder for the figures as PNG, with --outside or --write-docs")
    parser.add_argument("--replay", metavar="CONDITION:SEED")
    parser.add_argument("--workers", type=int, default=running.workers())
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
