"""The pages are complete: every table is shown, and every endpoint, method, setting, error and module has its place."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from pathlib import Path

import attrs
import pytest

import bingx_async
from bingx_async import PROFILES, BingXClient, Facts, Governor, StreamLimits, errors, models, spot
from bingx_async.account import AccountApi
from bingx_async.catalogue import CATALOGUE
from bingx_async.commands import bingx_async as command_line
from bingx_async.core import events
from bingx_async.core.options import CallOptions
from bingx_async.core.refusals import BARE_STATUSES, TABLE
from bingx_async.emulator import Emulator
from bingx_async.emulator.variants import Variants
from bingx_async.spot import SpotApi
from bingx_async.spot.streaming.streams import Streams

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {page: page.read_text("utf-8") for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]}

# docs/ is no package: `docs` is a name that other distributions take too.
_spec = importlib.util.spec_from_file_location("_tables_of_docs", DOCS / "tables.py")
assert _spec is not None
assert _spec.loader is not None
tables = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = tables
sys.path.insert(0, str(DOCS))  # where its neighbours are
_spec.loader.exec_module(tables)


def rows_of(name: str) -> list[str]:
    """The lines of a table below its head."""
    return [line for line in tables.TABLES[name]().splitlines() if line.startswith("|")][2:]


def test_every_table_is_shown_once() -> None:
    """Each table has one place in the pages, and no page asks for an unknown one."""
    assert sorted(name for text in PAGES.values() for name in tables.markers(text)) == sorted(tables.TABLES)


@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_a_table_is_well_formed(name: str) -> None:
    """Every line of a table has as many cells as the line above it."""
    blocks = [block for block in tables.TABLES[name]().split("\n\n") if block.lstrip().startswith("|")]
    assert blocks
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}) == 1


def test_a_page_is_filled() -> None:
    """A marker on a line of its own becomes the table; anything else stays."""
    text = tables.filled("before\n\n<!-- table: statuses -->\n\nafter `<!-- table: codes -->`\n")
    assert text == f"before\n\n{tables.TABLES['statuses']()}\n\nafter `<!-- table: codes -->`\n"


def test_an_unknown_marker_is_an_error() -> None:
    """A page that asks for a table that does not exist cannot be built."""
    with pytest.raises(KeyError, match="no-such-table"):
        tables.filled("<!-- table: no-such-table -->")


def test_every_endpoint_is_listed() -> None:
    """An endpoint of the catalogue is in the table of endpoints, in that of its quota and in that of its group."""
    documented = PROFILES["documented"]
    for endpoint in CATALOGUE:
        name, row = f"`{endpoint.name}`", f"| `{endpoint.name}` | {endpoint.method} | `{endpoint.path}` |"
        assert any(line.startswith(row) for line in rows_of("endpoints"))
        assert any(name in line and f"`IpGroup.{endpoint.group.name}`" in line for line in rows_of("address-quotas"))
        if (quota := documented.get(endpoint.path)) is not None:
            assert any(line.startswith(f"| {name} | {tables.per(quota)} |") for line in rows_of("account-quotas"))


@pytest.mark.parametrize("profile", sorted(PROFILES.keys() - {"documented", "unlimited"}))
def test_every_difference_of_a_profile_is_listed(profile: str) -> None:
    """The table of profiles holds each quota that is not the default's, and no other."""
    found = [line for line in rows_of("profiles") if line.startswith(f"| `{profile}` |")]
    default, quotas = PROFILES["documented"], PROFILES[profile]
    paths = [each.path for each in CATALOGUE if each.path in default and default[each.path] != quotas[each.route]]
    assert len(found) == len(paths) > 0


def test_every_method_is_listed() -> None:
    """Each method of `client.spot` is in the table of methods, with a sentence about it."""
    rows = rows_of("methods")
    for name in (name for name, value in inspect.getmembers(SpotApi, callable) if not name.startswith("_")):
        (row,) = [line for line in rows if f"`{name} <" in line]
        assert re.search(r"\| \w[^|]+ \|$", row)


def test_every_account_method_is_listed() -> None:
    """Each method of `client.account` is in a table of its own."""
    names = {re.search(r"`(\w+) <", line)[1] for line in rows_of("account-methods")}  # type: ignore[index]
    assert names == {name for name, value in inspect.getmembers(AccountApi, inspect.isfunction) if name[0] != "_"}


def test_every_open_fact_is_decided() -> None:
    """Each choice of the client and each variant of the emulator has a row, and each variant what decides it."""
    decided = re.compile(r"\| (none: .+|`(?:Facts|StreamLimits)\(\w+=\.\.\.\)`) \|$").search
    settings = {line.split("`")[1] for line in rows_of("open-facts")}
    variants = {line.split("`")[1]: line for line in rows_of("variants")}
    assert settings == {field.name for field in attrs.fields(Facts)}
    assert set(variants) == {field.name for field in attrs.fields(Variants)}
    assert [name for name, line in variants.items() if not decided(line)] == []


