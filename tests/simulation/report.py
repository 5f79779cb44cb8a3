"""The run's figures as Markdown tables, and the docs between their markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.simulation.comparing import NETWORKS, accepted_share, rows
from tests.simulation.conditions import OUTSIDE, PACING, STAMPED, WITHIN
from tests.simulation.outcome import Outcome

DOCS = Path(__file__).parents[2] / "docs"
MARK = "<!-- {} {}: written by python -m tests.simulation --write-docs -->"


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def within(outcomes: dict[str, Outcome]) -> str:
    """What happened while every assumption held."""
    bounded = {condition.name for condition in WITHIN if condition.has_bound}
    head = ("condition", "hours", "calls", "rejected", "mean round trip", "quota used", "bound")
    names = [condition.name for condition in WITHIN] + sorted(outcomes.keys() - {each.name for each in WITHIN})
    return table(head, [_within_row(outcomes[name], name in bounded) for name in names if name in outcomes])


def _within_row(outcome: Outcome, is_bounded: bool) -> tuple[str, ...]:
    return (
        outcome.name,
        f"{outcome.hours:.1f}",
        grouped(outcome.calls),
        str(max(outcome.refused)),
        f"{outcome.round_trip:.0f} ms",
        f"{100 * outcome.share:.1f} %" if is_bounded else "–",
        f"{100 * outcome.bound:.1f} %" if is_bounded else "–",
    )


def outside(outcomes: dict[str, Outcome]) -> str:
    """What each broken assumption costs, per million calls, under each way of counting."""
    head = (
        "broken assumption, or price of a setting",
        "sliding",
        "fixed, first",
        "fixed, clock",
        "token bucket",
        "quota used",
    )
    body = []
    for condition in OUTSIDE:
        outcome = outcomes[condition.name]
        rates = [grouped(round(1e6 * count / outcome.calls)) for count in outcome.refused]
        body.append((condition.name, *rates, f"{100 * outcome.share:.1f} %"))
    return table(head, body)


def pacing(outcomes: dict[str, Outcome]) -> str:
    """The paced address beside the unpaced one."""
    body = [
        (each.name, f"{outcomes[each.name].p99_wait / 1000:.1f} s", f"{100 * outcomes[each.name].share:.1f} %")
        for each in PACING
    ]
    return table(("demand", "p99 wait", "quota used"), body)


def stamped(outcomes: dict[str, Outcome]) -> str:
    """Each network under rule R and where stamps return tokens: the shares, and all rejections of its runs."""
    names = [each.name.split(", ") for each in STAMPED]
    rules, networks = (list(dict.fromkeys(column)) for column in zip(*names, strict=True))
    body = []
    for network in networks:
        runs = [outcomes[f"{rule}, {network}"] for rule in rules]
        shares = [f"{100 * run.share:.1f} %" for run in runs]
        rejected = sum(max(run.refused) for run in runs)
        body.append((network, f"{runs[0].round_trip:.0f} ms", *shares, str(rejected)))
    return table(("condition", "mean round trip", *rules, "rejected"), body)


def comparison(outcomes: dict[tuple[str, str], Outcome]) -> str:
    """Every rule in every network: rejections per million calls, and the share that was of use."""
    body = [
        (name, *(f"{grouped(round(each.worst))} · {100 * accepted_share(each):.0f} %" for each in found))
        for name, found in rows(outcomes)
    ]
    return table(("rule", *NETWORKS), body)


def grouped(number: int) -> str:
    """12345 as 12 345."""
    return f"{number:,}".replace(",", " ")


def write(parts: dict[str, str], page: Path = DOCS / "governor.md") -> None:
    """Put each part between its markers."""
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = MARK.format("begin", name), MARK.format("end", name)
        before, found, rest = text.partition(begin)
        _, closing, after = rest.partition(end)
        if not (found and closing):
            raise ValueError(f"{page} has no part {name}")
        text = f"{before}{begin}\n{part}\n{end}{after}"
    page.write_text(text, encoding="utf-8")
