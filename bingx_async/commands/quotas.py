"""`bingx-async quotas`: the quotas of every endpoint, with the source of each number."""

from __future__ import annotations

import json
import os
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from bingx_async import PROFILES, Quota
from bingx_async.catalogue import CATALOGUE
from bingx_async.commands.observe import observe
from bingx_async.commands.quota_tables import tables
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
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=PIPE)
    console.print(Text(f"Quotas of BingX spot, profile {profile!r}", "bold cyan"))
    for part in tables(rows, console.width):
        console.print(part, soft_wrap=isinstance(part, Text))


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
