"""The tables of the documentation say what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from bingx_async import PROFILES, BingXClient, Governor, errors
from bingx_async.catalogue import CATALOGUE
from bingx_async.spot import SpotApi
from tests.docs.tables import DOCS, PLACE, TABLES, pages, per, renewed

README = DOCS.parent / "README.md"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_tables_are_those_of_the_code(page: Path) -> None:
    """A table differs? `python -m tests.docs.tables` writes it anew."""
    text = page.read_text("utf-8")
    assert text == renewed(text)


def test_every_table_is_shown_once() -> None:
    """No table is generated for nobody, none is marked under an unknown name."""
    shown = [name for text in pages().values() for _, name, _ in PLACE.findall(text)]
    assert sorted(shown) == sorted(TABLES)


def test_the_page_on_errors_names_every_error() -> None:
    """No error is left unexplained."""
    text = (DOCS / "errors.md").read_text("utf-8")
    assert [name for name in errors.__all__ if f"`{name}`" not in text] == []


def test_readme_and_page_name_every_profile() -> None:
    """A profile nobody hears of is of no use."""
    for page in (README, DOCS / "quotas.md"):
        text = page.read_text("utf-8")
        assert [name for name in PROFILES if f'`"{name}"`' not in text] == []


def test_readme_names_every_quota_of_the_default_profile() -> None:
    """The short table of the README agrees with the code too."""
    text = README.read_text("utf-8")
    for endpoint in CATALOGUE:
        if endpoint.is_signed:
            row = next(line for line in text.splitlines() if f"`{endpoint.method} {endpoint.path}`" in line)
            assert row.endswith(f"| {per(PROFILES['documented'][endpoint.path])} |")
            assert f"`{endpoint.name}`" in row


@pytest.mark.parametrize("page", [README, DOCS / "quickstart.md"], ids=lambda page: page.name)
def test_every_method_is_shown(page: Path) -> None:
    """Nobody has to read the code to find a method."""
    methods = [name for name in dir(SpotApi) if not name.startswith("_")]
    text = page.read_text("utf-8")
    assert [name for name in methods if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("settings", ["client", "governor"])
def test_readme_names_every_setting(settings: str) -> None:
    """A setting that is not in the README is found by nobody."""
    internal = {"self", "clock", "draw"}
    of = {"client": BingXClient.__init__, "governor": Governor.__init__}[settings]
    text = README.read_text("utf-8")
    assert [name for name in inspect.signature(of).parameters if name not in internal and f"`{name}`" not in text] == []
