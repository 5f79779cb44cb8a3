"""The texts around the demo's table: title, events, and the report at the end."""

from __future__ import annotations

from rich.box import ROUNDED
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bingx_async.demo.news import MARKS, Item, Kind
from bingx_async.demo.report import Report
from bingx_async.demo.scenario import LATENCY, Scenario
from bingx_async.demo.table import BAD, DIM, FAIR, GOOD

NEWS_STYLES: dict[Kind, str] = {"closed": BAD, "probe": FAIR, "open": GOOD, "other": FAIR}


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
    style = NEWS_STYLES[item.kind]
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
