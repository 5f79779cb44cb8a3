"""Several accounts behind one address: they share one governor, and each uses its own quotas to the full.

python examples/many_accounts.py

Runs against the emulator in the same process: no keys, no network.
"""

import asyncio
import time
from collections import Counter

from bingx_async import BingXClient, CancelStatus, Governor
from bingx_async.core import events
from bingx_async.emulator import Emulator

ACCOUNTS = ("1001", "1002", "1003")
ORDERS = 30


async def clear(client: BingXClient, ids: list[int]) -> Counter[CancelStatus]:
    """Cancel many orders of one account, through both cancel endpoints at once."""
    outcomes = await client.spot.cancel_many("BTC-USDT", ids, certain=True)
    return Counter(outcome.status for outcome in outcomes)


def tell(event: events.Event) -> None:
    """Print the two events that are worth a line; snapshots show the rest."""
    if isinstance(event, events.Penalised):
        print(f"{event.bucket} is closed until {event.until:%H:%M:%S}: {event.reason}")
    if isinstance(event, events.Reopened):
        print(f"{event.bucket} is open again")


async def main() -> None:
    emulator = Emulator(latency=0.005)
    ids = {account: emulator.rest_orders(account, "BTC-USDT", ORDERS) for account in ACCOUNTS}
    governor = Governor(on_event=tell)
    first, *others = ACCOUNTS
    began = time.monotonic()
    async with BingXClient(
        f"emulator-key-{first}",
        f"emulator-secret-{first}",
        account=first,
        governor=governor,
        transport=emulator.transport(),
    ) as client:
        clients = {first: client}
        for account in others:  # they share the first one's governor, connections and clock
            clients[account] = client.for_account(
                api_key=f"emulator-key-{account}", secret_key=f"emulator-secret-{account}", account=account
            )
        results = await asyncio.gather(*(clear(clients[account], ids[account]) for account in ACCOUNTS))
    for account, result in zip(ACCOUNTS, results, strict=True):
        print(account, ", ".join(f"{count} {status}" for status, count in result.items()))
    for bucket in governor.snapshot():
        if bucket.kind == "account":
            print(f"{bucket.owner} {bucket.name:45} {bucket.quota!s:>7}  {bucket.available} free")
    print(f"{emulator.stats().refused} refused, {time.monotonic() - began:.1f} s")


asyncio.run(main())
