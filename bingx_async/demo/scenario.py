"""The scenario of the demo: three accounts behind one address, one governor, one closed period, over real HTTP.

The accounts own what was deposited, and the market moves; each reads its balances and fills once a second.

Each endpoint of each account has more workers than its quota has tokens, so there are always calls that wait. The
workers begin evenly spread over one window. When the time is over no further call is made, and the calls that still
wait are finished outside the measured time. Account and endpoint of the closed period are fixed; it begins when none
of their calls is on its way and the next one will travel alone, so that this one alone can be refused before the
answer is back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from functools import partial

import anyio
from attrs import define, evolve, field, frozen

from bingx_async import BingXClient, BingXError, Governor
from bingx_async.catalogue import CATALOGUE
from bingx_async.core import events
from bingx_async.demo.statement import Statement
from bingx_async.demo.trader import AT_MARKET, JOBS, SINGLE, Job, Tally, Trader
from bingx_async.emulator import Emulator, Model, default_accounts
from bingx_async.runtime.clock import wall_ms
from bingx_async.spot.cancels import CANCEL_ORDER

LATENCY, JITTER = 0.025, 0.008  # seconds each way
CLOSED_ACCOUNT, CLOSED_ENDPOINT = "1002", CANCEL_ORDER.name
CLOSES_AFTER, CLOSES_FOR = 6.0, 5.0  # seconds; sooner and shorter in a short run
LEAST_SECONDS = 8.0
DEPOSITS = {"USDT": Decimal(20_000), "BTC": Decimal("0.5"), "SOL": Decimal(100)}  # of each account
SEED = 10  # of the market that moves
READS_EVERY = 1.0  # seconds between two looks at balances and fills
ALONE = 150.0  # ms; a call followed by none for so long travels alone
LOOK = 0.002  # seconds between two looks for such a moment


@frozen
class Settings:
    """How long to drive (seconds) and how the emulator counts."""

    seconds: float = 20.0
    model: Model = "sliding"

    @property
    def closes_after(self) -> float:
        """Seconds until the closed period is provoked."""
        return min(CLOSES_AFTER, 0.3 * self.seconds)

    @property
    def closes_for(self) -> float:
        """Seconds it lasts."""
        return min(CLOSES_FOR, 0.35 * self.seconds)


@frozen
class Closure:
    """The provoked closed period, epoch ms."""

    begins_at: float
    until: float


@frozen
class Wait:
    """The longest a call has waited for quota, in seconds."""

    seconds: float = 0.0
    account: str = ""
    endpoint: str = ""


@define(eq=False)
class Scenario:
    """A run and its state; `open()` it, then `drive()`."""

    settings: Settings
    on_event: Callable[[events.Event], None]
    emulator: Emulator = field(init=False)
    governor: Governor = field(init=False)
    traders: list[Trader] = field(init=False, factory=list[Trader])
    tally: Tally = field(init=False, factory=Tally)
    closure: Closure | None = field(init=False, default=None)
    failures: list[str] = field(init=False, factory=list[str])
    waits: dict[tuple[str, str], Wait] = field(init=False, factory=dict[tuple[str, str], Wait])
    began_at: float = field(init=False, default=0.0)  # epoch ms
    ended_at: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        accounts = [evolve(account, balances=DEPOSITS) for account in default_accounts()]
        self.emulator = Emulator(
            accounts, model=self.settings.model, latency=LATENCY, jitter=JITTER, market="walk", seed=SEED
        )
        self.governor = Governor(on_event=self._observe)

    @property
    def is_over(self) -> bool:
        """Whether the measured time is over and only calls that still wait are being finished."""
        return bool(self.began_at) and self.elapsed >= self.settings.seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the driving began, at most the run's length."""
        return min(self.settings.seconds, (wall_ms() - self.began_at) / 1000.0) if self.began_at else 0.0

    @property
    def statements(self) -> list[Statement]:
        """The balances and fills of each account."""
        return [trader.statement for trader in self.traders]

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[str, None]:
        """The emulator on a free loopback port and a client for each account; yields the address."""
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(self.emulator.serve(port=0))
            first, *others = self.emulator.accounts
            client = BingXClient(
                first.api_key, first.secret_key, account=first.account, base_url=server.url, governor=self.governor
            )
            stack.push_async_callback(client.aclose)  # before the first look at the clock: that may be interrupted
            await client.sync_clock()
            clients = [client] + [
                client.for_account(api_key=each.api_key, secret_key=each.secret_key, account=each.account)
                for each in others
            ]
            rules = await client.spot.get_symbol(SINGLE)
            self.traders = [
                Trader(each, self.emulator, self.tally, rules, first=index * (AT_MARKET + 2))
                for index, each in enumerate(clients)
            ]
            for trader in self.traders:
                stack.callback(trader.close)
            yield server.url

    async def drive(self) -> None:
        """Saturate everything until the time is over; then read balances and fills a last time."""
        self.began_at = wall_ms()
        self.ended_at = self.began_at + self.settings.seconds * 1000.0
        ends_at = anyio.current_time() + self.settings.seconds
        async with anyio.create_task_group() as group:
            group.start_soon(self._close_once)
            for trader in self.traders:
                group.start_soon(self._read, trader, ends_at)
                for job in JOBS:
                    for worker in range(2 * self.governor.profile[job.endpoint].limit + 2):
                        group.start_soon(self._work, trader, job, worker, ends_at)
        for trader in self.traders:
            await self._attempt(trader.statement.read)

    async def _work(self, trader: Trader, job: Job, worker: int, ends_at: float) -> None:
        """One call at a moment of its own in the first window, so that calls stay evenly spread; then all at once."""
        allowed, call = self.governor.profile[job.endpoint], partial(job.do, trader, worker, ends_at)
        begins_at = ends_at - self.settings.seconds + allowed.window * self.traders.index(trader) / 10.0
        if worker < allowed.limit:
            await anyio.sleep_until(begins_at + worker * allowed.window / allowed.limit)
            await self._attempt(call)
        await anyio.sleep_until(begins_at + allowed.window)
        while await self._attempt(call) and anyio.current_time() < ends_at:
            pass

    async def _read(self, trader: Trader, ends_at: float) -> None:
        """Look at balances and fills again and again, each account at a moment of its own."""
        await anyio.sleep(READS_EVERY * self.traders.index(trader) / len(self.traders))
        while anyio.current_time() < ends_at - READS_EVERY:
            await self._attempt(trader.statement.read)
            await anyio.sleep(READS_EVERY)

    async def _attempt(self, call: Callable[[], Awaitable[None]]) -> bool:
        """Call; whether it went well."""
        try:
            await call()
        except BingXError as error:
            self.failures.append(str(error))
            return False
        return True

    async def _close_once(self) -> None:
        await anyio.sleep(self.settings.closes_after)
        while not self._is_next_alone():
            if self.is_over:  # no such moment came; the report says that nothing was provoked
                return
            await anyio.sleep(LOOK)
        until = self.emulator.close_endpoint(CLOSED_ACCOUNT, CLOSED_ENDPOINT, int(self.settings.closes_for * 1000))
        self.closure = Closure(wall_ms(), until)

    def _is_next_alone(self) -> bool:
        """Calls come back one window after their predecessors, so the gaps are those of a window ago."""
        for bucket in self.governor.snapshot():
            if bucket.in_flight and (bucket.owner, short(bucket.name)) == (CLOSED_ACCOUNT, CLOSED_ENDPOINT):
                return False
        arrivals = self.emulator.stats().of(CLOSED_ACCOUNT, CLOSED_ENDPOINT).arrivals
        recent = arrivals[-self.governor.profile[CLOSED_ENDPOINT].limit :]
        return len(recent) > 1 and recent[1] - recent[0] > ALONE

    def _observe(self, event: events.Event) -> None:
        if isinstance(event, events.Granted):
            key = (event.account, short(event.endpoint))
            if event.waited > self.waits.get(key, Wait()).seconds:
                self.waits[key] = Wait(event.waited, *key)
        self.on_event(event)


def short(endpoint: str) -> str:
    """The name of the method that calls an endpoint; any other text stays as it is."""
    found = CATALOGUE.get(endpoint)
    return found[0].name if found else endpoint
