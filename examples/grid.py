"""A grid: between each two neighbouring lines it buys at the lower and sells at the upper one, again and again.

python examples/grid.py                                             against the emulator, killed once in the middle
python examples/grid.py --live BTC-USDT 50000 70000 10 0.001        at the exchange, until Ctrl-C

Ctrl-C leaves the orders where they are, and the next start goes on with them: the journal says what was on its way when
the last one ended, the exchange what was done. The client order id names cell and number, such as bx_grid_3_17, so each
order is placed once. Money can be lost with this.
"""

import argparse
import math
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
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
from bingx_async.spot.tracker.journal import Journal

NAME = "grid"
OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


@dataclass(frozen=True)
class Terms:
    """`cells` of equal height from `low` to `high`; each has one order of `quantity` at a time."""

    symbol: str
    low: Decimal
    high: Decimal
    cells: int
    quantity: Decimal


class Grid:
    """Trades by the terms; `journal` is a path or a store of your own."""

    def __init__(self, client: BingXClient, terms: Terms, journal: str | Path | Journal) -> None:
        self.client, self.terms = client, terms
        self.strategy = client.spot.as_strategy(NAME)
        self.tracker = self.strategy.tracker(journal=journal)
        self.lines = list[Decimal]()
        self.last = dict[int, TrackedOrder | Order]()  # the latest order of each cell

    async def run(self, seconds: float | None = None) -> None:
        """Trade for so many seconds. The orders stay."""
        async with self.tracker:
            terms, rules = self.terms, await self.client.spot.get_symbol(self.terms.symbol)
            height = (terms.high - terms.low) / terms.cells
            self.lines = [rules.quantize_price(terms.low + height * each, "BUY") for each in range(terms.cells + 1)]
            price = (await self.client.spot.get_price(terms.symbol)).price
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
        async for done in self.strategy.iter_order_history(self.terms.symbol):
            self.note(done)
        for order in self.tracker.orders.values():
            self.note(order)
        for cell, last in list(self.last.items()):
            if is_done(last):  # the history may lag behind: is there one more?
                with suppress(OrderNotFound):
                    name = f"bx_{NAME}_{cell}_{place_of(last)[1] + 1}"
                    self.note(await self.strategy.get_order(self.terms.symbol, client_order_id=name))

    def note(self, order: TrackedOrder | Order) -> None:
        """An order of the grid."""
        cell, number = place_of(order)
        if number and (cell not in self.last or number >= place_of(self.last[cell])[1]):
            self.last[cell] = order

    async def advance(self, cell: int, side: Side = Side.BUY) -> None:
        """Place the next order of a cell if its last one is done; `side` is that of the first."""
        number, quantity, last = 1, self.terms.quantity, self.last.get(cell)
        if last is not None:
            last = self.last[cell] = self.tracker.get(last) or last
            if not is_done(last) or (isinstance(last, TrackedOrder) and last.placement is Placement.REFUSED):
                return  # it goes on; what the exchange refuses it would refuse again
            rest = (last.original_quantity or self.terms.quantity) - (last.executed_quantity or 0)
            number, side = place_of(last)[1] + 1, last.side if rest else OPPOSITE[last.side]
            quantity = rest or self.terms.quantity
        price, name = self.lines[cell + (side == Side.SELL)], f"bx_{NAME}_{cell}_{number}"
        with anyio.CancelScope(shield=True):  # what was sent is heard to its end
            try:
                await self.tracker.place(
                    self.terms.symbol, side, "LIMIT", quantity=quantity, price=price, client_order_id=name
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


def emulator_that_swings() -> Emulator:
    """An exchange whose price goes up and down through the grid."""

    def swing(ms: int) -> float:
        return 59_000 + 800 * math.sin(ms / 500)

    return Emulator(market=Market(prices={"BTC-USDT": swing}, step_ms=100))


async def main() -> None:
    parser = argparse.ArgumentParser(description="Trade a grid.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("--journal", default="grid.journal", help="a file")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    for name, default in (("low", "58000"), ("high", "60000"), ("cells", "8"), ("quantity", "0.001")):
        parser.add_argument(name, nargs="?", type=Decimal, default=Decimal(default))
    args = parser.parse_args()
    terms = Terms(args.symbol, args.low, args.high, int(args.cells), args.quantity)
    try:
        if args.live:
            async with BingXClient() as client:
                await Grid(client, terms, args.journal).run()
        else:
            await emulated(terms)
    except BingXError as error:
        raise SystemExit(str(error)) from None


async def emulated(terms: Terms) -> None:
    """Run it twice for three seconds, then take everything back."""
    emulator = emulator_that_swings()
    with tempfile.TemporaryDirectory() as folder:
        for run in ("first", "second"):
            keys = "emulator-key-1001", "emulator-secret-1001"
            async with BingXClient(*keys, transport=emulator.transport()) as client:
                await Grid(client, terms, Path(folder, "journal")).run(3.0)
                names = Counter(fill.client_order_id for fill in emulator.fills("1001"))
                print(f"{run} run: {len(names)} orders filled, {len(emulator.open_orders('1001'))} open")
                if run == "second":
                    await client.spot.as_strategy(NAME).cancel_mine()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
