"""The bounds of a reply on our own connections, from both sides."""

from __future__ import annotations

import gzip

import anyio
import pytest

from bingx_async import Depth
from bingx_async.runtime.http.connection import MOST_HEADERS, MOST_PIECES
from bingx_async.runtime.http.message import MOST_BODY
from tests.faults.calls import KINDS, TARGET
from tests.faults.fault import ANSWERED, CHUNKED, GZIP, Fault, Reply, chunked, framed, message
from tests.faults.matrix import attempt, client_of, staged


def padded(body: bytes, size: int) -> bytes:
    """The body with blanks behind it."""
    return body + b" " * (size - len(body))


def in_bytes(size: int, body: bytes) -> bytes:
    """A reply with blanks before the body, each byte of it a chunk."""
    body = b" " * (size - len(body)) + body
    return framed(chunked(*(body[at : at + 1] for at in range(len(body)))), CHUNKED)


BOUNDS: dict[str, tuple[Reply, Reply, str]] = {
    "headers": (
        lambda body: (message(body, *[b"X: y"] * (MOST_HEADERS - 1)),),
        lambda body: (message(body, *[b"X: y"] * MOST_HEADERS),),
        "the reply has too many headers",
    ),
    "pieces": (
        lambda body: (in_bytes(MOST_PIECES, body),),
        lambda body: (in_bytes(MOST_PIECES + 1, body),),
        "the reply broke off: the reply comes in too many pieces",
    ),
    "body": (
        lambda body: (message(padded(body, MOST_BODY)),),
        lambda body: (message(padded(body, MOST_BODY + 1)),),
        "the reply broke off: the body is too long",
    ),
    "inflated body": (
        lambda body: (message(gzip.compress(padded(body, MOST_BODY)), GZIP),),
        lambda body: (message(gzip.compress(padded(body, MOST_BODY + 1)), GZIP),),
        "the reply broke off: the body is too long",
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str) -> None:
    """A reply of the greatest size is an answer. A little more is none, and the error says why."""
    largest, larger, why = BOUNDS[name]

    async def ask(reply: Reply) -> object:
        with staged() as stage, stage.serving(Fault(name, ANSWERED, reply)) as server:
            server.is_armed = True
            async with client_of("own", server.url) as client:
                outcome = await attempt(lambda: KINDS["get_depth"].ask(client, TARGET))
                return outcome.model or str(outcome.error)

    answer = anyio.run(ask, largest)
    assert isinstance(answer, Depth), answer
    assert why in str(anyio.run(ask, larger))
