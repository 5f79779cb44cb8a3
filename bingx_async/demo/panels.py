"""The texts around the demo's table: title, events of the governor about the closed period, the report at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import define, field, frozen
from rich.box import ROUNDED
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bingx_async.core import events
from bingx_async.demo.report import Report
from bingx_async.demo.scenario import LATENCY, Scenario, short
from bingx_async.demo.table import BAD, DIM, FAIR, GOOD

Kind = Literal["closed", "probe", "open", "other"]
MARKS: dict[Kind, str] = {"closed": "✖", "probe": "▸", "open": "✔", "other": "!"}
STYLES: dict[Kind, str] = {"closed": BAD, "probe": FAIR, "open": GOOD, "other": FAIR}


@frozen
class Item:
    """One line: seconds into the run, its subject, the text."""

    seconds: float
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.seconds:5.1f} s  {MARKS[self.kind]} {self.text}"


@define
class News:
    """The lines so far; an observer of events."""

    items: list[Item] = field(factory=list[Item])

    def take(self, event: events.Event, seconds: float) -> None:
        """Note the events that a reader should see."""
        if isinstance(event, events.Penalised):
            left = f"{_clock(event.until)}, {(event.until - event.at).total_seconds():.1f} s from now"
            self._add(seconds, "closed", f"{_name(event)}: the exchange has closed it (code 100410) until {left}")
        elif isinstance(event, events.Probing):
            self._add(seconds, "probe", f"{_name(event)}: the moment has come; one call goes first")
        elif isinstance(event, events.Reopened):
            self._add(seconds, "open", f"{_name(event)}: it was let through; open again, the others follow")
        elif isinstance(event, events.ForeignUse):
            self._add(seconds, "other", f"{_name(event)}: {event.calls} calls are counted that are not ours")

    def _add(self, seconds: float, kind: Kind, text: str) -> None:
        self.items.append(Item(seconds, kind, text))


def _name(event: events.BucketEvent) -> str:
    """Owner and endpoint or group, such as `1002 cancel_order`."""
    return f"{event.owner} {short(event.name)}".rstrip()


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def title(scenario: Scenario) -> Panel:
    """The demo in two sentences."""
    text = Text.assemble(
        ("Three accounts behind one address place and cancel orders as fast as the exchange allows, and no faster.\n"),
        ("A row is a quota, and calls are always waiting for it. ", DIM),
        (f"Real HTTP to an emulator, {LATENCY * 1000:.0f} ms each way, {scenario.settings.model} counting.", DIM),
    )
    return Panel(text, title="[bold cyan]bingx-async[/] · never refused, never idle", box=ROUNDED, border_style="cyan")


def news_line(item: Item) -> Text:
    """One event, in the colour of its kind."""
    style = STYLES[item.kind]
    return Text.assemble(
        (f" {item.seconds:5.1f} s  ", DIM), (f"{MARKS[item.kind]} ", f"bold {style}"), (item.text, style)
    )


def report_panel(report: Report) -> Panel:
    """The promises, and the numbers behind them."""
    grid = Table.grid(padding=(0, 1))
    for check in report.checks:
        mark = ("✔", GOOD) if check.is_kept else ("✖", BAD)
        grid.add_row(Text(mark[0], f"bold {mark[1]}"), Text(check.text, "" if check.is_kept else BAD))
    grid.add_row("", Text(totals(report), DIM))
    grid.add_row("", Text(waits(report), DIM))
    style = GOOD if report.is_kept else BAD
    verdict = "every promise kept" if report.is_kept else "a promise was broken"
    return Panel(grid, title=f"[bold {style}]{verdict}[/]", box=ROUNDED, border_style=style)


def totals(report: Report) -> str:
    """The size of the run in a line."""
    return f"{report.calls} calls in all: {report.cancelled:,} orders cancelled, {report.placed} OCO orders placed"


def waits(report: Report) -> str:
    """The longest waits in a line."""
    longest, closed = report.longest, report.longest_closed
    text = f"longest wait {longest.seconds:.1f} s ({longest.endpoint}, {longest.account})"
    return f"{text}; at the closed endpoint {closed.seconds:.1f} s" if closed.seconds else text
