"""The two figures of docs/governor.md, as SVG. Needs matplotlib, which only the session `simulate` installs.

`closed_period`: tokens, arrivals and refusals of one account around a period the exchange closes. `share`: the share
of a quota that is of use against the round trip, for several rules, with the bound.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from bingx_async.core.claims import Key
from bingx_async.core.verdict import Meaning, Throttled
from tests.simulation.comparing import PLOTTED, ROUND_TRIPS, accepted_share
from tests.simulation.conditions import ENDPOINTS, Condition
from tests.simulation.driving import Process
from tests.simulation.outcome import Outcome
from tests.simulation.timeline import HeapTimeline
from tests.simulation.world import World

INK, MUTED, GRID = "#1f2933", "#66727f", "#e3e7eb"
BLUE, ORANGE, RED, GREEN, PURPLE = "#2563a8", "#d97a1e", "#c0392b", "#2e8b57", "#7b5ea7"
COLOURS = dict(zip(PLOTTED, (BLUE, GREEN, ORANGE, RED), strict=True))
FIRST, LAST, STEP = 1000.0, 9000.0, 5.0  # ms shown, and between samples
CLOSED_AT, CLOSED_FOR = 4000.0, 2000.0


def save_all(folder: Path, outcomes: dict[tuple[str, str], Outcome], kinds: tuple[str, ...] = ("svg",)) -> None:
    """Draw both figures into `folder`."""
    plt = _prepare()
    for name, draw in (("closed_period", _draw_closed), ("share", partial(_draw_share, outcomes=outcomes))):
        figure = draw(plt)
        for kind in kinds:
            metadata = {"Date": None} if kind == "svg" else None
            figure.savefig(folder / f"{name}.{kind}", metadata=metadata, dpi=120, facecolor="white")
        plt.close(figure)


def _prepare() -> Any:
    import_module("matplotlib").use("svg")
    plt = import_module("matplotlib.pyplot")
    plt.rcParams.update(
        {
            "svg.hashsalt": "bingx_async",
            "font.family": "DejaVu Sans",
            "font.size": 10.5,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": GRID,
            "axes.axisbelow": True,
            "figure.constrained_layout.use": True,
        }
    )
    return plt


class _Recorder:
    """One account, 5/s, saturated; the exchange closes the endpoint for reasons of its own."""

    def __init__(self) -> None:
        self.timeline = HeapTimeline()
        condition = Condition("figure", "round trip 140", mixes_priorities=False)
        self.world = World(condition, Random(11), self.timeline)
        self.process = Process(self.world, self.timeline)
        self.arrivals: list[tuple[float, bool]] = []
        self.tokens: list[tuple[float, int, int]] = []  # moment, free, in flight
        arrive = self.world.exchange.arrive
        self.world.exchange.arrive = partial(self._arrive, arrive)  # type: ignore[method-assign]

    def run(self) -> None:
        """Record until `LAST`."""
        self.process.start()
        key = Key("account", "0", ENDPOINTS[0].route)
        self.timeline.at(CLOSED_AT, self.world.exchange.close, key, CLOSED_AT, CLOSED_FOR, Meaning.CLOSED)
        self.timeline.at(0.0, self._sample)
        self.timeline.run(LAST)
        self.tokens.append((LAST, *self.tokens[-1][1:]))

    def _arrive(self, arrive: Any, claims: Any, at: float, granted_at: float) -> Any:
        verdict = arrive(claims, at, granted_at)
        self.arrivals.append((at, isinstance(verdict, Throttled)))
        return verdict

    def _sample(self) -> None:
        (bucket,) = [b for b in self.process.governor.snapshot() if b.kind == "account"]
        seen = (bucket.available, bucket.in_flight)
        if not self.tokens or seen != self.tokens[-1][1:]:
            self.tokens.append((self.timeline.now, *seen))
        self.timeline.at(self.timeline.now + STEP, self._sample)


def _draw_closed(plt: Any) -> Any:
    record = _Recorder()
    record.run()
    figure, (top, low) = plt.subplots(2, 1, figsize=(9.2, 5.0), sharex=True, height_ratios=(2.2, 1.0))
    moments = [at / 1000.0 for at, _, _ in record.tokens]
    free = [count for _, count, _ in record.tokens]
    in_flight = [count for _, _, count in record.tokens]
    held = [5 - a - b for a, b in zip(free, in_flight, strict=True)]
    colours, labels = ("#8fb8de", "#f0b878", "#e6eaee"), ("free", "under way", "waiting out their window")
    top.stackplot(moments, free, in_flight, held, step="post", colors=colours, labels=labels, linewidth=0)
    top.set_ylabel("the bucket's 5 tokens")
    top.set_ylim(0, 5)
    top.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3, frameon=False)
    _draw_arrivals(low, record)
    for axis in (top, low):
        axis.axvspan(CLOSED_AT / 1000.0, (CLOSED_AT + CLOSED_FOR) / 1000.0, color=RED, alpha=0.10, linewidth=0)
        axis.set_xlim(FIRST / 1000.0, LAST / 1000.0)
    low.text(CLOSED_AT / 1000.0 + 0.08, 3.9, "closed by the exchange", color=RED)
    return figure


def _draw_arrivals(axis: Any, record: _Recorder) -> None:
    taken = [at / 1000.0 for at, was_closed in record.arrivals if not was_closed]
    refused = [at / 1000.0 for at, was_closed in record.arrivals if was_closed]
    per_window = [sum(at - 1.0 < other <= at for other in taken) for at in taken]
    axis.vlines(taken, 0, per_window, color=BLUE, linewidth=1.2, alpha=0.5)
    axis.plot(taken, per_window, "o", color=BLUE, markersize=4, label="counted: how many in the second before")
    axis.plot(refused, [0.35] * len(refused), "x", color=RED, markersize=7, markeredgewidth=2, label="refused")
    axis.axhline(5, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axis.set_ylim(0, 6.4)
    axis.set_yticks([0, 5])
    axis.set_ylabel("arrivals in\na second")
    axis.set_xlabel("seconds")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.42), ncols=2, frameon=False)
    after = [at for at in taken if at > (CLOSED_AT + CLOSED_FOR) / 1000.0]
    note = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.8}
    axis.annotate("one goes first", (after[0], 1), (after[0] - 0.2, 2.6), ha="right", color=INK, arrowprops=note)


def _draw_share(plt: Any, outcomes: dict[tuple[str, str], Outcome]) -> Any:
    figure, axis = plt.subplots(figsize=(9.2, 5.4))
    spans = list(range(0, ROUND_TRIPS[-1] + 1, 2))
    bound = [100.0 / (1.0 + span / 1000.0) for span in spans]
    axis.plot(
        spans,
        bound,
        color=MUTED,
        linewidth=1.2,
        linestyle=(0, (5, 3)),
        label="the bound: 1 / (1 + round trip / window)",
    )
    for name in PLOTTED:
        found = [outcomes[name, f"round trip {span}"] for span in ROUND_TRIPS]
        shares = [100.0 * accepted_share(outcome) for outcome in found]
        refused = sum(max(outcome.refused) for outcome in found) / sum(outcome.calls for outcome in found)
        label = f"{name}: {f'{refused:.0%} of the calls refused' if refused else 'none refused'}"
        axis.plot(ROUND_TRIPS, shares, "o-", color=COLOURS[name], markersize=4.5, linewidth=1.8, label=label)
    axis.set_xlim(0, ROUND_TRIPS[-1])
    axis.set_ylim(70, 100.8)
    axis.set_xlabel("mean round trip, ms (a fifth of jitter each way)")
    axis.set_ylabel("accepted calls, % of the quota of 5/s")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    return figure
