"""One fault: where a request is cut off, the bytes and pauses of the reply, and the outcomes that are true after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from attrs import field, frozen


class End(Enum):
    """The end of a connection."""

    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"  # nothing more is sent, until the other side gives up


class Cut(Enum):
    """How much of a request is read before the reply, or before the end."""

    NOTHING = "nothing"
    BYTE = "one byte"
    LINE = "request line"
    HEADERS = "half the headers"
    HEAD = "head"
    BODY = "half the body"
    LAST = "all but the last byte"


class Result(Enum):
    """An outcome of a call, by what it says to the caller."""

    MODEL = "a model"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    UNSENT = "not sent"
    OTHER = "an error that is none of ours"


Step = bytes | float | End
Reply = Callable[[bytes], Iterable[Step]]
ANSWERED = frozenset({Result.MODEL})
REFUSED = frozenset({Result.REFUSED})
SILENT = frozenset({Result.UNKNOWN})
GARBLED = frozenset({Result.UNKNOWN, Result.UNREADABLE})
UNREADABLE = frozenset({Result.UNREADABLE})
BROKEN_OFF = frozenset({Result.MODEL, Result.UNKNOWN})  # a model only if code 0 had been sent
ANY_READING = GARBLED | ANSWERED  # two ways to read the reply
PERHAPS_REFUSED = frozenset({Result.REFUSED, Result.UNKNOWN})  # the refusal may be lost with its connection


@frozen
class Fault:
    """A fault, played on every request while it is armed; `reply` makes the steps from the honest body.

    `allows`: the outcomes that are true after it. `says_all`: the reply holds code 0 and the number, though not in
    plain text. `cuts_next`: the next call may meet a connection that is just being closed.
    """

    name: str
    allows: frozenset[Result]
    reply: Reply = field(default=lambda body: (End.CLOSE,), repr=False)
    cut: Cut | None = None
    is_executed: bool = True
    timeout: float = 5.0
    is_awaited: bool = False  # the next call is made when all of it has been played, else at once
    is_blocked: bool = False  # the event loop stands still meanwhile, so that it has seen nothing of it
    cuts_next: bool = False
    says_all: bool = False
    is_tied: bool = True  # the model must name the number that was asked for


def message(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """A whole reply with `Content-Length`."""
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join((*lines, b"", body))


def framed(body: bytes, *headers: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A reply with the given headers alone."""
    return b"\r\n".join((status, *headers, b"", body))


def chunk(data: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(*pieces: bytes) -> bytes:
    """The chunked body of `pieces`."""
    return b"".join(map(chunk, pieces)) + b"0\r\n\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
JSON = b"Content-Type: application/json"
GZIP = b"Content-Encoding: gzip"


def honest(body: bytes) -> bytes:
    """The honest reply."""
    return message(body, JSON)
