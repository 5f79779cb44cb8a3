"""A request, its visit to the exchange and its reply as plain values: how replies are written, and the log.

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
from bingx_async.emulator.jsontext import encode
from bingx_async.emulator.limits import Limit
from bingx_async.emulator.refusals import AddressRefusal, Refusal
from bingx_async.emulator.settings import Account, RateHeaders

logger = logging.getLogger("bingx_async.emulator")

JSON = ("content-type", "application/json; charset=utf-8")
HTML = ("content-type", "text/html")
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


def accept(data: Any, visit: Visit, form: RateHeaders | None) -> Reply:
    """Code 0 with `data`; `form` is that of the rate headers."""
    body = b'{"code":0,"msg":"","debugMsg":"","data":%b}' % encode(data).encode()
    return Reply(200, _headers(visit, form), body)


def refuse(refusal: Refusal, visit: Visit, form: RateHeaders | None) -> Reply:
    """The refusal's code and text with the server's time, or the page of a gateway for a whole address."""
    if isinstance(refusal, AddressRefusal):
        seconds = math.ceil(refusal.retry_after / 1000)
        html = f"<html><body><h1>{refusal.status} {refusal.message}</h1></body></html>"
        return Reply(refusal.status, (HTML, ("retry-after", str(seconds))), html.encode())
    error = {"code": refusal.code, "msg": refusal.message, "timestamp": visit.time}
    return Reply(refusal.status, _headers(visit, form), encode(error).encode())


def _headers(visit: Visit, form: RateHeaders | None) -> tuple[tuple[str, str], ...]:
    if visit.limit is None or form is None:
        return (JSON,)
    expires_in = visit.limit.expires_at(visit.at) - visit.at
    expires_at = visit.time + expires_in
    expire = {"epoch-ms": expires_at, "epoch-s": expires_at / 1000, "remaining-ms": expires_in}[form]
    remain = ("x-ratelimit-requests-remain", str(visit.limit.remaining(visit.at)))
    return JSON, remain, ("x-ratelimit-requests-expire", str(math.ceil(expire)))


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
