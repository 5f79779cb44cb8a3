"""Cancel every open order: the kill switch of a trading program.

python examples/cancel_everything.py            against the emulator: no keys, no network
python examples/cancel_everything.py --live     at the exchange: BINGX_API_KEY and BINGX_SECRET_KEY

The kill switch cancels, looks whether anything is left, and repeats that; its report says what it saw last.
"""

import argparse
import asyncio

from bingx_async import BingXClient, BingXError
from bingx_async.emulator import Emulator, Fault, Html

PATIENCE = 60  # seconds


async def cancel_everything(client: BingXClient) -> bool:
    """Whether nothing is open any more."""
    report = await client.spot.kill_switch(deadline=PATIENCE)
    for order in report.cancelled:
        print(f"cancelled {order.symbol} {order.side} {order.original_quantity} at {order.price}")
    for order in report.left:
        print(f"still open: {order.symbol} {order.side} {order.original_quantity} at {order.price}, {order.order_id}")
    for leg in report.left_oco:
        print(f"still open, of an OCO order: {leg.symbol} {leg.side} {leg.quantity} at {leg.price}, {leg.order_id}")
    for error in report.errors:
        print(f"on the way: {error}")
    print(report)
    return report.is_clear


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
            is_clear = await cancel_everything(client)
    except BingXError as error:
        raise SystemExit(str(error)) from None
    if not is_clear:
        raise SystemExit("orders may still be open: look at them")


asyncio.run(main())
