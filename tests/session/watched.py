"""An emulator that writes down every request: when it left, when it arrived, its answer, and when that was heard."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, field

from bingx_async.emulator import Emulator
from bingx_async.emulator.faults import Execute
from bingx_async.emulator.traffic import ConnectionClosed, Reply, Request, Sleep

CLOSED, TOO_MANY = 100410, 429


class LostOnTheWay:
    """The request is lost, and so its sender hears nothing: it cannot know that it did not run."""

    def around(self, _execute: Execute, /) -> Reply:
        raise ConnectionClosed(was_executed=True)


@define(eq=False)
class Visit:
    """One request. Moments are epoch ms by the emulator's clock; None: it never arrived, or no reply was heard."""

    account: str
    route: str
    params: dict[str, str] = field(repr=False)
    sent_at: float
    arrived_at: float | None = None
    code: int | None = None
    text: str = ""
    heard_at: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether it ran."""
        return self.code == 0


def params_of(request: Request) -> dict[str, str]:
    """The parameters, wherever they travelled."""
    if request.body.startswith(b"{"):
        return {name: str(value) for name, value in json.loads(request.body).items()}
    return dict(parse_qsl(request.query or request.body.decode()))


class WatchedEmulator(Emulator):
    """See the module. Only what the account itself asked for is kept: market data is counted alone."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.visits: list[Visit] = []
        self.asked: Counter[str] = Counter()  # by route
        self._under_way: dict[int, tuple[Visit, Reply | None]] = {}
        self._uids = {account.api_key: account.account for account in self.accounts}

    async def _respond(self, request: Request, sleep: Sleep) -> Reply:
        uid, route = self._uids.get(request.headers.get("x-bx-apikey", ""), ""), f"{request.method} {request.path}"
        visit = Visit(uid, route, params_of(request) if uid else {}, self.settings.clock())
        self.asked[route] += 1
        if uid:
            self.visits.append(visit)
        self._under_way[id(request)] = visit, None
        try:
            reply = await super()._respond(request, sleep)
            if reply is self._under_way[id(request)][1]:
                visit.heard_at = self.settings.clock()
            return reply
        finally:
            del self._under_way[id(request)]

    def handle(self, request: Request) -> Reply:
        """The exchange's reply; see `Emulator`."""
        reply, (visit, _) = super().handle(request), self._under_way[id(request)]
        visit.arrived_at = self.settings.clock()
        visit.code, visit.text = self._meaning(reply)
        self._under_way[id(request)] = visit, reply
        return reply

    def _meaning(self, reply: Reply) -> tuple[int, str]:
        if reply.status != 200:
            return reply.status, reply.body.decode()
        told = json.loads(reply.body or "{}")
        return int(told.get("code", 0)), str(told.get("msg", ""))
