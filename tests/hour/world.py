"""The world of an hour: an emulator whose network fails in every way, and the accounts that trade on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

import anyio

from bingx_async import BingXClient, Governor
from bingx_async.emulator import (
    Account,
    BrokenGzip,
    CloseAfter,
    CloseBefore,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Emulator,
    Fault,
    Html,
    Late,
    Market,
    RefuseHandshake,
    Reorder,
    SilentTopic,
    StreamFault,
    SwallowAck,
)
from bingx_async.emulator.limits import MODELS
from bingx_async.spot.client_ids import ClientIds
from bingx_async.testing import simulated_clock
from tests.hour.truth import Truth
from tests.hour.variants import variants_of
from tests.session.watched import LostOnTheWay

RICH: Mapping[str, Decimal] = {"USDT": Decimal(1_000_000), "BTC": Decimal(20), "ETH": Decimal(400)}
UIDS = ("1", "2", "3", "4")
REQUESTS = (
    Fault(LostOnTheWay(), probability=0.01),
    Fault(CloseAfter(), probability=0.01),
    Fault(CloseBefore(), probability=0.003),
    Fault(Html(502), probability=0.003),
    Fault(Html(504, is_executed=True), probability=0.003),
    Fault(Delay(up=2.5), probability=0.001),
    Fault(Delay(down=11.0), probability=0.001),  # longer than a call waits
)
MESSAGES = (
    StreamFault(Duplicate(), probability=0.05),
    StreamFault(Reorder(), probability=0.05),
    StreamFault(Drop(), probability=0.01),
    StreamFault(Late(seconds=1.5), probability=0.01),
    StreamFault(BrokenGzip(), probability=0.0003),
    StreamFault(SwallowAck(), probability=0.02),
    StreamFault(SilentTopic(), probability=0.01),
    StreamFault(RefuseHandshake(503), probability=0.02),
)
CLOSABLE = (
    "place_order", "cancel_order", "list_open_orders", "list_balances", "create_listen_key", "get_order",
    "iter_order_history", "iter_fills", "list_open_oco_orders", "place_oco_order", "replace_order",
)  # fmt: skip


class World:
    """Make it inside the event loop. `haste`: how many times faster everything happens than in an hour."""

    def __init__(self, seed: int, *, is_simulated: bool = True, haste: float = 1.0, **settings: Any) -> None:
        self.seed, self.random, self.haste = seed, Random(f"world {seed}"), haste
        clock = simulated_clock() if is_simulated else None
        settings.setdefault("latency", 0.03)
        settings.setdefault("jitter", 0.02)
        self.emulator = Emulator(
            [Account(uid, f"key-{uid}", f"secret-{uid}", balances=RICH) for uid in UIDS],
            clock=clock.wall if clock is not None else None,
            market=Market(seed=seed, volatility=0.1, levels=25, step_ms=1000 if is_simulated else 100),
            model=MODELS[seed % len(MODELS)],
            seed=seed,
            clock_offset_ms=137,
            variants=variants_of(seed, round(5000 / haste)),
            **settings,
        )
        self.began = self.emulator.settings.clock()
        self.ids = ClientIds(None, Random(f"ids {seed}").randbytes)
        clocks = {"clock": clock} if clock is not None else {}
        self.governor = Governor(draw=Random(f"governor {seed}").random, **clocks)  # type: ignore[arg-type]
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self.problems: list[str] = []
        self.truth = Truth(self.emulator, self.problem, self.note)
        self.is_bad = self.is_trading = True
        self.judged = anyio.Event()

    def client(self, uid: str, strategy: str, **way: Any) -> BingXClient:
        """A client of a process that has just begun."""
        ids: Any = self.ids.of(strategy)
        return BingXClient(f"key-{uid}", f"secret-{uid}", account=uid, governor=self.governor, strategy=ids, **way)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return (self.emulator.settings.clock() - self.began) / 1000

    def note(self, text: str) -> None:
        """A line of what happened, so that two runs can be compared."""
        self.trace.append(f"{self.now:.6f} {text}")

    def problem(self, text: str) -> None:
        """A broken promise. It is raised by `check`: here a library might catch it."""
        self.problems.append(f"seed {self.seed}, {self.now:.3f} s: {text}")
        self.note(f"PROBLEM {text}")

    def check(self) -> None:
        """Raise the first broken promise."""
        if self.problems:
            raise AssertionError(self.problems[0])

    def spoil(self) -> None:
        """From now on the network is bad."""
        for fault in (*REQUESTS, *MESSAGES):
            self.emulator.inject(fault)
        for kind in ("clean", "reset", "silent"):
            self.emulator.inject(StreamFault(Cut(kind, after=60 / self.haste)))  # type: ignore[arg-type]

    def mend(self) -> None:
        """From now on it is good; the sockets with a fault in them are replaced."""
        self.is_bad = False
        self.emulator.clear_faults()
        self.emulator.drop_streams("reset")

    async def trouble(self, minutes: float) -> None:
        """Listen keys that die, endpoints that close, without end."""
        async with anyio.create_task_group() as tasks:
            for uid in UIDS:
                for _ in range(2):
                    tasks.start_soon(self._end_keys, uid, self.random.uniform(0.1, 0.9) * minutes * 60)
                for _ in range(max(1, round(minutes / 6))):
                    tasks.start_soon(self._close, uid, self.random.uniform(0.1, 0.9) * minutes * 60)

    async def _end_keys(self, uid: str, after: float) -> None:
        await anyio.sleep(after)
        self.counts["keys ended"] += self.emulator.expire_listen_keys(uid)
        self.note(f"listen keys of {uid} end")

    async def _close(self, uid: str, after: float) -> None:
        await anyio.sleep(after)
        endpoint, span = self.random.choice(CLOSABLE), self.random.choice((3000, 20_000, 45_000))
        span = round(span / self.haste)
        self.emulator.close_endpoint(uid, endpoint, span)
        self.counts["closings"] += 1
        self.note(f"{endpoint} of {uid} is closed for {span}")

    async def patrol(self) -> None:
        """Stop at the first broken promise."""
        while True:
            await anyio.sleep(1.0)
            self.check()
