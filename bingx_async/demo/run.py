"""Run the demo: drive, show, judge."""

from __future__ import annotations

from pathlib import Path

import anyio
from rich.console import Console

from bingx_async.core import events
from bingx_async.demo.lines import Lines
from bingx_async.demo.panels import News
from bingx_async.demo.report import Report, judge
from bingx_async.demo.scenario import Scenario, Settings
from bingx_async.demo.screen import PAUSE, Screen


async def run(settings: Settings, console: Console, svg: Path | None = None) -> Report:
    """A whole run, shown live if `console` is a terminal and as plain lines if not."""
    news = News()

    def observe(event: events.Event) -> None:
        news.take(event, scenario.elapsed)

    scenario = Scenario(settings, observe)
    screen = Screen(scenario, news, console)
    display = screen if console.is_terminal else Lines(scenario, news, screen)
    async with scenario.open():
        with display:
            await _drive(scenario, display)
            report = judge(scenario)
            display.finish(report)
    if svg is not None:
        display.save(report, svg)
    return report


async def _drive(scenario: Scenario, display: Screen | Lines) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_refresh, display)
        await scenario.drive()
        group.cancel_scope.cancel()


async def _refresh(display: Screen | Lines) -> None:
    while True:
        display.refresh()
        await anyio.sleep(PAUSE)
