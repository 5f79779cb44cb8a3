"""Run the demo: drive, show, judge. Without a terminal it prints plain lines: one a second, every event, the report."""

from __future__ import annotations

import codecs
import signal
import sys
from pathlib import Path
from types import FrameType

import anyio
import click
from attrs import define, field
from rich.console import Console

from bingx_async.core import events
from bingx_async.demo.panels import News, rate_of
from bingx_async.demo.report import Report, judge, uses_of
from bingx_async.demo.scenario import Scenario, Settings
from bingx_async.demo.screen import PAUSE, Screen
from bingx_async.demo.statement import total
from bingx_async.runtime.clock import wall_ms

LOOKALIKES = "bingx_async.demo"  # the name under which Python knows how to replace characters
ALIKE = str.maketrans("◆●○━·✖✔▸–", "@#o=-x+>-")


@define(eq=False)
class Lines:
    """Prints a scenario as it goes; a context."""

    scenario: Scenario
    news: News
    screen: Screen  # never started; it keeps the last frame for the picture
    _printed: int = field(init=False, default=0)
    _second: int = field(init=False, default=0)

    def __enter__(self) -> Lines:
        settings = self.scenario.settings
        load = f"{settings.seconds:g} s at full load, {settings.model} counting"
        click.echo(f"bingx-async demo: three accounts, {load}")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def refresh(self) -> None:
        """Print the news since the last time."""
        self.screen.look()
        for item in self.news.items[self._printed :]:
            click.echo(str(item))
        self._printed = len(self.news.items)
        if int(self.scenario.elapsed) > self._second:
            self._second = int(self.scenario.elapsed)
            click.echo(self._progress())

    def finish(self, report: Report) -> None:
        """Print the report."""
        self.refresh()
        click.echo(f"\n{'account':<9}{'endpoint':<24}{'quota':>7}{'accepted':>10}{'per second':>12}{'used':>8}")
        for use in report.uses:
            used = f"{rate_of(use.quota):>7}{use.calls:>10}{use.rate:>12.2f}{use.share:>8.1%}"
            click.echo(f"{use.account:<9}{use.endpoint:<24}{used}")
        click.echo("")
        for check in report.checks:
            click.echo(f"{'ok    ' if check.is_kept else 'FAILED'}  {check.text}")
        for line in report.numbers:
            click.echo(f"        {line}")

    def _progress(self) -> str:
        scenario = self.scenario
        stats = scenario.emulator.stats()
        uses = uses_of(scenario, stats, wall_ms())
        mean = f"{sum(use.share for use in uses) / len(uses):.1%}" if uses else "-"
        waiting, statements = scenario.governor.snapshot().waiting, scenario.statements
        fills = sum(len(statement.fills) for statement in statements)
        usdt, btc = total(statements, "USDT"), total(statements, "BTC")
        return (
            f"{scenario.elapsed:5.1f} s  {stats.accepted:5} calls accepted  {stats.refused:3} refused  "
            f"{waiting:4} waiting  {mean:>6} of the quotas used  {fills:4} fills  {usdt:,.2f} USDT  {btc:.5f} BTC"
        )


async def run(settings: Settings, svg: Path | None = None) -> Report:
    """A whole run, shown live in a terminal and as plain lines elsewhere."""
    _ignore_later_interrupts()
    _write_what_can_be_written()
    news, console = News(), Console()

    def observe(event: events.Event) -> None:
        news.take(event, scenario.elapsed)

    scenario = Scenario(settings, observe)
    screen = Screen(scenario, news, console)
    display = screen if console.is_terminal else Lines(scenario, news, screen)
    async with scenario.open():
        with display:
            async with anyio.create_task_group() as group:
                group.start_soon(_refresh, display)
                await scenario.drive()
                group.cancel_scope.cancel()
            report = judge(scenario)
            display.finish(report)
    if svg is not None:
        screen.save(report, svg)
    return report


def _ignore_later_interrupts() -> None:
    """Let the first Ctrl-C end the run, and none after it disturb the closing."""
    end = signal.getsignal(signal.SIGINT)

    def take(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if callable(end):
            end(number, frame)

    signal.signal(signal.SIGINT, take)


def _write_what_can_be_written() -> None:
    """Let characters that the output has no code for come out as others that look alike."""
    codecs.register_error(LOOKALIKES, _look_alike)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=LOOKALIKES)


def _look_alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(ALIKE)
    return text.encode("ascii", "replace").decode(), error.end


async def _refresh(display: Screen | Lines) -> None:
    while True:
        display.refresh()
        await anyio.sleep(PAUSE)
