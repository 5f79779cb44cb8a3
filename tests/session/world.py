"""The world of a session: an emulator with a market that moves and a network that fails, and a client per account."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import anyio
from attrs import define, field

from bingx_async import BingXClient, Governor
from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator import Account, CloseAfter, CloseBefore, Delay, Fault, Html, Market, Variants
from bingx_async.emulator.limits import MODELS
from bingx_async.emulator.trading.book import Book
from bingx_async.emulator.trading.ledger import Ledger
from bingx_async.errors import OutcomeUnknown
from bingx_async.spot.client_ids import ClientIds
from bingx_async.testing import simulated_clock
from tests.session.watched import LostOnTheWay, WatchedEmulator

ASSETS = ("USDT", "BTC", "ETH", "SOL", "ODD")
SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "ODD-USDT", "ETH-BTC")
RICH = {"USDT": "50000", "BTC": "0.8", "ETH": "15", "SOL": "250.5", "ODD": "3000000.1"}
POOR = {"USDT": "120.37", "BTC": "0.00123", "ETH": "0.02", "SOL": "0.7", "ODD": "90.3"}
FAULTS = (
    Fault(LostOnTheWay(), probability=0.01),
    Fault(CloseAfter(), probability=0.01),
    Fault(CloseBefore(), probability=0.003),
    Fault(Html(502), probability=0.002),
    Fault(Html(504, is_executed=True), probability=0.002),
    Fault(Delay(up=2.5), probability=0.001),
    Fault(Delay(down=11.0), probability=0.001),  # longer than a call waits
)
# Of the choices that the exchange leaves open those that leave its lists and ids as they have to be for anything to be
# found out: each seed plays another mixture. A client id that is taken twice would be seen in the book.
CHOICES: dict[str, tuple[Any, ...]] = {
    "duplicate_client_id": ("accepted",),
    "missing_order": ("100404", "100400", "100421", "80016", "109421"),
    "closed_order": ("missing", "closed", "80018"),
    "done_orders": ("stay", "stay", "vanish"),
    "nothing_open": ("empty", "refused"),
    "cancel_all": ("orders", "orders and oco"),
    "lookup_delay_ms": (0, 0, 300, 1500),
    "post_only": ("canceled", "failed", "101215"),
    "fill_or_kill": ("canceled", "failed", "refused"),
    "conditional_lock": ("take stop", "none", "all"),
    "batch_failure": ("fewer", "entries"),  # "all refused" may leave fills behind
    "replace_form": ("bool", "text"),
    "replace_failure": ("inside", "100500"),
    "switch_takes": ("everything", "limit orders"),
    "switch_time": ("seconds", "milliseconds"),
    "history_order": ("newest first", "oldest first"),
    "fills_limit": ("500", "1000"),
    "fills_from_id": ("inclusive", "exclusive"),
    "oco_query_id": ("orderListId", "orderId"),
    "oco_list_id": ("client", "exchange"),
    "oco_form": ("list", "ocoOrders", "orders"),
    "market_family": ("both", "v1", "quote"),
    "aggregated_symbol": ("both", "underscore", "hyphen"),
    "depth_order": ("worst first", "best first"),
    "kline_start": ("inclusive", "exclusive"),
    "trades_from_id": ("older", "newer"),
    "numbers": ("documented", "mixed"),
    "client_id_name": ("clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID"),
    "cancelled": ("CANCELED", "CANCELLED"),
    "zero_balances": ("shown", "absent"),
}


def variants_of(seed: int) -> Variants:
    """The exchange of a seed; the first one is as documented."""
    draw = Random(f"variants {seed}")
    chosen = {name: draw.choice(choices) if seed else choices[0] for name, choices in CHOICES.items()}
    return Variants(**chosen)


def accounts_of(number: int) -> list[Account]:
    """Every fourth is poor: the exchange refuses many of its orders."""
    uids = [str(1001 + n) for n in range(number)]
    amounts = [RICH if n % 4 else POOR for n in range(number)]
    balances = [{asset: Decimal(amount) for asset, amount in each.items()} for each in amounts]
    return [
        Account(uid, f"key-{uid}", f"secret-{uid}", balances=each) for uid, each in zip(uids, balances, strict=True)
    ]


@define(eq=False)
class Known:
    """What the client has said about an account's placements, by client order id."""

    placed: set[str] = field(factory=set[str])
    absent: set[str] = field(factory=set[str])
    cut: set[str] = field(factory=set[str])  # of calls that were cancelled while they looked an order up
    doubts: list[OutcomeUnknown] = field(factory=list[OutcomeUnknown])


class World:
    """Make it inside the event loop."""

    def __init__(self, seed: int, accounts: int) -> None:
        self.seed, self.random, clock = seed, Random(f"world {seed}"), simulated_clock()
        self.accounts = accounts_of(accounts)
        self.emulator = WatchedEmulator(
            self.accounts,
            clock=clock.wall,
            market=Market(seed=seed, volatility=0.1, levels=25),
            model=MODELS[seed % len(MODELS)],
            latency=0.03,
            jitter=0.02,
            seed=seed,
            clock_offset_ms=137,
            variants=variants_of(seed),
        )
        self.ids = ClientIds(None, Random(f"ids {seed}").randbytes)
        self.governor = Governor(clock=simulated_clock(), draw=Random(f"governor {seed}").random)
        self.began = anyio.current_time()
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self.closings: list[tuple[str, str, float, float]] = []  # account, route, from, until
        self.known = {account.account: Known() for account in self.accounts}
        self.clients = self._clients()

    def _clients(self) -> dict[str, BingXClient]:
        first, *others = self.accounts
        client = BingXClient(
            first.api_key,
            first.secret_key,
            account=first.account,
            governor=self.governor,
            transport=self.emulator.transport(),
            strategy=self.ids,  # type: ignore[arg-type]  # from a source of chance that can be repeated
        )
        made = {first.account: client}
        for each in others:
            made[each.account] = client.for_account(
                api_key=each.api_key, secret_key=each.secret_key, account=each.account
            )
        return made

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return anyio.current_time() - self.began

    @property
    def server_time(self) -> int:
        """The exchange's clock, epoch ms."""
        return self.emulator.server_time

    @property
    def lookup_delay(self) -> int:
        """For so many ms after it was placed no query finds an order."""
        return self.emulator.settings.variants.lookup_delay_ms

    def book(self, uid: str) -> Book:
        """An account's orders, as they are now."""
        with self.emulator._at_present() as floor:
            return floor.books[uid]

    @property
    def ledger(self) -> Ledger:
        """The money of all accounts."""
        with self.emulator._at_present() as floor:
            return floor.ledger

    def note(self, text: str) -> None:
        """A line of what happened, so that two runs can be compared."""
        self.trace.append(f"{self.now:.6f} {text}")

    def spoil_network(self) -> None:
        """From now on replies are lost."""
        for fault in FAULTS:
            self.emulator.inject(fault)

    async def close_endpoints(self) -> None:
        """Now and then, close an endpoint of an account for a while, without end."""
        routes = [endpoint.route for endpoint in CATALOGUE if not endpoint.is_public]
        while True:
            await anyio.sleep(self.random.expovariate(1 / 4.0))
            uid, route = self.random.choice(self.accounts).account, self.random.choice(routes)
            span = self.random.choice((300, 2000, 8000, 20_000, 45_000))
            if all(until < self.server_time for who, which, _, until in self.closings if (who, which) == (uid, route)):
                since = self.server_time
                until = self.emulator.close_endpoint(uid, route, span)
                self.closings.append((uid, route, since, until))
                self.note(f"closed {uid} {route} until {until}")
