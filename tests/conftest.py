"""Where CI=true nothing is missing: a test skipped there has silently stopped testing, and the run fails.

Exempt are tests marked `@pytest.mark.allow_skip("why even CI cannot run it")`.
"""

import os
import signal
from collections.abc import Generator
from typing import Any

import pytest

unexplained = pytest.StashKey[list[str]]()


# What is judged by how well it keeps time runs alone.
KEEPING_TIME = (
    "tests/cli/test_demo",
    "tests/cli/test_observe",
    "tests/client/test_saturated",
    "tests/redis/test_crowd",
    "tests/redis/test_failures",
    "tests/redis/test_governors",
    "tests/redis/test_load",
)


class Workers:
    """What the processes of pytest-xdist found, brought together; only registered where they are used."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_testnodedown(self, node: Any) -> None:
        self.config.stash[unexplained].extend(getattr(node, "workeroutput", {}).get("unexplained", []))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[unexplained] = []
    if config.pluginmanager.hasplugin("xdist") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Workers(config))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a background job
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(KEEPING_TIME):
            item.add_marker(pytest.mark.keeps_time)


def is_skip(report: pytest.TestReport) -> bool:
    """An expected failure is reported as skipped too, but it ran."""
    return report.skipped and not hasattr(report, "wasxfail")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    marker = item.get_closest_marker("allow_skip")
    if marker is not None and not marker.args:
        raise pytest.UsageError(f"{item.nodeid}: allow_skip needs a reason")
    if is_skip(report) and marker is None:
        item.config.stash[unexplained].append(f"{item.nodeid}: {reason_of(report)}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        collector.config.stash[unexplained].append(f"{collector.nodeid}: {reason_of(report)}")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["unexplained"] = session.config.stash[unexplained]
        return
    if os.environ.get("CI") == "true" and session.config.stash[unexplained] and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if os.environ.get("CI") == "true" and config.stash[unexplained]:
        terminalreporter.section("skipped without allow_skip: not accepted where CI=true")
        for line in config.stash[unexplained]:
            terminalreporter.line(line)
