"""The demo in a terminal: title, progress, the table of buckets, the news, and at the end the report."""

from __future__ import annotations

import io
from pathlib import Path

from attrs import define, field
from rich.console import Console, ConsoleRenderable, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bingx_async import Snapshot
from bingx_async.demo.holdings import holdings_line, holdings_panel
from bingx_async.demo.panels import NARROW, WIDE, News, Uses, bucket_table, legend, news_line, report_panel, title
from bingx_async.demo.report import Report, uses_of
from bingx_async.demo.scenario import Scenario
from bingx_async.runtime.clock import wall_ms

PAUSE = 1.0 / 8  # seconds between two frames
PICTURE = 116  # columns of the saved picture
TALL = 36  # lines from which on every account is shown
ROOMY = 45  # lines from which on, in a wide terminal, the panels are drawn too


@define(eq=False)
class Screen:
    """Shows a scenario live; a context."""

    scenario: Scenario
    news: News
    console: Console
    _live: Live = field(init=False)
    _seen: tuple[Snapshot, Uses] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def refresh(self) -> None:
        """Draw the present state."""
        self.look()
        self._live.update(self._frame(self.console), refresh=True)

    def finish(self, report: Report) -> None:
        """Leave the last frame of the run on the screen and the report below it."""
        self._live.update(self._frame(self.console), refresh=True)
        self._live.stop()
        self.console.print(report_panel(report))

    def save(self, report: Report, path: Path) -> None:
        """The last frame and the report as an SVG picture, the same in every terminal."""
        console = Console(
            record=True,
            width=PICTURE,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            legacy_windows=False,
        )
        console.print(Group(self._frame(None), report_panel(report)))
        console.save_svg(str(path), title="bingx-async demo")

    def look(self) -> tuple[Snapshot, Uses]:
        """Take the state in; once the measured time is over, its last state stays."""
        scenario = self.scenario
        if self._seen is None or not scenario.is_over:
            uses = uses_of(scenario, scenario.emulator.stats(), wall_ms())
            self._seen = scenario.governor.snapshot(), {(use.account, use.endpoint): use for use in uses}
        return self._seen

    def _frame(self, console: Console | None) -> ConsoleRenderable:
        width, height = (console.width, console.height) if console is not None else (PICTURE, ROOMY)
        has_panels, scenario = height >= ROOMY and width >= WIDE, self.scenario
        snapshot, uses = self._seen or self.look()
        return Group(
            title(scenario, is_short=not has_panels),
            self._progress(width),
            bucket_table(snapshot, uses, width, is_short=height < TALL),
            legend(width),
            holdings_panel(scenario.statements) if has_panels else holdings_line(scenario.statements),
            *(news_line(item) for item in self.news.items[-4:]),
        )

    def _progress(self, width: int) -> ConsoleRenderable:
        scenario, total = self.scenario, self.scenario.settings.seconds
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=total, completed=scenario.elapsed, width=max(4, width - 66))
        tally = scenario.tally
        orders = " orders" if width > NARROW else ""
        counts = f"{tally.placed}{orders} placed · {tally.cancelled:,} cancelled · {tally.pairs} OCO"
        grid.add_row(Text(f" {scenario.elapsed:4.1f} of {total:g} s", "bold"), bar, Text(counts, "bold", no_wrap=True))
        return grid
