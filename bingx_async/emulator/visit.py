"""One request on its way through the exchange, with everything that was found out about it so far."""

from __future__ import annotations

import math

from attrs import define, field

from bingx_async.emulator.accounts import Account
from bingx_async.emulator.endpoints import Route
from bingx_async.emulator.limits import Limit
from bingx_async.emulator.parameters import Pairs
from bingx_async.emulator.traffic import Request


@define(eq=False)
class Visit:
    """A request that arrived at `at`, milliseconds by the emulator's clock; the server's clock is `offset` ahead.

    `time` is the same moment by the server's clock, whole milliseconds. `limit` is the account's counter at this
    endpoint, None before the request was counted and where there is no quota.
    """

    request: Request
    at: float
    offset: float
    time: int = field(init=False)
    route: Route = field(init=False)
    account: Account = field(init=False)
    pairs: Pairs = field(init=False, factory=Pairs)
    limit: Limit | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.time = math.floor(self.at + self.offset)

    @property
    def key(self) -> tuple[str, str]:
        """Account and route: the key of the account's quotas, closures and counts."""
        return self.account.account, self.route.endpoint.route
