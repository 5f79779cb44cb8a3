"""`bingx-async quotas`: what the exchange allows, endpoint by endpoint, with the source of each number."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bingx_async import PROFILES, Quota
from bingx_async.catalogue import CATALOGUE
from bingx_async.commands.observe import observe
from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import UNLIMITED

PIPE = 140  # columns where there is no terminal


@click.command()
@click.option("--profile", type=click.Choice(list(PROFILES)), default="documented", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--observe", "is_observing", is_flag=True, help="Learn by harmless calls how the exchange counts.")
@click.option("--symbol", default="BTC-USDT", show_default=True, help="With --observe: the pair to name.")
def quotas(profile: str, as_json: bool, is_observing: bool, symbol: str) -> None:
    """List every endpoint with the quotas that count its calls."""
    if is_observing:
        observe(symbol, profile)
        return
    rows = [_row(endpoint, PROFILES[profile]) for endpoint in CATALOGUE]
    if as_json:
        click.echo(json.dumps({"profile": profile, "endpoints": rows}, indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE)
    console.print(_table(profile, rows))


def _row(endpoint: Endpoint[Any], profile: Profile) -> dict[str, Any]:
    uid = profile.uid.get(endpoint.route)
    return {
        "name": endpoint.name,
        "method": endpoint.method,
        "path": endpoint.path,
        "uid": _quota(uid),
        "interface": _quota(profile.interface[endpoint.group]),
        "group": int(endpoint.group),
        "group_quotas": [found for quota in profile.groups[endpoint.group] if (found := _quota(quota))],
    }


def _quota(quota: Quota | None) -> dict[str, Any] | None:
    if quota is None or quota.limit >= UNLIMITED.limit:
        return None
    return {"limit": quota.limit, "window": quota.window, "source": quota.source}


def _table(profile: str, rows: list[dict[str, Any]]) -> Table:
    sources: dict[str, int] = {}
    table = Table(
        box=SIMPLE_HEAD,
        title=f"Quotas of BingX spot, profile {profile!r}",
        title_style="bold cyan",
        title_justify="left",
        caption_justify="left",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name in ("endpoint", "", "path"):
        table.add_column(name, overflow="fold")
    for name in ("per account", "per address", "per address and group"):
        table.add_column(name, justify="right")
    table.add_column("source", justify="right", style="grey50")
    for row in rows:
        groups = " and ".join(_text(quota) for quota in row["group_quotas"]) or "–"
        found = [row["uid"], row["interface"], *row["group_quotas"]]
        marks = dict.fromkeys(sources.setdefault(quota["source"], len(sources) + 1) for quota in found if quota)
        table.add_row(
            Text(row["name"], "bold"),
            row["method"],
            Text(row["path"], "cyan"),
            _text(row["uid"]),
            _text(row["interface"]),
            f"{groups} (group {row['group']})",
            " ".join(f"[{mark}]" for mark in marks).replace("[", "\\["),
        )
    notes = "\n".join(f"[{number}] {source}" for source, number in sources.items())
    table.caption = Text(f"every call is counted in each of its quotas; – means that there is none\n{notes}", "grey50")
    return table


def _text(quota: dict[str, Any] | None) -> str:
    if quota is None:
        return "–"
    return f"{quota['limit']}/s" if quota["window"] == 1 else f"{quota['limit']}/{quota['window']:g} s"
