"""Place a limit order by the rules of its symbol, watch it for a while, and cancel what is left of it.

python examples/place_and_watch.py                          against the emulator, which loses the reply to the order
python examples/place_and_watch.py --live BTC-USDT 0.001   at the exchange: buys it if the price falls by 5 %
"""

import argparse
import asyncio
from decimal import Decimal

from bingx_async import BingXClient, BingXError, Order, OrderNotFound, OutcomeUnknown
from bingx_async.emulator import CloseAfter, Emulator, Fault

BELOW = Decimal("0.95")  # of the best bid
LOOKS, PAUSE = 5, 0.2  # how often to look, seconds between


async def place(client: BingXClient, symbol: str, most: Decimal) -> Order:
    """An order to buy `most` or a little less, on the grid of the symbol, well below the market."""
    for order in await client.spot.list_open_orders(symbol):
        raise SystemExit(f"there is an open order already: {order.order_id}")
    rules = await client.spot.get_symbol(symbol)
    bid = (await client.spot.get_book_ticker(symbol)).bid_price
    if bid is None:
        raise SystemExit(f"there is no bid for {symbol}")
    price = rules.quantize_price(bid * BELOW, "BUY")
    try:
        return await client.spot.place_limit_order(symbol, "BUY", rules.quantize_quantity(most), price)
    except OutcomeUnknown as error:  # it may be live: never place it again, find out
        resolution = await error.resolve()
        print(f"the reply was lost; the order was {resolution.status}")
        if resolution.order is None:
            raise SystemExit(f"look for {error.client_order_ids} before you place another") from None
        return resolution.order


async def watch(client: BingXClient, order: Order) -> Order:
    """The order as it was seen last: done, or still open after some looks."""
    for _ in range(LOOKS):
        await asyncio.sleep(PAUSE)
        try:
            order = await client.spot.get_order(order.symbol, order.order_id)
        except OrderNotFound:  # soon after placing that proves nothing
            continue
        print(f"{order.status}: {order.executed_quantity} of {order.original_quantity} bought at {order.price}")
        if order.status.is_final:
            break
    return order


async def cancel(client: BingXClient, order: Order) -> Order:
    """The order when it is done; it may be filled before the cancel arrives."""
    try:
        await client.spot.cancel_order(order.symbol, order.order_id)
    except OrderNotFound as error:
        print(f"not cancelled: {error}")
    except OutcomeUnknown as error:
        print(f"the reply was lost; the cancel was {(await error.resolve()).status}")
    return await client.spot.get_order(order.symbol, order.order_id)


def emulated_client() -> BingXClient:
    """A client of an emulator with a market that moves, which loses one reply."""
    emulator = Emulator(market="walk")
    emulator.inject(Fault(CloseAfter(), endpoint="place_order", times=1))
    return BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())


async def main() -> None:
    parser = argparse.ArgumentParser(description="Place a limit order, watch it and cancel it.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    parser.add_argument("quantity", nargs="?", type=Decimal, default=Decimal("0.001"))
    args = parser.parse_args()
    try:
        async with BingXClient() if args.live else emulated_client() as client:
            order = await watch(client, await place(client, args.symbol, args.quantity))
            if not order.status.is_final:
                order = await cancel(client, order)
            print(f"in the end {order.status}, {order.executed_quantity} bought")
    except BingXError as error:
        raise SystemExit(str(error)) from None


asyncio.run(main())
