"""The promise in simulated time: 200 hours (CI) in all conditions, no call rejected, no quota left unused.

The hours run in processes of their own, because a run under the coverage tracer takes several times as long.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path

import pytest

from bingx_async.runtime.governor.line import Parking
from tests.simulation.__main__ import gather, main
from tests.simulation.conditions import ANCHORED, STAMPED, WITHIN, find
from tests.simulation.running import Run, run_one
from tests.sizes import IN_CI

ROOT = Path(__file__).parents[2]
PARTS = 4 if IN_CI else 1
HOURS = 50 if IN_CI else 10  # of each part; fewer are too few for a fair mean of each condition
ANCHORED_HOURS = 0.3 if IN_CI else 0.1  # of each condition


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """A run is silent below errors; the tests after it are not."""
    logger = getLogger("bingx_async")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_call_is_rejected_and_no_quota_left_unused(part: int) -> None:
    """Hours of every condition within the assumptions; a failure prints how to repeat its run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    command = [sys.executable, "-m", "tests.simulation", "--hours", str(HOURS), "--seed", str(1000 * part + 1)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "no call was rejected, and no quota was left unused" in done.stdout


@pytest.mark.parametrize("name", ["everything", "mixed", "everything (tasks)", "everything (client)"])
def test_a_run_repeats_exactly(name: str) -> None:
    """Everything in a run follows from its condition and its seed."""
    first, again, other = (run_one(Run(name, seed, 0.03)) for seed in (5, 5, 6))
    assert (first == again, first == other) == (True, False)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("second process, not shared", 0.02),
        ("client clock 1000 ppm fast", 0.02),
        ("stamped, 3 % of the calls before they are counted", 0.3),
    ],
)
def test_the_exchange_notices_a_broken_assumption(name: str, hours: float) -> None:
    """The counters do reject: where an assumption is broken, they say so, and the exit status too."""
    outcome = run_one(Run(name, 1, hours))
    assert (max(outcome.refused) > 0, len(outcome.first_refusals)) == (True, 3)
    assert main(["--replay", f"{name}:1", "--hours", str(hours)]) == 1


@pytest.mark.parametrize("name", ["second process, share=0.5 each", 'restart every 20 s, cold_start="spent"'])
def test_the_settings_that_mend_an_assumption_do(name: str) -> None:
    """A share for each process, and a cold start that counts as spent, bring the rejections back to none."""
    assert run_one(Run(name, 1, 0.05)).refused == (0, 0, 0, 0)


@pytest.mark.parametrize("model", ["fixed-first", "fixed-clock", "sliding", "token"])
def test_the_anchor_is_not_refused(model: str) -> None:
    """With anchor="headers" an honest exchange refuses nothing, whichever way it counts, tells and is reached."""
    outcomes = [run_one(Run(each.name, 1, ANCHORED_HOURS)) for each in ANCHORED if each.model == model]
    assert [outcome.refused for outcome in outcomes] == [(0,)] * 10
    assert min(outcome.share for outcome in outcomes) > 0.8


def test_the_anchor_gains() -> None:
    """Where windows stand fixed to the clock, the headers let all of a quota be used at 50 ms; replies alone 95 %."""
    for form in ("moments", "spans"):
        assert run_one(Run(f"anchor, fixed-clock, {form}, ordinary", 1, 0.3)).share > 0.99


def test_stamps_gain_and_are_not_refused() -> None:
    """Honest stamps bring tokens back earlier and no refusal, under drift, slow ways in one direction and losses; with
    clocks kept by UTC the way back costs nothing."""
    found = {each.name: run_one(Run(each.name, 1, 0.2 if IN_CI else 0.1)) for each in STAMPED}
    assert {outcome.refused for outcome in found.values()} == {(0, 0, 0, 0)}
    shares = {name: found[f"{name}, slow down"].share for name in ("replies", "stamps", "stamps and UTC")}
    assert shares["replies"] + 0.01 < shares["stamps"]
    assert shares["stamps"] + 0.04 < shares["stamps and UTC"]
    assert shares["stamps and UTC"] > 0.98


def test_nothing_is_sent_into_a_period_known_to_be_closed() -> None:
    """Once the client has read the moment, no call of the closed scope arrives before it."""
    outcome = run_one(Run("closed periods", 1, 0.5))
    assert (outcome.into_closed, outcome.refused) == (0, (0, 0, 0, 0))


def test_pacing_halves_the_longest_waits() -> None:
    """400 callers behind one address: the 99th percentile of the waits is half of what it is without pacing or less."""
    paced, unpaced = (
        run_one(Run(name, 1, 0.03)) for name in ("400 callers, one group", "400 callers, one group, unpaced")
    )
    assert paced.p99_wait < 0.55 * unpaced.p99_wait
    assert paced.share > 0.985


def test_a_grant_among_thousands_of_lines_asks_only_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 2000 lines waiting for full interfaces and a full group, a call moves a few of them, not all."""
    parked = 0
    park = Parking.park

    def counting_park(*arguments: object) -> None:
        nonlocal parked
        parked += 1
        park(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Parking, "park", counting_park)
    outcome = run_one(Run("a group full, 200 accounts", 1, 0.01))
    assert parked / outcome.calls < 10


def test_every_condition_can_be_named() -> None:
    """Each name is one condition's, so that a printed seed can be replayed."""
    assert [find(condition.name, 1) for condition in WITHIN] == list(WITHIN)


def test_runs_of_one_condition_add_up() -> None:
    """Calls and hours are sums, shares are means by hours."""
    runs = [run_one(Run("sparse", seed, hours)) for seed, hours in ((1, 0.1), (2, 0.3))]
    both = gather(runs)["sparse"]
    assert both.calls == runs[0].calls + runs[1].calls
    assert both.share == pytest.approx(0.25 * runs[0].share + 0.75 * runs[1].share)
