"""Protect a position: an OCO order that takes the profit or stops the loss, and is moved once.

python examples/protect_position.py                                       against the emulator
python examples/protect_position.py --live BTC-USDT 0.001 72000 58000     at the exchange

OCO orders get client order ids: after an unknown outcome they tell which order to look for.
"""

import argparse
import asyncio
import time
from decimal import Decimal

from bingx_async import BingXClient, BingXError, ErrorBudgetSpent, InsufficientBalance, OcoOrder, OutcomeUnknown
from bingx_async.emulator import Emulator

SLIPPAGE = Decimal("0.998")  # the stop sells down to this part of its trigger


async def protect(client: BingXClient, symbol: str, quantity: Decimal, profit: Decimal, stop: Decimal) -> OcoOrder:
    """Sell `quantity` at `profit`, or once the price has fallen to `stop`."""
    number = time.time_ns() // 1000  # digits only, unique to this order
    return await client.spot.place_oco_order(
        symbol,
        "SELL",
        quantity=quantity,
        limit_price=profit,
        trigger_price=stop,
        order_price=(stop * SLIPPAGE).quantize(Decimal("0.01")),
        list_client_order_id=f"{number}0",
        above_client_order_id=f"{number}1",
        below_client_order_id=f"{number}2",
    )


async def run(client: BingXClient, symbol: str, quantity: Decimal, profit: Decimal, stop: Decimal) -> None:
    """Place it, and follow the price with the stop once."""
    oco = await protect(client, symbol, quantity, profit, stop)
    for leg in oco.legs:
        print(f"{leg.order_type}: {leg.side} {leg.quantity} at {leg.price} (id {leg.order_id})")
    if oco.limit_leg is None:
        raise SystemExit(f"placed, but the reply names no limit order: {oco.raw}")
    gone = await client.spot.cancel_oco_order(oco.limit_leg.order_id)
    print(f"cancelled both legs by id {gone.order_id}")
    moved = await protect(client, symbol, quantity, profit, stop + (profit - stop) / 10)
    print(f"placed again with the stop at {moved.stop_leg.trigger_price if moved.stop_leg else 'unknown'}")


def emulated_client() -> BingXClient:
    """A client of an emulator whose accounts are rich."""
    return BingXClient("emulator-key-1001", "emulator-secret-1001", transport=Emulator().transport())


async def main() -> None:
    parser = argparse.ArgumentParser(description="Place an OCO order and move its stop.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    for name, default in (("quantity", "0.1"), ("profit", "72000"), ("stop", "58000")):
        parser.add_argument(name, nargs="?", type=Decimal, default=Decimal(default))
    args = parser.parse_args()
    try:
        async with BingXClient() if args.live else emulated_client() as client:
            await run(client, args.symbol, args.quantity, args.profit, args.stop)
    except OutcomeUnknown as error:
        raise SystemExit(f"it may be live, look for {error.client_order_ids}: {error}") from None
    except InsufficientBalance:
        raise SystemExit("there is not enough to sell") from None
    except ErrorBudgetSpent as error:
        raise SystemExit(f"too many refusals of code {error.code}; again at {error.retry_at}") from None
    except BingXError as error:
        raise SystemExit(str(error)) from None


asyncio.run(main())
