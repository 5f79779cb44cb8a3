"""A request, a reply, and the request's visit to the exchange, as plain values; and the log of them.

The log is one line a request at DEBUG, without any key, secret or signature.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from bingx_async.core.endpoint import Endpoint
from bingx_async.emulator.limits import Limit
from bingx_async.emulator.settings import Account

logger = logging.getLogger("bingx_async.emulator")

Pairs = list[tuple[str, str]]
SHOWN = 500  # characters of the parameters that a line shows
SECRET = re.compile(r"""(?i)((?:signature|api_?-?key|secret\w*)["']?\s*[=:]\s*["']?)[^&"',}\s]+""")


@frozen(eq=False)
class Request:
    """A request as it arrived: header names in lower case, `query` raw, `address` the sender's IP."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    address: str = "127.0.0.1"


@frozen
class Reply:
    """A reply as it leaves; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@define(eq=False)
class Visit:
    """A request that arrived at `at`, ms by the emulator's clock, and everything found out about it so far.

    The server's clock is `offset` ahead; `time` is the same moment by it, whole milliseconds. `limit` is the account's
    counter at this endpoint, None before the request was counted and where there is no quota.
    """

    request: Request
    at: float
    offset: float
    time: int = field(init=False)
    endpoint: Endpoint[Any] = field(init=False)
    account: Account = field(init=False)
    pairs: Pairs = field(init=False, factory=Pairs)
    limit: Limit | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.time = math.floor(self.at + self.offset)

    @property
    def key(self) -> tuple[str, str]:
        """Account and route: the key of the account's quotas, closures and counts."""
        return self.account.account, self.endpoint.route


class Log:
    """Writes requests and their replies; knows the secrets it must not show."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._uids = {account.api_key: account.account for account in accounts}
        self._secrets = [text for each in accounts for text in (each.api_key, each.secret_key) if text]

    def write(self, request: Request, reply: Reply) -> None:
        """Log one request with its reply at DEBUG."""
        if not logger.isEnabledFor(logging.DEBUG):
            return
        account = self._uids.get(request.headers.get("x-bx-apikey", ""), "-")
        text = " ".join(part for part in (request.query, request.body.decode(errors="replace")) if part)
        masked = self._mask(f"{request.path} {text}")[:SHOWN]
        answer = reply.body[:40].decode(errors="replace")
        logger.debug("%s %r account=%s -> %d %r", request.method, masked, account, reply.status, answer)

    def _mask(self, text: str) -> str:
        """`text` with every signature, key and secret shown as `***`, known by its name or its value."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return SECRET.sub(r"\1***", text)
