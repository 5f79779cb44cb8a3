"""Cancel every open order: the kill switch of a trading program.

python examples/cancel_everything.py            against the emulator: no keys, no network
python examples/cancel_everything.py --live     at the exchange: BINGX_API_KEY and BINGX_SECRET_KEY
"""

import argparse
import asyncio

from bingx_async import BingXClient, BingXError, OutcomeUnknown
from bingx_async.emulator import Emulator, Fault, Html

TRIES = 3


async def cancel_everything(client: BingXClient) -> int:
    """How many orders were cancelled. A cancel is harmless to repeat, so an unknown outcome is tried again."""
    for _ in range(TRIES):
        try:
            gone = await client.spot.cancel_all_open_orders(max_wait=60)
        except OutcomeUnknown as error:
            print(f"again: {error}")
        else:
            for order in gone:
                print(f"cancelled {order.symbol} {order.side} {order.original_quantity} at {order.price}")
            return len(gone)
    raise SystemExit("the orders may still be open: look at them")


def emulated_client() -> BingXClient:
    """A client of an emulator with five orders, whose gateway fails once."""
    emulator = Emulator()
    emulator.rest_orders("1001", "BTC-USDT", 3, price="61000", side="BUY")
    emulator.rest_orders("1001", "ETH-USDT", 2, price="2900", side="SELL")
    emulator.inject(Fault(Html(502), when=lambda request: request.method == "POST", times=1))
    return BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())


async def main() -> None:
    parser = argparse.ArgumentParser(description="Cancel every open order.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    try:
        async with BingXClient() if parser.parse_args().live else emulated_client() as client:
            print(await cancel_everything(client), "orders cancelled")
    except BingXError as error:
        raise SystemExit(str(error)) from None


asyncio.run(main())
