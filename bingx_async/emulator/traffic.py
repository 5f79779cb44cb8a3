"""A request, its visit to the exchange, its reply or refusal as plain values: how they are written and logged.

Rules: quota and business refusals come with HTTP 200, the code is in the body; only an address over its quota gets an
HTTP status of its own. Texts are the exchange's. JSON keeps every digit: decimals are written and read as the text
they are, never through float. The log is one line a request at DEBUG, without any key, secret or signature.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any, cast

from attrs import define, field, frozen

from bingx_async.core.endpoint import Endpoint
from bingx_async.emulator.limits import Limit
from bingx_async.emulator.settings import Account, RateHeaders

logger = logging.getLogger("bingx_async.emulator")

JSON = ("content-type", "application/json; charset=utf-8")
HTML = ("content-type", "text/html")
Pairs = list[tuple[str, str]]
NO_CONTENT = 204
SHOWN = 500  # characters of the parameters that a line shows
SECRET = re.compile(r"""(?i)((?:signature|(?:api|listen)_?-?key|secret\w*)["']?\s*[=:]\s*["']?)[^&"',}\s]+""")

Sleep = Callable[[float], Awaitable[object]]
Respond = Callable[["Request", Sleep], Awaitable["Reply"]]


@frozen(eq=False)
class Request:
    """A request as it arrived: header names in lower case, `query` raw, `address` the sender's IP. `answer`: the
    data of the reply, or its refusal, where it was asked of the exchange itself."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    address: str = "127.0.0.1"
    answer: Any = field(default=None, repr=False)


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


class Refusal(Exception):
    """A request was refused with `code` and `message`; `status` is the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class AddressRefusal(Refusal):
    """HTTP 429: the whole address is over a quota for `retry_after` ms."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(429, "Too Many Requests", 429)
        self.retry_after = retry_after


class BusinessRefusal(Refusal):
    """The endpoint itself refused; only these refusals count in the error budget."""


class ConnectionClosed(Exception):
    """The connection is closed instead of a reply; `was_executed` says whether the request ran before."""

    def __init__(self, was_executed: bool) -> None:
        super().__init__(was_executed)
        self.was_executed = was_executed


def accept(data: Any, visit: Visit, form: RateHeaders | None) -> Reply:
    """Code 0 with `data`, or the data alone where the endpoint has no code; `form` is that of the rate headers."""
    text = "" if data is None else encode(data)
    if visit.endpoint.is_public:
        text = f'{{"code":0,"timestamp":{visit.time},"data":{text}}}'
    elif visit.endpoint.has_code:
        text = f'{{"code":0,"msg":"","debugMsg":"","data":{text}}}'
    return Reply(200, _headers(visit, form), text.encode())


def refuse(refusal: Refusal, visit: Visit, form: RateHeaders | None) -> Reply:
    """The refusal's code and text with the server's time, or the page of a gateway for a whole address."""
    if isinstance(refusal, AddressRefusal):
        seconds = math.ceil(refusal.retry_after / 1000)
        html = f"<html><body><h1>{refusal.status} {refusal.message}</h1></body></html>"
        return Reply(refusal.status, (HTML, ("retry-after", str(seconds))), html.encode())
    if refusal.status == NO_CONTENT:
        return Reply(refusal.status, _headers(visit, form), b"")
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


def encode(value: Any) -> str:
    """`value` as compact JSON; a `Decimal` becomes a number in plain notation."""
    try:
        return _encode_plain(value)
    except TypeError:
        return _encode(value)


_encode_plain = json.JSONEncoder(separators=(",", ":")).encode  # quick, but knows no Decimal


def _encode(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if type(value) is int:
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "{" + ",".join(f"{encode_basestring_ascii(name)}:{_encode(item)}" for name, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_encode, cast("Sequence[Any]", value))) + "]"
    return json.dumps(value)


def decode(text: str | bytes) -> Any:
    """The value of a JSON text; numbers with a point become `Decimal`."""
    return json.loads(text, parse_float=Decimal)


class Log:
    """Writes requests and their replies; knows the secrets it must not show."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._uids = {account.api_key: account.account for account in accounts}
        self._secrets = [text for each in accounts for text in (each.api_key, each.secret_key) if text]

    def write(self, request: Request, reply: Reply) -> None:
        """Log one request with its reply at DEBUG; signatures, keys and secrets are known by their name or value."""
        if not logger.isEnabledFor(logging.DEBUG):
            return
        account = self._uids.get(request.headers.get("x-bx-apikey", ""), "-")
        parts = request.query, request.body.decode(errors="replace")
        masked = self._mask(f"{request.path} {' '.join(filter(None, parts))}")[:SHOWN]
        answer = self._mask(reply.body[:SHOWN].decode(errors="replace"))[:40]
        logger.debug("%s %r account=%s -> %d %r", request.method, masked, account, reply.status, answer)

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return SECRET.sub(r"\1***", text)
