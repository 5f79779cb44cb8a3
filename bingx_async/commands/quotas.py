"""`bingx-async quotas`: the quotas of every endpoint, with the source of each number.

`--observe` learns from the headers of harmless calls how the exchange counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bingx_async import PROFILES, BingXClient, BucketSnapshot, Governor, Quota
from bingx_async.catalogue import CATALOGUE
from bingx_async.commands.counting import learn, told
from bingx_async.commands.session import with_client
from bingx_async.core.quota import UNLIMITED, IpGroup

WIDE = 110  # columns from which on method and path are shown
PIPE = 140  # columns where there is no terminal
CALLS = 16  # eight windows of 2/s
NOTE = "Every call is counted in each of its quotas; – means that there is none.\n"

Row = dict[str, Any]


@click.command()
@click.option("--profile", type=click.Choice(list(PROFILES)), default="documented", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--observe", "is_observing", is_flag=True, help="Learn by harmless calls how the exchange counts.")
@click.option("--symbol", default="BTC-USDT", show_default=True, help="With --observe: the pair to name.")
def quotas(profile: str, as_json: bool, is_observing: bool, symbol: str) -> None:
    """List every endpoint with the quotas that count its calls."""
    if is_observing:
        _observe(symbol, profile)
        return
    rows = _rows(profile)
    if as_json:
        click.echo(json.dumps({"profile": profile, "endpoints": rows}, indent=2))
        return
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=PIPE)
    console.print(Text(f"Quotas of BingX spot, profile {profile!r}", "bold cyan"))
    for part in _tables(rows, console.width):
        console.print(part, soft_wrap=isinstance(part, Text))


def _rows(name: str) -> list[Row]:
    profile = PROFILES[name]
    return [
        {
            "name": endpoint.name,
            "method": endpoint.method,
            "path": endpoint.path,
            "uid": _quota(profile.uid.get(endpoint.route)),
            "interface": _quota(profile.interface[endpoint.group]),
            "group": int(endpoint.group),
            "group_quotas": [found for quota in profile.groups[endpoint.group] if (found := _quota(quota))],
        }
        for endpoint in CATALOGUE
    ]


def _quota(quota: Quota | None) -> Row | None:
    if quota is None or quota.limit >= UNLIMITED.limit:
        return None
    return {"limit": quota.limit, "window": quota.window, "source": quota.source}


def _observe(symbol: str, profile: str) -> None:
    """Send the calls and print the ways of counting that fit their replies."""

    async def main(client: BingXClient) -> BucketSnapshot | None:
        return await learn(client, symbol, CALLS)

    bucket = with_client(main, governor=Governor(profile, anchor="headers"))
    click.echo(f"{CALLS} calls; {told(bucket)}")


def _tables(rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """The parts in order, in 80 columns without a break inside a word; only a `Text` may be longer than a line."""
    sources: dict[str, int] = {}
    yield _accounts(rows, sources, is_wide=width >= WIDE)
    yield _addresses(rows, sources)
    yield Text(NOTE + "\n".join(f"[{number}] {source}" for source, number in sources.items()), "grey50")


def _accounts(rows: Sequence[Row], sources: dict[str, int], *, is_wide: bool) -> Table:
    table = _table("Per account", ["endpoint", *(["", "path"] if is_wide else [])], ["quota", "group", "source"])
    shown: set[tuple[object, ...]] = set()
    for row in rows:
        cells = [_text(row["uid"]), str(row["group"]), _marks([row["uid"]], sources)]
        where = [row["method"], row["path"]] if is_wide else []
        if (row["name"], *where, *cells) not in shown:  # two paths of one method look the same without their paths
            table.add_row(Text(row["name"], "bold"), *map(Text, [*where, *cells]))
        shown.add((row["name"], *where, *cells))
    return table


def _addresses(rows: Sequence[Row], sources: dict[str, int]) -> Table:
    table = _table("Per outgoing address", ["group"], ["each endpoint of it", "the whole group", "source"])
    for number, row in sorted({row["group"]: row for row in rows}.items()):
        quotas = [row["interface"], *row["group_quotas"]]
        whole = " and ".join(_text(quota) for quota in row["group_quotas"]) or "–"
        name = f"{number}, {IpGroup(number).name.lower()}"
        table.add_row(Text(name, "bold"), *map(Text, [_text(row["interface"]), whole, _marks(quotas, sources)]))
    return table


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_style="bold", title_justify="left", padding=(0, 1, 0, 0))
    for name in left:
        table.add_column(name, no_wrap=True, style="cyan" if name == "path" else None)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True, style="grey50" if name == "source" else None)
    return table


def _marks(quotas: Sequence[Row | None], sources: dict[str, int]) -> str:
    found = dict.fromkeys(quota["source"] for quota in quotas if quota)
    return " ".join(f"[{sources.setdefault(source, len(sources) + 1)}]" for source in found)


def _text(quota: Row | None) -> str:
    if quota is None:
        return "–"
    return f"{quota['limit']}/s" if quota["window"] == 1 else f"{quota['limit']}/{quota['window']:g} s"
