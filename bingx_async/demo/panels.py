"""The parts of the demo's screen: the title, the table of buckets, fills and balances, the news, and the report.

Each has a form for a narrow or a low terminal. Shapes tell the states of a token apart, colours only repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen
from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import ConsoleRenderable
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bingx_async import BucketSnapshot, Quota, Snapshot
from bingx_async.core import events
from bingx_async.demo.report import Report, Use, is_closed
from bingx_async.demo.scenario import CLOSED_ACCOUNT, LATENCY, Scenario, short
from bingx_async.demo.trader import JOBS

TOKENS = 10  # characters for a bucket with more tokens than that
BAR = 8  # characters for the share used
WIDE = 114  # columns from which on tokens and bars are drawn
NARROW = 76  # columns up to which the table has fewer columns
IN_FLIGHT, OCCUPIED, FREE = "◆", "●", "○"
GOOD, FAIR, BAD, DIM = "green3", "gold1", "red1", "grey50"
CLOSED_ROW = Style(bgcolor="#3a1216")
ORDER = [job.endpoint for job in JOBS]
Uses = Mapping[tuple[str, str], Use]
COLUMNS = {name: name for name in ("bucket", "quota", "free", "in flight", "waiting", "closed", "used")}
NARROW_COLUMNS = {name: name for name in ("bucket", "free", "waiting", "closed", "used")}
WIDE_COLUMNS = {
    "bucket": "bucket",
    "quota": "quota",
    "tokens": "tokens",
    "free": "available",
    "in flight": "in flight",
    "waiting": "waiting",
    "closed": "closed for",
    "used": "quota used",
}


@frozen
class Item:
    """One line: seconds into the run, its mark and colour, the text."""

    seconds: float
    mark: str
    style: str
    text: str

    def __str__(self) -> str:
        return f"{self.seconds:5.1f} s  {self.mark} {self.text}"


@define
class News:
    """The lines so far; an observer of events."""

    items: list[Item] = field(factory=list[Item])

    def take(self, event: events.Event, seconds: float) -> None:
        """Note the events that a reader should see."""
        if isinstance(event, events.Penalised):
            until, left = event.until, (event.until - event.at).total_seconds()
            moment = f"{until:%H:%M:%S}.{until.microsecond // 1000:03d} UTC, {left:.1f} s from now"
            self._add(seconds, "✖", BAD, f"{_name(event)}: the exchange has closed it (code 100410) until {moment}")
        elif isinstance(event, events.Probing):
            self._add(seconds, "▸", FAIR, f"{_name(event)}: the moment has come; one call goes first")
        elif isinstance(event, events.Reopened):
            self._add(seconds, "✔", GOOD, f"{_name(event)}: it was let through; open again, the others follow")
        elif isinstance(event, events.ForeignUse):
            self._add(seconds, "!", FAIR, f"{_name(event)}: {event.calls} calls are counted that are not ours")

    def _add(self, seconds: float, mark: str, style: str, text: str) -> None:
        self.items.append(Item(seconds, mark, style, text))


def _name(event: events.BucketEvent) -> str:
    """Owner and endpoint or group, such as `1002 cancel_order`."""
    return f"{event.owner} {short(event.name)}".rstrip()


def title(scenario: Scenario, *, is_short: bool) -> ConsoleRenderable:
    """The demo in two sentences, or in one line."""
    if is_short:
        return Text.assemble((" bingx-async", "bold cyan"), (" · never refused, never idle", "cyan"))
    text = Text.assemble(
        ("Three accounts behind one address place and cancel orders as fast as the exchange allows, and no faster.\n"),
        ("A row is a quota, and calls always wait for it. ", DIM),
        (f"Real HTTP to an emulator, {LATENCY * 1000:.0f} ms each way, {scenario.settings.model} counting.", DIM),
    )
    return Panel(text, title="[bold cyan]bingx-async[/] · never refused, never idle", box=ROUNDED, border_style="cyan")


def legend(width: int) -> Text:
    """The meaning of what the table shows at this width."""
    if width < WIDE:
        sent = " · in flight: not answered yet" if width > NARROW else ""
        return Text(f" free: tokens left{sent} · waiting: calls that queue", DIM)
    return Text.assemble(
        (" tokens: ", DIM),
        *((f"{IN_FLIGHT} ", FAIR), ("in flight   ", DIM)),
        *((f"{OCCUPIED} ", "steel_blue1"), ("spent, comes back one window after the reply   ", DIM)),
        *((f"{FREE} ", GOOD), ("free", DIM)),
    )


def bucket_table(snapshot: Snapshot, uses: Uses, width: int, *, is_short: bool = False) -> Table:
    """Every driven bucket of the accounts, then of the address; when short, only of the account that gets closed."""
    is_wide = width >= WIDE
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0) if is_wide else 0, header_style="bold", pad_edge=False)
    columns = WIDE_COLUMNS if is_wide else COLUMNS if width > NARROW else NARROW_COLUMNS
    for key, name in columns.items():
        table.add_column(name, justify="left" if key in ("bucket", "tokens") else "right", no_wrap=True)
    for group in _groups(snapshot, is_short):
        for bucket in group:
            left = (bucket.closed_until - snapshot.at).total_seconds() if bucket.closed_until is not None else 0.0
            cells = _cells(bucket, left, uses, is_wide)
            is_shut = is_closed(bucket.owner, short(bucket.name)) and left > 0
            table.add_row(*(cells[key] for key in columns), style=CLOSED_ROW if is_shut else "")
        table.add_section()
    return table


def _groups(snapshot: Snapshot, is_short: bool) -> list[list[BucketSnapshot]]:
    """The rows: account by account, then the buckets that all of them share."""
    accounts: dict[str, list[BucketSnapshot]] = {}
    shared: list[BucketSnapshot] = []
    for bucket in snapshot:
        if bucket.kind == "account":
            if short(bucket.name) in ORDER and (bucket.owner == CLOSED_ACCOUNT or not is_short):
                accounts.setdefault(bucket.owner, []).append(bucket)
        elif bucket.name.startswith(("group 2", "group 3")):
            shared.append(bucket)
    groups = [sorted(accounts[owner], key=_rank) for owner in sorted(accounts)]
    return [*groups, sorted(shared, key=_rank)]


def _rank(bucket: BucketSnapshot) -> tuple[int, str]:
    """The order of the jobs, then that of the names."""
    name = short(bucket.name)
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def _cells(bucket: BucketSnapshot, left: float, uses: Uses, is_wide: bool) -> dict[str, Text]:
    """What the columns show of a bucket that is closed for `left` seconds more."""
    return {
        "bucket": _title(bucket),
        "quota": Text(rate_of(bucket.quota), DIM),
        "tokens": _tokens(bucket, left > 0),
        "free": Text(str(bucket.available), GOOD if bucket.available and left <= 0 else DIM),
        "in flight": Text(str(bucket.in_flight), FAIR if bucket.in_flight else DIM),
        "waiting": Text(str(bucket.waiting), "" if bucket.waiting else DIM),
        "closed": Text(f"{left:.1f} s", f"bold {BAD}") if left > 0 else Text("open", DIM),
        "used": _share(uses.get((bucket.owner, short(bucket.name))), is_wide),
    }


def rate_of(quota: Quota) -> str:
    """`5/s`, `2000/10 s`."""
    return f"{quota.limit}/s" if quota.window == 1 else f"{quota.limit}/{quota.window:g} s"


def _title(bucket: BucketSnapshot) -> Text:
    if bucket.kind == "account":
        return Text.assemble((f"{bucket.owner}  ", "cyan"), short(bucket.name))
    return Text.assemble(("IP    ", "magenta"), " ".join(bucket.name.split(" ")[:2]))


def _tokens(bucket: BucketSnapshot, is_shut: bool) -> Text:
    """The state of each token: free, on its way, or occupied until one window after its reply."""
    limit = bucket.quota.limit
    scale = min(1.0, TOKENS / limit)
    in_flight = min(TOKENS, round(bucket.in_flight * scale + (0.49 if bucket.in_flight else 0.0)))
    free = min(round(bucket.available * scale), TOKENS - in_flight)
    occupied = max(0, min(limit, TOKENS) - in_flight - free)
    style = BAD if is_shut else "steel_blue1"
    free_style = BAD if is_shut else GOOD
    return Text.assemble((IN_FLIGHT * in_flight, FAIR), (OCCUPIED * occupied, style), (FREE * free, free_style))


def _share(use: Use | None, is_wide: bool) -> Text:
    """The share as a bar and a number."""
    if use is None:
        return Text("")
    style = GOOD if use.share >= 0.9 else FAIR
    number = Text(f"{use.share:7.1%}", f"bold {style}")
    if not is_wide:
        return number
    full = min(BAR, round(use.share * BAR))
    return Text.assemble(("━" * full, style), ("━" * (BAR - full), "grey23"), number)


def news_line(item: Item) -> Text:
    """One event in its colour."""
    mark = (f"{item.mark} ", f"bold {item.style}")
    return Text.assemble((f" {item.seconds:5.1f} s  ", DIM), mark, (item.text, item.style))


def report_panel(report: Report) -> Panel:
    """The promises, and the numbers behind them."""
    grid = Table.grid(padding=(0, 1))
    for check in report.checks:
        mark = ("✔", GOOD) if check.is_kept else ("✖", BAD)
        grid.add_row(Text(mark[0], f"bold {mark[1]}"), Text(check.text, "" if check.is_kept else BAD))
    for line in report.numbers:
        grid.add_row("", Text(line, DIM))
    style = GOOD if report.is_kept else BAD
    verdict = "every promise kept" if report.is_kept else "a promise was broken"
    return Panel(grid, title=f"[bold {style}]{verdict}[/]", box=ROUNDED, border_style=style)
