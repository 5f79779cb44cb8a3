"""A client whose calls and streams go to scripted exchanges, in simulated time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from bingx_async import BingXClient, Trade
from bingx_async.account.listen_key import CREATE_LISTEN_KEY
from bingx_async.core.channel import Push
from bingx_async.errors import BingXError
from bingx_async.spot.streaming.stream import Stream
from bingx_async.testing import EPOCH
from tests.client.exchange import Exchange, Hall, Sent
from tests.streams.exchange import StreamExchange

KEYS = CREATE_LISTEN_KEY.path
ORDERS, BALANCES = "spot.executionReport", "ACCOUNT_UPDATE"


class World:
    """`keys` has the listen keys that were made, `alive` those that were not deleted. `extends`: the answers to the
    next PUTs, a status each; then 200. `gives`: the keys that are given next; then a new one each time."""

    def __init__(self, *, rtt: float = 0.05, **streams: Any) -> None:
        self.streams = StreamExchange(**streams)
        self.hall = Hall({KEYS: [self._answer]}, rtt=rtt)
        self.exchange: Exchange = self.hall.exchange
        self.exchange.connect_stream = self.streams.connect_stream  # type: ignore[attr-defined]
        self.keys: list[str] = []
        self.deleted: list[str] = []
        self.extended: list[tuple[float, str]] = []
        self.extends: list[Any] = []
        self.gives: list[str] = []
        self._numbers = count(1)

    def client(self, api_key: str | None = "the-api-key-AAAA", **settings: Any) -> BingXClient:
        """A client on both."""
        if api_key is None:
            return BingXClient(governor=self.hall.governor, transport=self.exchange, **settings)
        return self.hall.client(api_key, **settings)

    def paths(self) -> list[str]:
        """The paths of the handshakes."""
        return [peer.path for peer in self.streams.sockets]

    def open(self) -> int:
        """How many sockets are open."""
        return sum(not peer.is_closed and peer.ended is None for peer in self.streams.sockets)

    def _answer(self, sent: Sent) -> Any:
        if sent.method == "POST":
            self.keys.append(self.gives.pop(0) if self.gives else f"{next(self._numbers):064x}")
            return f'{{"listenKey":"{self.keys[-1]}"}}'
        if sent.method == "DELETE":
            self.deleted.append(sent.params["listenKey"])
            return (200, "")
        self.extended.append((self.exchange.now(), sent.params["listenKey"]))
        answer = self.extends.pop(0) if self.extends else 200
        return (answer, "") if isinstance(answer, int) else answer


class Heard:
    """A sink that keeps what it hears."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.signs: list[tuple[Any, ...]] = []
        self.errors: list[BingXError] = []

    def take(self, push: Push) -> None:
        """A message."""
        self.pushes.append(push)

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """Messages may be missing."""
        self.signs.append(("lost", tuple(topics), round(since.timestamp() * 1000 - EPOCH), reason))

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """No longer."""
        self.signs.append(("back", tuple(topics), round(at.timestamp() * 1000 - EPOCH)))

    def fail(self, error: BingXError) -> None:
        """The end."""
        self.errors.append(error)

    @property
    def data(self) -> list[Any]:
        """The contents of the messages."""
        return [push.data for push in self.pushes]


async def next_trade(stream: Stream[Trade]) -> Trade:
    """The next item, which has to be a trade."""
    item = await anext(stream)
    assert isinstance(item, Trade)
    return item


def trade(number: int, price: str = "100.5", symbol: str = "BTC-USDT") -> dict[str, Any]:
    """A trade of the market as the exchange sends it."""
    at = int(EPOCH) + number
    return {"e": "trade", "E": at, "T": at, "s": symbol, "t": str(number), "p": price, "q": "0.5", "m": True}
