"""A program that is killed: it wants one order in each slot, and places those that are not accounted for.

Its arguments: the emulator's URL, the journal, the number of slots. It says `ready` when it begins to place, and `done`
at the end.
"""

from __future__ import annotations

import sys

import anyio

from bingx_async import BingXClient, Placement
from bingx_async.errors import BingXError
from bingx_async.spot.tracker.tracker import Tracker


async def fill_slot(tracker: Tracker, name: str) -> None:
    """Place the order of a slot unless it is there."""
    known = tracker.get(name)
    while known is None or known.placement in (Placement.NOT_PLACED, Placement.REFUSED):
        try:
            known = await tracker.place(
                "BTC-USDT", "BUY", "LIMIT", quantity="0.001", price="20000", client_order_id=name
            )
        except BingXError:
            known = await tracker.until_open(name, timeout=60) if tracker.get(name) else None
    await tracker.until_open(name, timeout=60)


async def main(url: str, journal: str, slots: int) -> None:
    """Fill all slots."""
    keys = ("emulator-key-1001", "emulator-secret-1001")
    async with BingXClient(*keys, account="1001", base_url=url) as client, client.spot.tracker(journal) as tracker:
        print("ready", flush=True)
        for number in range(slots):
            await fill_slot(tracker, f"slot{number}")
    print("done", flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]))
