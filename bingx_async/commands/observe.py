"""`bingx-async quotas --observe`: learn from the headers of harmless calls how the exchange counts.

The calls cancel an order that does not exist, by the batch endpoint in its tolerant mode: the exchange answers code
0 and reports the id in `fails`, so nothing changes and no error budget is spent.
"""

from __future__ import annotations

import os

import anyio
import click

from bingx_async import BingXClient, BingXError, BucketSnapshot, Governor
from bingx_async.spot.orders import CANCEL_ORDERS

CALLS = 16  # eight windows of 2/s
NO_ORDER = 1  # an order id that no order has


def observe(symbol: str, profile: str) -> None:
    """Send the calls and print the ways of counting that fit their replies."""
    if not (os.environ.get("BINGX_API_KEY") and os.environ.get("BINGX_SECRET_KEY")):
        raise click.ClickException("set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent")
    try:
        bucket = anyio.run(_observe, symbol, profile)
    except BingXError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_sentence(bucket))


async def _observe(symbol: str, profile: str) -> BucketSnapshot | None:
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
