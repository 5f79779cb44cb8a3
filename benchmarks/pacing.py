"""Paced buckets on a real event loop, idle and beside other work: how much of an address' quota is used.

Callers that are always there take tokens of one paced bucket and give them back at once, so only the loop's lateness
can lose quota. Beside other work the loop is blocked for 40 ms at a time, 40 % of the time.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks import report
from bingx_async import Governor, IpGroup, Quota
from bingx_async.core.bucket import occupancy_of
from bingx_async.core.verdict import Accepted
from bingx_async.spot.cancels import CANCEL_ORDER

SECONDS = 30.0  # the end of the third window
CHUNK, LOAD = 0.04, 0.4
OK = Accepted(None, {})


async def used(quota: Quota, chunk: float, seconds: float = SECONDS) -> float:
    """The part of `quota` that is used, with the loop blocked for `chunk` seconds at a time."""
    governor = Governor(profile="unlimited", quotas={IpGroup.TRADE: quota})
    claims = governor.claims(CANCEL_ORDER, "1")
    until, granted = time.monotonic() + seconds, 0

    async def call() -> None:
        nonlocal granted
        while time.monotonic() < until:
            permit = await governor.acquire(claims)
            granted += time.monotonic() < until
            governor.settle(permit, OK, governor.clock.monotonic(), {})

    async def block() -> None:
        while chunk:
            time.sleep(chunk)  # noqa: ASYNC251 (the loop is to be blocked)
            await asyncio.sleep(chunk / LOAD - chunk)

    blocking = asyncio.create_task(block())
    tasks = [asyncio.create_task(call()) for _ in range(50)]
    await asyncio.sleep(seconds)
    for task in [*tasks, blocking]:
        task.cancel()
    await asyncio.gather(*tasks, blocking, return_exceptions=True)
    kept = quota.limit // 100
    return granted / ((quota.limit - kept) * (1 + int(seconds // (occupancy_of(quota) / 1000.0))))


def main() -> None:
    """Measure and print."""
    report.heading("Paced buckets on a real loop: part of the quota used")
    rows = []
    for quota in (Quota(2000, 10.0), Quota(300, 10.0)):
        rows.append([str(quota), *(f"{asyncio.run(used(quota, chunk)):.1%}" for chunk in (0.0, CHUNK))])
    report.table(["quota", "idle loop (target 99 %)", "beside 40 ms chunks, 40 % load (target 97 %)"], rows)


if __name__ == "__main__":
    main()
