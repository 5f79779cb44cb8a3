"""An emulator whose orders are tracked, in simulated time; processes that can be killed in it at any await."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import anyio
import anyio.lowlevel
import httpx
from anyio.abc import TaskGroup
from attrs import define, field

from bingx_async import BingXClient, Governor, Intent, MemoryJournal
from bingx_async.emulator import Account, Emulator
from bingx_async.emulator.trading.book import Book
from bingx_async.emulator.trading.orders import Order as BookedOrder
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.tracker.tracker import Tracker
from bingx_async.testing import simulated_clock

RICH = {"USDT": Decimal(1_000_000), "BTC": Decimal(100), "ETH": Decimal(1000)}


class World:
    """Make it inside the event loop."""

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        self.seed = seed
        settings.setdefault("latency", 0.02)
        account = Account("1", "key-1", "secret-1", balances=RICH)
        self.emulator = Emulator([account], clock=simulated_clock().wall, seed=seed, **settings)
        self.chance = Random(f"ids {seed}")

    def client(self, transport: httpx.AsyncBaseTransport | None = None, **settings: Any) -> BingXClient:
        """A client of a process that has just begun."""
        governor = Governor(clock=simulated_clock(), draw=Random(self.seed).random)
        transport = transport or self.emulator.transport()
        ids: Any = ClientIds(None, self.chance.randbytes)
        settings.setdefault("strategy", ids)
        return BingXClient("key-1", "secret-1", account="1", governor=governor, transport=transport, **settings)

    @property
    def book(self) -> Book:
        """The account's orders as they are now."""
        with self.emulator._at_present() as floor:
            return floor.books["1"]

    def booked(self) -> dict[int, BookedOrder]:
        """Every order that there ever was, legs too, by order id."""
        book = self.book
        legs = [leg for pair in book.all_pairs for leg in pair.legs]
        return {order.order_id: order for order in (*book.all_orders.values(), *legs)}

    def check(self, tracker: Tracker) -> None:
        """Whether the tracker knows of every order that the exchange has what is true of it: state, fills, balances."""
        known = {int(order.order_id): order for order in tracker.orders.values() if order.order_id}
        booked = self.booked()
        assert known.keys() <= booked.keys()
        for order_id, order in known.items():
            truth = booked[order_id]
            assert (str(order.status), order.executed_quantity) == (truth.status, truth.executed), order.why()
            ids = sorted(fill.trade_id for fill in order.fills)
            fills = [fill for fill in self.book.fills if fill.order.order_id == order_id]
            assert ids == sorted(str(fill.fill_id) for fill in fills), order.why()
        with self.emulator._at_present() as floor:
            for asset in RICH:
                balance, held = tracker.balances[asset], floor.ledger.wallet("1", asset)
                assert (balance.free, balance.locked) == (held.free, held.locked)


@define(eq=False)
class Wire(httpx.AsyncBaseTransport):
    """A network. A request that was written arrives whatever becomes of its process; once `is_cut`, the process hears
    and sends nothing more."""

    inner: Any
    tasks: TaskGroup
    is_cut: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self._check(request)
        answers = list[Any]()
        came = anyio.Event()

        async def carry() -> None:
            try:
                answers.append(await self.inner.handle_async_request(request))
            except httpx.TransportError as error:
                answers.append(error)
            came.set()

        self.tasks.start_soon(carry)
        await came.wait()
        self._check(request)
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    async def connect_stream(self, host: str, port: int) -> Any:
        """A connection of a stream."""
        if self.is_cut:
            raise OSError("cut")
        return await self.inner.connect_stream(host, port)

    def _check(self, request: httpx.Request) -> None:
        if self.is_cut:
            raise httpx.ConnectError("cut", request=request)


class MortalJournal(MemoryJournal):
    """What is in it outlives the process; a dead process writes nothing. Each write takes an await before and after."""

    is_dead = False

    async def record(self, intents: Sequence[Intent]) -> None:
        """See `Journal`."""
        await anyio.lowlevel.checkpoint()
        if self.is_dead:
            await anyio.sleep_forever()
        await super().record(intents)
        await anyio.lowlevel.checkpoint()

    def successor(self) -> MortalJournal:
        """The same file, opened by the next process."""
        self.is_dead, heir = True, MortalJournal()
        heir.kept, heir.owner = dict(self.kept), self.owner
        return heir


class Stepped:
    """Awaits a coroutine and calls `kill` at its `at`-th await; `steps` counts them."""

    def __init__(self, work: Coroutine[Any, Any, Any], at: int, kill: Callable[[], None]) -> None:
        self.work, self.at, self.kill, self.steps = work, at, kill, 0

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                waited = self.work.send(value) if error is None else self.work.throw(error)
            except StopIteration as done:
                return done.value
            if self.steps == self.at:
                self.kill()
            self.steps += 1
            try:
                value, error = (yield waited), None
            except BaseException as cut:
                value, error = None, cut


@define(eq=False)
class Process:
    """A program that trades on the world until it is killed. Whatever it does afterwards reaches nothing."""

    world: World
    tasks: TaskGroup
    journal: MortalJournal
    wire: Wire = field(init=False)
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    steps: int = 0

    def __attrs_post_init__(self) -> None:
        self.wire = Wire(self.world.emulator.transport(), self.tasks)

    def kill(self) -> None:
        """As SIGKILL does."""
        self.wire.is_cut = self.journal.is_dead = True
        self.scope.cancel()

    async def run(self, act: Callable[[Tracker], Coroutine[Any, Any, Any]], at: int) -> bool:
        """Track, and kill the process at the `at`-th await of `act`; whether it was killed."""
        with self.scope:
            async with self.world.client(self.wire) as client, client.spot.tracker(self.journal) as tracker:
                stepped = Stepped(act(tracker), at, self.kill)
                await stepped
                self.steps = stepped.steps
        return self.wire.is_cut


async def within(seconds: float, is_met: Callable[[], bool]) -> None:
    """Wait until something is so."""
    with anyio.fail_after(seconds):
        while not is_met():  # noqa: ASYNC110 - there is no event for it
            await anyio.sleep(0.05)


async def gather(source: Any, into: list[Any]) -> None:
    """Take every item, with its moment."""
    async for item in source:
        into.append((anyio.current_time(), item))


def kinds(items: list[Any], *wanted: type) -> list[Any]:
    """The items of these kinds."""
    return [item for _, item in items if isinstance(item, wanted)]


def refused(world: World) -> int:
    """Requests over a quota, of the account or the address."""
    stats = world.emulator.stats()
    return sum(each.refused for each in (*stats.endpoints.values(), *stats.addresses.values()))


def in_world(act: Callable[[World, Any, Tracker], Any], **settings: Any) -> Callable[[], Any]:
    """Run `act` with a world, a client and a tracker that is open."""

    async def main() -> Any:
        world = World(**settings)
        async with world.client() as client, client.spot.tracker() as tracker:
            return await act(world, client, tracker)

    return main
