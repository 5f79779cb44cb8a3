"""A grid: between each two neighbouring lines it buys at the lower and sells at the upper one, again and again.

python examples/grid.py                                             against the emulator, killed once in the middle
python examples/grid.py --live BTC-USDT 50000 70000 10 0.001        at the exchange, until Ctrl-C

Ctrl-C leaves the orders where they are, and the next start goes on with them: the journal says what was on its way when
the last one ended, the exchange what was done. The client order id names cell and number, such as bx_grid_3_17, so each
order is placed once. Money can be lost with this.
"""

import argparse
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import anyio

from bingx_async import (
    BingXClient,
    BingXError,
    Order,
    OrderChanged,
    OrderNotFound,
    Placement,
    Side,
    TrackedOrder,
    TransportError,
)
from bingx_async.emulator import Emulator, Market

NAME = "grid"
OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class Grid:
    """`count` cells of equal height from `low` to `high`; each has one order of `quantity` at a time."""

    def __init__(
        self,
        client: BingXClient,
        symbol: str,
        low: Decimal,
        high: Decimal,
        count: int,
        quantity: Decimal,
        journal: Path,
    ) -> None:
        self.client, self.symbol, self.quantity = client, symbol, quantity
        self.strategy = client.spot.as_strategy(NAME)
        self.tracker = self.strategy.tracker(journal=journal)
        self.lines = [low + (high - low) * each / count for each in range(count + 1)]
        self.last = dict[int, TrackedOrder | Order]()  # the latest order of each cell

    async def run(self, seconds: float | None = None) -> None:
        """Trade for so many seconds. The orders stay."""
        async with self.tracker:
            rules = await self.client.spot.get_symbol(self.symbol)
            self.lines = [rules.quantize_price(line, Side.BUY) for line in self.lines]
            price = (await self.client.spot.get_price(self.symbol)).price
            await self.recall()
            with anyio.move_on_after(seconds):
                for cell, line in enumerate(self.lines[:-1]):
                    await self.advance(cell, Side.BUY if price is None or line < price else Side.SELL)
                async for change in self.tracker:
                    cell, _ = place_of(change.order) if isinstance(change, OrderChanged) else (-1, 0)
                    if cell in self.last:
                        await self.advance(cell)

    async def recall(self) -> None:
        """Find the latest order of each cell."""
        async for done in self.strategy.iter_order_history(self.symbol):
            self.note(done)
        for order in self.tracker.orders.values():
            self.note(order)
        for cell, last in list(self.last.items()):
            if is_done(last):  # the history may lag behind: is there one more?
                with suppress(OrderNotFound):
                    name = f"bx_{NAME}_{cell}_{place_of(last)[1] + 1}"
                    self.note(await self.strategy.get_order(self.symbol, client_order_id=name))

    def note(self, order: TrackedOrder | Order) -> None:
        """An order of the grid."""
        cell, number = place_of(order)
        if number and (cell not in self.last or number >= place_of(self.last[cell])[1]):
            self.last[cell] = order

    async def advance(self, cell: int, side: Side = Side.BUY) -> None:
        """Place the next order of a cell if its last one is done; `side` is that of the first."""
        number, quantity, last = 1, self.quantity, self.last.get(cell)
        if last is not None:
            last = self.last[cell] = self.tracker.get(last) or last
            if not is_done(last) or (isinstance(last, TrackedOrder) and last.placement is Placement.REFUSED):
                return  # it goes on; what the exchange refuses it would refuse again
            rest = (last.original_quantity or self.quantity) - (last.executed_quantity or 0)
            number, side = place_of(last)[1] + 1, last.side if rest else OPPOSITE[last.side]
            quantity = rest or self.quantity
        price, name = self.lines[cell + (side == Side.SELL)], f"bx_{NAME}_{cell}_{number}"
        with anyio.CancelScope(shield=True):  # what was sent is heard to its end
            try:
                await self.tracker.place(
                    self.symbol, side, "LIMIT", quantity=quantity, price=price, client_order_id=name
                )
            except TransportError as error:
                print(f"{name}: {error}")  # what became of it is found out by the tracker, and comes as a change
                await anyio.sleep(1.0)
            except BingXError as error:
                print(f"{name}: {error}")
        self.last[cell] = self.tracker.get(name) or self.last[cell]


def place_of(order: TrackedOrder | Order) -> tuple[int, int]:
    """Cell and number of an order of the grid; number 0 of any other."""
    *_, cell, number = f"--{order.client_order_id}".rsplit("_", 2)
    return (int(cell), int(number)) if cell.isdigit() and number.isdigit() else (-1, 0)


def is_done(order: TrackedOrder | Order) -> bool:
    """Whether nothing can happen to it any more."""
    return order.is_done if isinstance(order, TrackedOrder) else order.status.is_final


async def main() -> None:
    parser = argparse.ArgumentParser(description="Trade a grid.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    for name, default in (("low", "58000"), ("high", "60000"), ("cells", "8"), ("quantity", "0.001")):
        parser.add_argument(name, nargs="?", type=Decimal, default=Decimal(default))
    parser.add_argument("--journal", type=Path, default=Path("grid.journal"))
    args = parser.parse_args()
    terms = args.symbol, args.low, args.high, int(args.cells), args.quantity
    try:
        if args.live:
            async with BingXClient() as client:
                await Grid(client, *terms, args.journal).run()
        emulator = Emulator(market=Market(volatility=0.5, step_ms=100))
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                client = BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())
                async with client:
                    await Grid(client, *terms, Path(folder, "journal")).run(3.0)
                    print(f"{len(emulator.fills('1001'))} fills, {len(emulator.open_orders('1001'))} orders are open")
            ...
    except BingXError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
