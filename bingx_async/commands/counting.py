"""Learning from the headers of harmless calls how the exchange counts.

The calls cancel an order that does not exist, by the batch endpoint in its tolerant mode: the exchange answers code 0
and reports the id in `fails`, so nothing changes and no error budget is spent.
"""

from __future__ import annotations

import anyio

from bingx_async import BingXClient, BingXError, BucketSnapshot
from bingx_async.spot.cancels import CANCEL_ORDERS

NO_ORDER = 1  # an order id that no order has


async def cancel_nothing(client: BingXClient, symbol: str) -> None:
    """One harmless call."""
    await client.spot.cancel_orders(symbol, [NO_ORDER], partial=True)


async def learn(client: BingXClient, symbol: str, calls: int) -> BucketSnapshot | None:
    """The bucket of so many harmless calls, made as fast as their quota allows. Raises their first error."""
    errors: list[BingXError] = []

    async def call() -> None:
        try:
            await cancel_nothing(client, symbol)
        except BingXError as error:
            errors.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(calls):
            group.start_soon(call)
    if errors:
        raise errors[0]
    return client.governor.snapshot().find(CANCEL_ORDERS.route)


def told(bucket: BucketSnapshot | None) -> str:
    """The ways of counting that fit the replies, in words."""
    if bucket is None or not bucket.counting:
        return "no rate headers in the replies: the way of counting stays unknown"
    if bucket.counting == "unknown":
        return "the rate headers fit every way of counting"
    return f"the exchange counts {CANCEL_ORDERS.name} by: {bucket.counting}"
