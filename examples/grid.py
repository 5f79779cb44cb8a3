"""A grid: between each two neighbouring lines it buys at the lower and sells at the upper one, again and again.

python examples/grid.py                                             against the emulator, stopped once and started again
python examples/grid.py --live BTC-USDT 50000 70000 10 0.001        at the exchange, until Ctrl-C

Ctrl-C leaves the orders where they are, and the next start goes on with them: the journal says what was on its way when
the last run ended, the exchange what was done. A client order id names cell and number, such as bx_grid_3_17, so no
order is placed twice. Fees are taken from what is bought, so have a little more of it than the grid sells. Money can be
lost with this.
"""

import argparse
import math
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import anyio

from bingx_async import BingXClient, FillAdded, Journal, Order, OrderChanged, Placement, Side, TrackedOrder
from bingx_async.emulator import Emulator, Market
from bingx_async.errors import ApiError, BingXError, OrderNotFound, QuotaWait, TransportError

NAME, PAUSE = "grid", 1.0
OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class Grid:
    """A cell lies between two neighbouring lines, and has one order of `quantity` at a time."""

    def __init__(
        self, client: BingXClient, symbol: str, lines: Sequence[Decimal], quantity: Decimal, journal: Path | Journal
    ) -> None:
        self.client, self.symbol, self.lines, self.quantity = client, symbol, list(lines), quantity
        self.strategy = client.spot.as_strategy(NAME)
        self.tracker = self.strategy.tracker(journal=journal)
        self.last = dict[int, TrackedOrder | Order]()  # the latest order of each cell

    async def run(self, seconds: float | None = None) -> None:
        """Trade for so many seconds. The orders stay."""
        async with self.tracker:
            rules = await self.client.spot.get_symbol(self.symbol)
            self.lines = [rules.quantize_price(line, Side.BUY) for line in self.lines]
            price = (await self.client.spot.get_price(self.symbol)).price or self.lines[-1]
            await self.recall()
            with anyio.move_on_after(seconds):
                for cell, line in enumerate(self.lines[:-1]):
                    await self.advance(cell, Side.BUY if line < price else Side.SELL)
                async for change in self.tracker:
                    cell = place_of(change.order)[0] if isinstance(change, OrderChanged | FillAdded) else -1
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
                    name = name_of(cell, place_of(last)[1] + 1)
                    self.note(await self.strategy.get_order(self.symbol, client_order_id=name))

    def note(self, order: TrackedOrder | Order) -> None:
        """An order that was found."""
        cell, number = place_of(order)
        if number and (cell not in self.last or number >= place_of(self.last[cell])[1]):
            self.last[cell] = order

    async def advance(self, cell: int, first: Side | None = None) -> None:
        """Place the next order of a cell if its last one is done. At the start `first` is the side of a first order."""
        number, side, quantity = 1, first or Side.BUY, self.quantity
        if (last := self.last.get(cell)) is not None:
            last = self.tracker.get(last) or last
            rest = (last.original_quantity or quantity) - (last.executed_quantity or 0)
            is_unsent = isinstance(last, TrackedOrder) and last.placement is Placement.NOT_PLACED
            if not is_done(last) or (rest and first is None and not is_unsent):
                return  # it goes on; or it was refused or cancelled by hand, so the cell rests until the next start
            number, side = place_of(last)[1] + 1, last.side if rest else OPPOSITE[last.side]
            quantity = rest or quantity
        await self.place(cell, number, side, quantity)

    async def place(self, cell: int, number: int, side: Side, quantity: Decimal) -> None:
        """Place an order. What becomes of it comes as a change, also if no answer does."""
        price, name = self.lines[cell + (side == Side.SELL)], name_of(cell, number)
        with anyio.CancelScope(shield=True):  # once sent it is heard to its end
            try:
                await self.tracker.place(
                    self.symbol, side, "LIMIT", quantity=quantity, price=price, client_order_id=name
                )
            except (ApiError, QuotaWait, TransportError) as error:
                print(f"{name}: {error}")
                await anyio.sleep(PAUSE)
        if (order := self.tracker.get(name)) is not None:
            self.last[cell] = order


def name_of(cell: int, number: int) -> str:
    """The client order id of an order of the grid."""
    return f"bx_{NAME}_{cell}_{number}"


def place_of(order: TrackedOrder | Order) -> tuple[int, int]:
    """Cell and number of an order of the grid; number 0 of any other."""
    *_, cell, number = f"__{order.client_order_id}".split("_")
    return (int(cell), int(number)) if cell.isdigit() and number.isdigit() else (-1, 0)


def is_done(order: TrackedOrder | Order) -> bool:
    """Whether nothing can happen to it any more."""
    return order.is_done if isinstance(order, TrackedOrder) else order.status.is_final


async def emulated(symbol: str, lines: Sequence[Decimal], quantity: Decimal) -> None:
    """Run it twice for three seconds while the price swings, then take everything back."""
    emulator = Emulator(market=Market(prices={symbol: lambda ms: 59_000 + 800 * math.sin(ms / 500)}, step_ms=100))
    with tempfile.TemporaryDirectory() as folder:
        keys = "emulator-key-1001", "emulator-secret-1001"
        for _ in range(2):
            async with BingXClient(*keys, transport=emulator.transport()) as client:
                await Grid(client, symbol, lines, quantity, Path(folder, "journal")).run(3.0)
                filled = {fill.order.order_id for fill in emulator.fills("1001")}
                print(f"{len(filled)} orders are filled, {len(emulator.open_orders('1001'))} are open")
        async with BingXClient(*keys, transport=emulator.transport()) as client:
            await client.spot.as_strategy(NAME).cancel_mine()


async def main() -> None:
    parser = argparse.ArgumentParser(description="Trade a grid.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("--journal", type=Path, default=Path("grid.journal"), help="a file")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    for name, default in (("low", "58000"), ("high", "60000"), ("cells", "8"), ("quantity", "0.001")):
        parser.add_argument(name, nargs="?", type=Decimal, default=Decimal(default))
    args = parser.parse_args()
    lines = [args.low + (args.high - args.low) / args.cells * each for each in range(int(args.cells) + 1)]
    try:
        if not args.live:
            return await emulated(args.symbol, lines, args.quantity)
        async with BingXClient() as client:
            await Grid(client, args.symbol, lines, args.quantity, args.journal).run()
    except BingXError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
