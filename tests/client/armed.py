"""The exchange's side of a dead man's switch, and a block inside of the client's side."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio

from bingx_async import BingXClient
from bingx_async.core.events import SwitchChanged
from bingx_async.testing import EPOCH
from tests.client.exchange import HANG, Backend, Hall, Sent, refused, run

PATH = "/openApi/spot/v1/trade/cancelAllAfter"
BUSY = refused(100421, "in process of cancelling")


class Armed:
    """The exchange's side: fires unless renewed. `answers` replace its answers, by the number of the request."""

    def __init__(self, unit: int = 1, **answers: Any) -> None:
        self.unit, self.answers = unit, {int(name[1:]): answer for name, answer in answers.items()}
        self.fires_at: float | None = None
        self.fired: list[float] = []
        self.count = 0

    def __call__(self, sent: Sent) -> Any:
        """One request. It is carried out half a round trip after it was sent, and answered another half later."""
        self.count += 1
        now = anyio.current_time()
        if self.fires_at is not None and now >= self.fires_at:
            self.fired.append(self.fires_at)
            self.fires_at = None
        answer = next((self.answers[it] for it in (self.count, 0) if it in self.answers), None)
        if answer is not None and answer is not HANG:
            return answer
        closes = sent.params["type"] == "CLOSE"
        self.fires_at = None if closes else now + int(sent.params["timeOut"])
        if answer is HANG:
            return HANG
        trigger = 0 if self.fires_at is None else int((EPOCH / 1000 + self.fires_at) * self.unit)
        data = {"triggerTime": trigger, "status": "CLOSED" if closes else "ACTIVATED", "note": ""}
        return json.dumps({"code": 0, "data": data})


def failed(note: str = "") -> str:
    """Code 0, and yet a failure."""
    return json.dumps({"code": 0, "data": {"triggerTime": 0, "status": "FAILED", "note": note}})


def kept(
    backend: Backend,
    exchange: Armed,
    body: Callable[[BingXClient, Any], Any],
    seconds: int = 30,
    rtt: float = 0.05,
    **settings: Any,
) -> Hall:
    """The hall after `body` has run inside the switch of a client."""

    async def main() -> Hall:
        hall = Hall({PATH: [exchange]}, rtt=rtt)
        async with hall.client(**settings) as client:
            hall.exchange.started = anyio.current_time()
            async with client.spot.dead_mans_switch(seconds) as switch:
                await body(client, switch)
        return hall

    return run(backend, main)


def kinds(hall: Hall) -> list[str]:
    """The requests, in the order of their arrival."""
    return [call.params["type"] for call in hall.exchange.calls(PATH)]


def states(hall: Hall) -> list[str]:
    """The states that the events told."""
    return [event.state for event in hall.seen(SwitchChanged) if isinstance(event, SwitchChanged)]
