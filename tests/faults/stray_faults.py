"""Strays: bytes after a whole reply, which belong to no request and must not answer the next."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.calls import KINDS, STRAY
from tests.faults.fault import (
    ANSWERED,
    CHUNKED,
    UNREADABLE,
    End,
    Fault,
    Reply,
    Result,
    chunked,
    framed,
    honest,
    message,
)

NOT_FOUND = message(b'{"code":100404,"msg":"order not exist"}')
HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"code":0,"data":'
LATER = 0.005
WHILE_ASKED = "a reply after a reply, into the next call"


def strays() -> dict[str, bytes]:
    """The stray bytes; those with a model are of another order, and may be of another kind of call."""
    done = honest(KINDS["cancel_order"].body(STRAY))
    return {
        "a reply": done,
        "a refusal": NOT_FOUND,
        "three replies": done + NOT_FOUND + done,
        "half a reply": HALF,
        "half a head": b"HTTP/1.1 200",
        "blanks": b"\r\n\r\n",
        "a line": b"hello\r\n",
        "an interim reply": b"HTTP/1.1 100 Continue\r\n\r\n",
    }


def stray_faults() -> Iterator[Fault]:
    """In one piece with the reply or later, while nothing is asked."""
    for name, stray in strays().items():
        for after, (first, allows) in FIRSTS.items():
            yield Fault(f"{name} after {after}", allows, after_it(first, stray), is_tied=False)
            yield Fault(f"{name} after {after}, later", allows, later(first, stray), is_awaited=True, is_tied=False)
        yield Fault(f"{name}, unseen", ANSWERED, later(FIRSTS["a reply"][0], stray), is_blocked=True)
        yield Fault(f"{name}, then closed", ANSWERED, then_closed(stray), is_awaited=True)
    yield Fault(WHILE_ASKED, ANSWERED, later(FIRSTS["a reply"][0], strays()["a reply"]))


FIRSTS: dict[str, tuple[Reply, frozenset[Result]]] = {
    "a reply": (lambda body: (honest(body),), ANSWERED),
    "chunks": (lambda body: (framed(chunked(body), CHUNKED),), ANSWERED),
    "204": (lambda body: (b"HTTP/1.1 204 No Content\r\n\r\n",), UNREADABLE),
    "length 0": (lambda body: (message(b""),), UNREADABLE),
}


def after_it(first: Reply, stray: bytes) -> Reply:
    """Reply and stray in one piece."""
    return lambda body: (b"".join(step for step in first(body) if isinstance(step, bytes)) + stray,)


def then_closed(stray: bytes) -> Reply:
    """Reply and stray in one piece, and the end."""
    return lambda body: (honest(body) + stray, End.CLOSE)


def later(first: Reply, stray: bytes) -> Reply:
    """The stray comes while the connection is idle."""
    return lambda body: (*first(body), LATER, stray)
