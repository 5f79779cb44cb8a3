"""A strategy, and one process that runs it until it is killed, or until the hour has been judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any

import anyio
from attrs import define, field

from bingx_async import BingXClient, BingXError, FillAdded, Gap, OutcomeUnknown, Resynced
from bingx_async.models import OrderChanged
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.tracker.tracker import Tracker
from tests.hour.strategies import Strategy, run
from tests.hour.witness import Witness
from tests.hour.world import World
from tests.tracker.world import Stepped, Wire


@define(eq=False)
class Network(Wire):
    """A network of which the streams draw their waits."""

    draw: Callable[[], float] = field(kw_only=True)


@define(eq=False)
class Role:
    """One strategy: its account, and what lasts from life to life."""

    world: World
    uid: str
    name: str
    kind: type[Strategy]
    is_whole: bool = False
    """Whether it tracks the whole account."""
    queue: int = 10_000
    journal: Any = None
    draw: Random = field(init=False)
    ids: ClientIds = field(init=False)
    lives: list[Life] = field(init=False, factory=list["Life"])

    def __attrs_post_init__(self) -> None:
        self.draw, self.ids = Random(f"{self.name} {self.world.seed}"), self.world.ids.of(self.name)

    @property
    def life(self) -> Life:
        """The present one."""
        return self.lives[-1]


@define(eq=False)
class Life:
    """One process, from its start until it is killed, or the hour has been judged."""

    role: Role
    journal: Any
    way: Any
    wire: Network | None
    witness: Witness = field(init=False)
    client: BingXClient = field(init=False)
    tracker: Tracker = field(init=False)
    strategy: Strategy = field(init=False)
    stepped: Stepped | None = field(init=False, default=None)
    scope: anyio.CancelScope = field(init=False, factory=anyio.CancelScope)
    told: Counter[str] = field(init=False, factory=Counter[str])
    kept: set[str] = field(init=False, factory=set[str])  # fills that were known when it was opened
    opened_at: int = field(init=False, default=0)  # ms by the exchange's clock
    gaps: list[float] = field(init=False, factory=list[float])  # seconds from each gap to its end
    is_killed: bool = field(init=False, default=False)
    is_ready: bool = field(init=False, default=False)  # it trades no more, and waits to be judged
    is_over: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        role, world = self.role, self.role.world
        has_ids = world.emulator.settings.variants.event_trade_id == "same"
        self.witness = Witness(world.truth, has_ids, self._problem)
        self.client = world.client(role.uid, role.name, **self.way)
        group = self.client.spot if role.is_whole else self.client.spot.as_strategy()
        self.tracker = group.tracker(self.journal, queue=role.queue)
        self.tracker._portfolio.listeners.append(self.witness.heed)
        self._watch_gaps()
        self.strategy = role.kind(self.client, self.tracker, role.draw, world.emulator.price, role.ids.is_mine)

    def kill(self) -> None:
        """As SIGKILL does: nothing that it does from now on reaches anything."""
        if not self.is_killed:
            self.is_killed = self.witness.is_over = True
            self.journal.is_dead = True
            if self.wire is not None:
                self.wire.is_cut = True
            self.scope.cancel()
            self.role.world.counts["kills"] += 1
            self.role.world.note(f"{self.role.name} is killed")

    async def run(self) -> None:
        """Live. An error that the library raises while it is opened ends the life as well."""
        world = self.role.world
        with self.scope:
            try:
                async with self.client, self.tracker, anyio.create_task_group() as tasks:
                    self.kept, self.opened_at = set(self.witness.fills), world.emulator.server_time
                    tasks.start_soon(self._listen)
                    tasks.start_soon(self._watch_book, self.strategy.symbol)
                    tasks.start_soon(self._watch_trades, self.strategy.symbol)
                    self.stepped = Stepped(self._trade(), -1, self.kill)
                    await self.stepped
                    self.is_ready = True
                    await world.judged.wait()
                    tasks.cancel_scope.cancel()
            except BingXError as error:
                self._pass(error)
                self.journal.is_dead = self.is_killed = True

    def _watch_gaps(self) -> None:
        """At the end of each gap everything has to be known that was before the connection came back."""
        feed, world, back_at = self.tracker._engine._follower.feed, self.role.world, 0
        back, resynced = feed.back, feed.resynced

        def heard_again(topics: Sequence[str], at: datetime) -> None:
            nonlocal back_at
            back_at = world.emulator.server_time - world.emulator.settings.variants.lookup_delay_ms
            back(topics, at)

        def read_again() -> None:
            if feed.is_down:
                self._problem("a gap is said to have ended while the connection is lost")
            self.witness.read_again(self.tracker.orders.values(), back_at)
            resynced()

        feed.back, feed.resynced = heard_again, read_again  # type: ignore[method-assign]

    async def _trade(self) -> None:
        world = self.role.world
        await run(self.strategy, lambda: world.is_trading, self._pass, world.haste)

    def _pass(self, error: Exception) -> None:
        """An error that a bad network may bring about."""
        if not isinstance(error, BingXError | TimeoutError):
            raise error
        world = self.role.world
        world.counts["errors"] += 1
        world.counts["raised in doubt"] += isinstance(error, OutcomeUnknown)
        world.counts[f"error {type(error).__name__}"] += 1

    async def _listen(self) -> None:
        gap_at = 0.0
        async for item in self.tracker:
            if isinstance(item, FillAdded):
                key = f"{item.order.order_id} {item.fill.trade_id}"
                self.told[key] += 1
                if self.told[key] > 1:
                    self._problem(f"{key} was told {self.told[key]} times")
            elif isinstance(item, Gap):
                gap_at = gap_at or anyio.current_time()
            elif isinstance(item, Resynced):
                self.gaps.append(anyio.current_time() - gap_at)
                gap_at = 0.0
            elif isinstance(item, OrderChanged) and self.role.queue < 1000:
                await anyio.sleep(self.role.draw.uniform(0, 2))  # too slow at times

    async def _watch_book(self, symbol: str) -> None:
        while True:
            try:
                async with self.client.spot.streams.order_book(symbol) as book:
                    async for _ in book:
                        bid, ask = book.best_bid, book.best_ask
                        if bid is not None and ask is not None and bid.price >= ask.price:
                            self._problem(f"the book of {symbol} is crossed: {bid} {ask}")
                        self.role.world.counts["books seen"] += 1
            except BingXError as error:
                self._pass(error)
            await anyio.sleep(1.0)

    async def _watch_trades(self, symbol: str) -> None:
        seen = set[Any]()
        while True:
            try:
                async with self.client.spot.streams.trades(symbol) as trades:
                    async for item in trades:
                        number = getattr(item, "trade_id", None)
                        if number is not None and number in seen:
                            self._problem(f"the trade {number} of {symbol} came twice")
                        seen.add(number)
            except BingXError as error:
                self._pass(error)
            await anyio.sleep(1.0)

    def _problem(self, text: str) -> None:
        if not self.is_killed:
            self.role.world.problem(f"{self.role.name}, life {len(self.role.lives)}: {text}")
