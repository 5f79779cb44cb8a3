"""The increments of one order book, as an exchange in memory sends them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bingx_async import Level
from tests.streams.exchange import SUCCESS, StreamExchange

TOPIC = "BTC-USDT@incrDepth"
LEVELS = {"bids": {"99": "1", "98": "2"}, "asks": {"102": "4", "101": "3"}}


def level(price: str, quantity: str) -> Level:
    return Level(Decimal(price), Decimal(quantity))


class Books:
    """Sends a whole book 0.2 s after each subscription, with ids from 10 on, unless `is_silent`."""

    def __init__(self, streams: StreamExchange) -> None:
        self.streams, self.number, self.is_silent = streams, 0, False
        streams.answer_to = self.answer_to  # type: ignore[method-assign]

    def answer_to(self, kind: str, topic: str) -> dict[str, Any]:
        if kind == "sub" and topic == TOPIC and not self.is_silent:
            self.number += 10
            self.streams.socket.after(0.2, self.whole)
        return SUCCESS

    def whole(self) -> None:
        self.push("all", self.number, **LEVELS)

    def update(self, ahead: int = 1, **sides: Any) -> None:
        self.number += ahead
        self.push("update", self.number, **sides)

    def push(self, action: str, number: int, **sides: Any) -> None:
        data = {"action": action, "lastUpdateId": number, **sides}
        self.streams.push(TOPIC, data, timestamp=1_790_000_000_000 + number)

    @property
    def subscribed(self) -> int:
        """How often it was subscribed."""
        return sum(kind == "sub" for peer in self.streams.sockets for _, kind, _ in peer.asked)
