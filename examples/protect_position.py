"""Protect a position: an OCO order that takes the profit or stops the loss, and is moved once.

python examples/protect_position.py                                       against the emulator
python examples/protect_position.py --live BTC-USDT 0.001 72000 58000     at the exchange

Every order gets client order ids, so after a lost reply `resolve` finds out whether it is live. It is never simply
placed again: then the position might be sold twice.
"""

import argparse
import asyncio
from decimal import Decimal

from bingx_async import BingXClient, BingXError, InsufficientBalance, OcoLeg, OutcomeUnknown, ResolutionStatus
from bingx_async.emulator import CloseAfter, Emulator, Fault

SLIPPAGE = Decimal("0.998")  # the stop sells down to this part of its trigger


async def protect(
    client: BingXClient, symbol: str, quantity: Decimal, profit: Decimal, stop: Decimal
) -> tuple[OcoLeg, ...]:
    """Sell `quantity` at `profit`, or once the price has fallen to `stop`; the two legs of the order."""
    rules = await client.spot.get_symbol(symbol)
    try:
        oco = await client.spot.place_oco_order(
            symbol,
            "SELL",
            quantity=rules.quantize_quantity(quantity),
            limit_price=rules.quantize_price(profit, "SELL"),
            trigger_price=rules.quantize_price(stop, "SELL"),
            order_price=rules.quantize_price(stop * SLIPPAGE, "SELL"),
        )
    except OutcomeUnknown as error:
        resolution = await error.resolve()
        print(f"the reply was lost; the order was {resolution.status}")
        if resolution.status is ResolutionStatus.NOT_EXECUTED:  # that is proven, so this places it once
            return await protect(client, symbol, quantity, profit, stop)
        if not resolution.legs:
            raise SystemExit(f"it may be live, look for {error.client_order_ids}") from None
        return resolution.legs
    return oco.legs


async def run(client: BingXClient, symbol: str, quantity: Decimal, profit: Decimal, stop: Decimal) -> None:
    """Place it, and follow the price with the stop once."""
    if any(leg.symbol == symbol for pair in await client.spot.list_open_oco_orders() for leg in pair.legs):
        raise SystemExit(f"there is an open OCO order for {symbol} already")
    legs = await protect(client, symbol, quantity, profit, stop)
    for leg in legs:
        print(f"{leg.order_type}: {leg.side} {leg.quantity} at {leg.price} (id {leg.order_id})")
    gone = await client.spot.cancel_oco_order(legs[0].order_id)
    print(f"cancelled both legs by id {gone.order_id}")
    moved = await protect(client, symbol, quantity, profit, stop + (profit - stop) / 10)
    triggers = [leg.trigger_price for leg in moved if leg.trigger_price]
    print(f"placed again with the stop at {triggers[0] if triggers else 'unknown'}")


def emulated_client() -> BingXClient:
    """A client of an emulator whose accounts are rich, and which loses one reply."""
    emulator = Emulator()
    emulator.inject(Fault(CloseAfter(), endpoint="place_oco_order", times=1))
    return BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())


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
    except InsufficientBalance:
        raise SystemExit("there is not enough to sell") from None
    except BingXError as error:
        raise SystemExit(str(error)) from None


asyncio.run(main())
