"""Requests and replies as caller and transport exchange them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from attrs import define, field

from bingx_async.core.signing import Carrier, Param, Signer, encode, query_of

MOST_BODY = 4 * 1024 * 1024  # bytes of a body, inflated; the longest known one has half a million
GZIP_OR_ZLIB = 47  # for zlib: either format, the largest window


class Unanswered(Exception):
    """The request was written, and no whole reply came. `reply` holds the part that did, if it had headers."""

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.message, self.reply = message, reply


class TooLong(Exception):
    """A body has more bytes than any reply of the exchange."""


class Headers:
    """Headers of a request, in `pairs` and as a `text` that is made once. The repr shows neither."""

    __slots__ = ("pairs", "text")

    def __init__(self, *pairs: tuple[bytes, bytes]) -> None:
        self.pairs = pairs
        self.text = b"".join(b"%s: %s\r\n" % pair for pair in pairs)


class Request(NamedTuple):
    """One request, ready to send. The repr shows neither headers nor parameters."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Headers = Headers()

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, path={self.path!r})"


class Draft(NamedTuple):
    """A request that is stamped and signed when it can leave. The repr shows neither headers nor parameters.

    `headers` are those for each content type, `now` reads the exchange's clock (None: no timestamp is sent).
    """

    method: str
    path: str
    params: Mapping[str, Param]
    headers: Mapping[str, Headers]
    now: Callable[[], float] | None = None
    signer: Signer | None = None
    carrier: Carrier = Carrier.QUERY
    recv_window: int = 0

    def __repr__(self) -> str:
        return f"Draft(method={self.method!r}, path={self.path!r})"

    def request(self) -> Request:
        """The request as it leaves now."""
        params = dict(self.params)
        if self.now is not None:
            params["timestamp"] = int(self.now())
        if self.signer is None:
            return Request(self.method, self.path, query_of(params), headers=self.headers[""])
        params["recvWindow"] = self.recv_window
        payload = encode(params, self.signer, self.carrier)
        return Request(self.method, self.path, payload.query, payload.body, self.headers[payload.content_type])


class Reply(NamedTuple):
    """A reply. `received_at` (monotonic ms) is when its first byte came, or its headers on a foreign transport."""

    status: int
    headers: Mapping[str, str]
    text: str
    received_at: float
    min_rtt: float | None = None  # the smallest round trip of the connection (ms), where a credit rests on it


@define
class PartialReply:
    """A reply while it arrives, its body inflated and bounded."""

    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict[str, str])
    chunks: list[bytes] = field(factory=list[bytes])
    received_at: float = 0.0
    _size: int = 0
    _inflate: Callable[[bytes, int], bytes] | None = None

    def begin(self, status: int, headers: Mapping[str, str], at: float) -> None:
        """Its headers have arrived, their names in lower case."""
        self.status, self.headers, self.received_at = status, headers, at
        if self.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(GZIP_OR_ZLIB).decompress

    def add(self, chunk: bytes) -> None:
        """A piece of its body has arrived. Raises `TooLong`, and `zlib.error` for one that is garbled."""
        if self._inflate is not None:
            chunk = self._inflate(chunk, MOST_BODY + 1 - self._size)
        self._size += len(chunk)
        if self._size > MOST_BODY:
            self.chunks.clear()
            raise TooLong("the body is too long")
        self.chunks.append(chunk)

    def reply(self, status: int, min_rtt: float | None = None) -> Reply:
        """The reply with the part of its body that has arrived."""
        text = b"".join(self.chunks).decode("utf-8", "replace")
        return Reply(status, self.headers, text, self.received_at, min_rtt)

    def broken_off(self) -> Reply | None:
        """The reply as far as it has come; None before its headers."""
        return None if self.status is None else self.reply(self.status)
