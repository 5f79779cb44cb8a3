"""The base of every file of endpoints: how their methods reach the calls, and the quotas and errors that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bingx_async.core.channel import Channel
from bingx_async.core.endpoint import BatchRoute, Call, Endpoint, Refusals
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import PAGES, Quota
from bingx_async.core.sink import Listening as Listening
from bingx_async.core.sink import Sink as Sink
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import BingXError, OrderNotFound, OrderRefused, OutcomeUnknown
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.facts import Facts
from bingx_async.spot.rules import RuleBook

# Public pages of the exchange that document quotas.
ORDERS = f"{PAGES}spot/trade-api.html"
ACCOUNT = f"{PAGES}spot/account-api.html"
STREAM_KEYS = f"{PAGES}spot/socket/listenKey.html"
NEWER_PAGES = "https://bingx-api.github.io/docs-v3/#/en/info"
LIMITS = "https://bingx.com/en/support/articles/31103871611289"

# Quotas of an account that other profiles name: the newer pages of the exchange, and its rates for lead traders.
NEWER: Mapping[str, Quota] = {"2025-10": Quota(10, 1.0, NEWER_PAGES)}
LEAD_TRADER: Mapping[str, Quota] = {**NEWER, "trader": Quota(1, 1.0, LIMITS)}

ORDER = Refusals(OrderNotFound, OrderRefused)

FACTS = Facts()
IDS = ClientIds()

G = TypeVar("G", bound="Group")
T = TypeVar("T")
R = TypeVar("R")


class Calls(Protocol):
    """Carries out the calls of one account."""

    @property
    def streams(self) -> Streaming:
        """Its streams, which open a socket at their first use."""
        ...

    @property
    def owner(self) -> str:
        """The account: the UID as given to the client, or a one-way fingerprint of the API key."""
        ...

    @property
    def in_doubt(self) -> Sequence[OutcomeUnknown]:
        """The calls of the account that may have run, oldest first."""
        ...

    def now(self) -> float:
        """The exchange's clock, epoch ms."""
        ...

    def warn(self, text: str) -> None:
        """Log a problem that no call raises."""
        ...

    def report_switch(self, state: str, trigger_time: datetime, why: str) -> None:
        """Log the state of a dead man's switch (`why`: the problem, if there is one), and make an event of it."""
        ...

    def may_fail(self, endpoint: Endpoint[Any]) -> bool:
        """Whether one more business error on the endpoint would leave it open."""
        ...

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        ...

    def check(self, endpoint: Endpoint[Any]) -> None:
        """Raise the reason why no call of `endpoint` can be made, if there is one."""
        ...

    def keep(self, error: OutcomeUnknown) -> OutcomeUnknown:
        """Keep a call in doubt until it is known what became of it."""
        ...

    def forget(self, error: OutcomeUnknown) -> None:
        """What became of a call in doubt is known."""
        ...

    async def drain(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
        deadline: float,
        results: MutableMapping[T, R],
    ) -> None:
        """Get many items done through several routes; `results` is filled with that of every item."""
        ...


class Streaming(Protocol):
    """The streams of one client."""

    @property
    def limits(self) -> StreamLimits:
        """The limits that its streams keep."""
        ...

    def listen(self, topics: Mapping[str, Channel[Any]], sink: Sink) -> AbstractAsyncContextManager[Listening]:
        """Let `sink` have the messages of the topics while the context is open. It is entered once the exchange has
        confirmed every topic. Topics of the account travel over a socket of their own, opened by a listen key.

        Raises `TopicRefused` and `StreamUnavailable`, and `ClientClosed`."""
        ...

    def report_book(self, symbol: str, policy: str, gaps: int, /) -> None:
        """Log that the policy of an order book has changed, after so many gaps, and make an event of it."""
        ...

    async def rotate(self) -> None:
        """Move the account's topics to a new listen key and socket now, without a gap where the exchange allows it."""
        ...


class Group:
    """Methods over the calls of one account; at most `ids_per_batch` ids travel in one batch cancel, `ids` makes the
    client order ids of what is placed, `rules` has the trading rules by which it is checked."""

    def __init__(
        self,
        calls: Calls,
        ids_per_batch: int = 10,
        facts: Facts = FACTS,
        ids: ClientIds = IDS,
        rules: RuleBook | None = None,
    ) -> None:
        self._calls = calls
        self._ids_per_batch = ids_per_batch
        self._facts = facts
        self._ids = ids
        self._rules = RuleBook() if rules is None else rules
        self._kept: dict[str, str] = {}  # the choices of open facts that the exchange has proved right

    def _like(self, kind: type[G], ids: ClientIds, calls: Calls | None = None) -> G:
        """Other methods over the same calls or others, with other ids for what is placed."""
        return kind(calls or self._calls, self._ids_per_batch, self._facts, ids, self._rules)