def test_every_channel_and_limit_is_listed() -> None:
    """Each method of `client.spot.streams` that opens a stream is a channel with a row, and so has each limit."""
    names = {line.split("`")[1] for line in rows_of("channels")}
    methods = {name for name, value in inspect.getmembers(Streams, inspect.isfunction) if not name.startswith("_")}
    assert methods - names == {"listen", "rotate"}
    assert [line.split("`")[1] for line in rows_of("stream-limits")] == [
        each.name for each in attrs.fields(StreamLimits)
    ]


def test_every_event_is_listed() -> None:
    """Each kind of event that a hook may get is in the table of events."""
    kinds = {name for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, events.Event)}
    assert {line.split("`")[1] for line in rows_of("events")} == kinds - {"Event", "BucketEvent"}


def test_readme_agrees_with_the_quotas() -> None:
    """A row of the README that names endpoints and calls per second has the numbers of the default profile."""
    limits = {each.name: str(quota.limit) for each in CATALOGUE if (quota := PROFILES["documented"].get(each.route))}
    rows = [line.split("|") for line in PAGES[ROOT / "README.md"].splitlines() if line.startswith("|")]
    named = [
        (name, row[-2]) for row in rows for name in re.findall(r"`(\w+)`", row[2]) if "calls per second" in row[-2]
    ]
    assert len(named) > 4
    assert [name for name, cell in named if name in limits and limits[name] not in re.findall(r"\d+", cell)] == []


def test_every_code_is_listed() -> None:
    """The table of codes has a row for each row of the table that the library reads."""
    assert len(rows_of("codes")) == len(TABLE)
    listed = {int(number) for row in rows_of("statuses") for number in re.findall(r"\b\d{3}\b", row.split("|")[1])}
    assert listed == set(BARE_STATUSES)


def test_every_module_is_listed() -> None:
    """Each module of the package has a row, and the row says what the module is for."""
    package = Path(bingx_async.__file__).parent
    text = tables.TABLES["modules"]()
    rows = [line for line in text.splitlines() if re.match(r"\| `\w+` \| \S", line)]
    folders = [line for line in text.splitlines() if re.match(r"\*\*`bingx_async[\w.]*`\*\*: \S", line)]
    files = list(package.rglob("*.py"))
    assert (len(rows), len(folders)) == (
        sum(file.stem != "__init__" for file in files),
        sum(file.stem == "__init__" for file in files),
    )


def test_the_page_on_errors_names_every_error() -> None:
    """No error is left unexplained."""
    text = PAGES[DOCS / "errors.md"]
    assert [name for name in errors.__all__ if f"`{name}`" not in text] == []


def test_the_api_page_has_every_public_name() -> None:
    """By itself, or by the module of models, errors or events of which all is shown."""
    text = PAGES[DOCS / "api.md"]
    shown = {name.rpartition(".")[2] for name in re.findall(r"(?:autoclass|autofunction|py:data):: (\S+)", text)}
    modules = set(re.findall(r"automodule:: (\S+)", text))
    assert modules >= {"bingx_async.models", "bingx_async.errors", "bingx_async.core.events", "bingx_async.emulator"}
    everywhere = {*vars(models)["__all__"], *errors.__all__, "events", "Event", "__version__"}
    assert {*vars(bingx_async)["__all__"], *spot.__all__} - shown - everywhere == set()


def test_every_setting_of_a_tracker_is_explained() -> None:
    """Each begins a row of a table."""
    names = list(inspect.signature(SpotApi.tracker).parameters)[1:]
    assert [name for name in names if f"| `{name}` |" not in PAGES[DOCS / "settings.md"]] == []


def test_every_command_is_listed() -> None:
    """Each command of `bingx-async` has a row."""
    text = PAGES[DOCS / "command-line.md"]
    assert [name for name in command_line.commands if not re.search(rf"^\| `{name}\b", text, re.MULTILINE)] == []


@pytest.mark.parametrize("page", ["settings.md", "quotas.md"])
def test_every_profile_is_named(page: str) -> None:
    """Each profile can be found where profiles are chosen and where they are explained."""
    assert [name for name in PROFILES if f'`"{name}"`' not in PAGES[DOCS / page]] == []


@pytest.mark.parametrize(
    ("page", "settings"),
    [("settings.md", BingXClient), ("settings.md", Governor), ("emulator.md", Emulator)],
    ids=["client", "governor", "emulator"],
)
def test_every_setting_is_explained(page: str, settings: type) -> None:
    """Each setting begins a row of a table: `| `name` | default | meaning |`, or shares a row."""
    internal = {"self", "clock", "draw"} if settings is Governor else {"self"}
    firsts = [line.split("|")[1] for line in PAGES[DOCS / page].splitlines() if line.startswith("| `")]
    names = [name for name in inspect.signature(settings.__init__).parameters if name not in internal]
    assert [name for name in names if not any(f"`{name}`" in first for first in firsts)] == []


def test_every_option_of_a_call_is_explained() -> None:
    """Each argument that all calls take begins a row of a table too."""
    text = PAGES[DOCS / "settings.md"]
    assert [
        name for name in CallOptions.__annotations__ if not re.search(rf"^\| `{name}` \|", text, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_endpoints_by_their_methods(page: Path) -> None:
    """Paths stand in the declarations, and in tables made of these."""
    assert "/openApi/" not in PAGES[page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    """A link to another page or program leads to one that exists."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", PAGES[page])
    assert [target for target in targets if not (page.parent / target).exists()] == []
