"""`bingx-async quotas`: the quotas of every endpoint, with the source of each number.

`--observe` learns from the headers of harmless calls how the exchange counts. They cancel an order that does not
exist, by the batch endpoint in its tolerant mode: the exchange answers code 0 and reports the id in `fails`, so
nothing changes and no error budget is spent.
"""

from __future__ import annotations

import json
import os
from typing import Any

import anyio
import click
from rich.console import Console
from rich.text import Text

from bingx_async import PROFILES, BingXClient, BingXError, BucketSnapshot, Governor, Quota
from bingx_async.catalogue import CATALOGUE
from bingx_async.commands.quota_tables import tables
from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import UNLIMITED
from bingx_async.spot.orders import CANCEL_ORDERS

PIPE = 140  # columns where there is no terminal
CALLS = 16  # eight windows of 2/s
NO_ORDER = 1  # an order id that no order has


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


def _observe(symbol: str, profile: str) -> None:
    """Send the calls and print the ways of counting that fit their replies."""
    if not (os.environ.get("BINGX_API_KEY") and os.environ.get("BINGX_SECRET_KEY")):
        raise click.ClickException("set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent")
    try:
        bucket = anyio.run(_learn, symbol, profile)
    except BingXError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_sentence(bucket))


async def _learn(symbol: str, profile: str) -> BucketSnapshot | None:
    governor = Governor(profile, anchor="headers")
    async with BingXClient(governor=governor) as client:
        async with anyio.create_task_group() as group:
            for _ in range(CALLS):
                group.start_soon(_call, client, symbol)
        return governor.snapshot().find(CANCEL_ORDERS.route)


async def _call(client: BingXClient, symbol: str) -> None:
    await client.spot.cancel_orders(symbol, [NO_ORDER], partial=True)


def _sentence(bucket: BucketSnapshot | None) -> str:
    if bucket is None or not bucket.counting:
        return f"{CALLS} calls, no rate headers in the replies: the way of counting stays unknown"
    if bucket.counting == "unknown":
        return f"{CALLS} calls; the rate headers fit every way of counting"
    return f"{CALLS} calls; the exchange counts {CANCEL_ORDERS.name} by: {bucket.counting}"
