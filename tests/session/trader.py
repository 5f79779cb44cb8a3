"""One account of a session: it draws its calls, and keeps each answer against the emulator's book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, TypeVar

import anyio

from bingx_async import NewOrder
from bingx_async.emulator.trading.orders import Order as Booked
from bingx_async.errors import (
    ApiError,
    BingXError,
    ConnectFailed,
    IncompleteList,
    InvalidRequest,
    LocalError,
    OutcomeUnknown,
    ReadFailed,
)
from bingx_async.models import SymbolRules
from tests.session.judging import judge
from tests.session.world import SYMBOLS, World

T = TypeVar("T")
Act = Callable[["Trader"], Awaitable[object]]
EXPECTED = (ApiError, LocalError, ConnectFailed, ReadFailed, IncompleteList)  # of calls in such a world


class Trader:
    """See the module. `rules` has the trading rules by symbol."""

    def __init__(self, world: World, uid: str, rules: Mapping[str, SymbolRules], worker: int) -> None:
        self.world, self.uid, self.rules = world, uid, rules
        self.client = world.clients[uid]
        self.spot, self.account = self.client.spot, self.client.account
        self.random = Random(f"{world.seed} {uid} {worker}")
        self.known = world.known[uid]
        self.refs: list[tuple[str, int]] = []  # symbol and order id of what was placed
        self.pairs: list[str] = []  # order ids of legs
        self.listen_key = ""
        self.act = ""
        self._names = (f"s_{uid}_{worker}_{number}" for number in count())
        self._digits = (f"{uid}{worker}{number:06}" for number in count())

    async def trade(self, acts: Sequence[tuple[Act, float]], until: float, pause: float) -> None:
        """Call and call again until the session is over."""
        chances = [weight for _, weight in acts]
        while self.world.now < until:
            await anyio.sleep(self.random.expovariate(1 / pause))
            (act, _), *_ = self.random.choices(acts, chances)
            await self._perform(act)

    async def _perform(self, act: Act) -> None:
        self.act, told = f"{act.__name__} of {self.uid}", ""  # type: ignore[attr-defined]
        patience = self.random.uniform(0.0, 0.2) if self.random.random() < 0.015 else float("inf")
        try:
            with anyio.move_on_after(patience) as scope:
                await act(self)
            told = "cancelled" if scope.cancelled_caught else "done"
        except OutcomeUnknown as error:
            told = "OutcomeUnknown"
            self.known.doubts.append(error)
            self.check(error in self.client.in_doubt, f"{error!r} is in doubt")
            if self.random.random() < 0.5:
                await self._resolve(error)
        except EXPECTED as error:
            self.check(not isinstance(error, InvalidRequest), f"the session misuses the library: {error!r}")
            told = type(error).__name__
        self.world.counts[f"{act.__name__}: {told}"] += 1  # type: ignore[attr-defined]
        self.world.note(f"{self.act}: {told}")

    async def _resolve(self, error: OutcomeUnknown) -> None:
        resolution = await error.resolve(deadline=self.random.choice((1.0, 5.0, 30.0)))
        self.world.note(f"resolved {error.endpoint}: {resolution.status}")
        self.world.counts[f"resolved at once: {resolution.status}"] += 1
        judge(self.world, self.uid, error, resolution)

    def check(self, holds: bool, claim: str) -> None:
        """Fail with the seed and the call unless the claim holds."""
        if not holds:
            raise AssertionError(f"seed {self.world.seed}, {self.world.now:.3f} s, {self.act}: not so: {claim}")

    async def placing(self, names: Iterable[str], answer: Awaitable[T]) -> T:
        """The answer to a placement under these ids: a refusal has to be one."""
        try:
            told = await answer
        except OutcomeUnknown:
            raise
        except BingXError as error:
            self.absent(names, repr(error))
            raise
        return told

    def placed(self, name: str, what: str) -> None:
        """The client says that this was placed."""
        self.check(self.booked(name) is not None, f"{name} is in the book, since {what}")
        self.known.placed.add(name)

    def absent(self, names: Iterable[str], what: str) -> None:
        """The client says that these were not placed."""
        for name in names:
            order = self.booked(name)
            is_absent = order is None or (order.status == "FAILED" and not order.executed)
            self.check(is_absent, f"{name} is not in the book, since {what}: {order}")
            self.known.absent.add(name)

    def booked(self, name: str) -> Booked | None:
        """The order, or the leg, that is in the book under a client order id."""
        book = self.world.book(self.uid)
        pair = book.find_pair(name)
        return book.find(None, name, 0) or (pair.legs[0] if pair is not None else None)

    def new_name(self) -> str:
        """A client order id of its own."""
        return next(self._names)

    def new_digits(self) -> str:
        """The same for an OCO order."""
        return next(self._digits)

    def new_order(self, kinds: str = "LIMIT", symbol: str | None = None, side: str | None = None) -> NewOrder:
        """An order that the symbol's rules allow; its amount and price are drawn."""
        draw, symbol = self.random, symbol or self.random.choice(SYMBOLS)
        side, rules = side or draw.choice(("BUY", "SELL")), self.rules[symbol]
        fields: dict[str, Any] = {"symbol": symbol, "side": side, "type": kinds, "client_order_id": self.new_name()}
        worth = Decimal(draw.randrange(20, 800)) / (1 if symbol.endswith("USDT") else 60_000)
        if kinds.endswith("MARKET") and side == "BUY":
            fields["quote_quantity"] = rules.quantize_quote_quantity(round(worth, 8))
        else:
            fields["quantity"] = self.amount(symbol, worth)
        if not kinds.endswith("MARKET"):
            fields["price"] = self.near(symbol, side)
        if kinds not in ("LIMIT", "MARKET"):
            fields["stop_price"] = self.near(symbol, side)
        if kinds == "LIMIT":
            fields["time_in_force"] = draw.choice((None, None, None, "GTC", "IOC", "FOK", "PostOnly"))
        return NewOrder(**fields)

    def amount(self, symbol: str, worth: Decimal) -> Decimal:
        """A quantity worth so much of the quote asset, and at least one step."""
        rules = self.rules[symbol]
        return rules.quantize_quantity(round(worth / self.world.emulator.price(symbol), 12) + (rules.step_size or 0))

    def near(self, symbol: str, side: str, reach: float = 0.006) -> Decimal:
        """A price near the market."""
        mid = self.world.emulator.price(symbol)
        return self.rules[symbol].quantize_price(round(mid * Decimal(1 + self.random.uniform(-reach, reach)), 12), side)
