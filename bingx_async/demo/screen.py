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
from bingx_async.demo.panels import DIM, FAIR, GOOD, News, Uses, bucket_table, news_line, report_panel, title
from bingx_async.demo.report import Report, uses_of
from bingx_async.demo.scenario import Scenario
from bingx_async.runtime.clock import wall_ms

PAUSE = 1.0 / 8  # seconds between two frames
PICTURE = 116  # columns of the saved picture
TALL = 36  # lines from which on every account is shown
LEGEND = (
    f"[{DIM}] tokens: [{FAIR}]● [/]on its way   [steel_blue1]● [/]spent, comes back one window after the reply   "
    f"[{GOOD}]○ [/]free\n[/]"
)


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
        width = console.width if console is not None else PICTURE
        is_short = console is not None and console.height < TALL
        snapshot, uses = self._seen or self.look()
        parts: list[ConsoleRenderable] = [] if is_short else [title(self.scenario)]
        parts += [self._progress(width), bucket_table(snapshot, uses, width, is_short=is_short)]
        if not is_short:
            parts.append(Text.from_markup(LEGEND))
        return Group(*parts, *(news_line(item) for item in self.news.items[-4:]))

    def _progress(self, width: int) -> ConsoleRenderable:
        scenario, total = self.scenario, self.scenario.settings.seconds
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=total, completed=scenario.elapsed, width=max(10, width - 68))
        tally = scenario.tally
        counts = f"{tally.cancelled:,} orders cancelled · {tally.placed} placed"
        grid.add_row(Text(f" {scenario.elapsed:4.1f} of {total:g} s", "bold"), bar, Text(counts, "bold"))
        return grid
