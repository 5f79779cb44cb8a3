"""The way of a call through the rooms of the library, recorded while `cancel_order` goes down to a socket and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import bingx_async
from bingx_async import BingXClient
from tests.runtime.server import serving

HOME = Path(bingx_async.__file__).parent
REPLY = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 66\r\n\r\n{"code":0,"data":{"orderId":7,"serverTime":1790000000000,"x":"y"}}'
)

DOWN = (
    "spot",  # arguments are checked and become a Call
    "calls",  # alone, or together with others that queue
    "runtime.call",  # the loop: wait, sign, send, read, settle
    "runtime.governor",  # a permit: every bucket or none
    "runtime.http",  # the request is written
)
BACK = (
    "runtime.http",  # the connection hears the reply
    "runtime.governor",  # the permit is settled by it; its model is a look-up in `core`
)

# Looked up from everywhere, and calling nothing but each other: arithmetic, values, errors, clocks.
LEAVES = {"core", "models", "errors", "runtime.clock", "runtime.loops", "runtime.logs"}


def room_of(frame: FrameType | None) -> str | None:
    """The room of a frame: the first part of its module's name below the package, the first two in `runtime`."""
    path = Path(frame.f_code.co_filename) if frame is not None else Path()
    if not path.is_relative_to(HOME):
        return None
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[: 2 if parts[0] == "runtime" else 1])


def room_above(frame: FrameType) -> str | None:
    """The room from which a frame was called, through whatever foreign code lies between."""
    above = frame.f_back
    while above is not None and room_of(above) in {None, *LEAVES}:
        above = above.f_back
    return room_of(above)


@contextmanager
def recording() -> Iterator[tuple[list[str], list[str]]]:
    """The rooms entered before the first byte is written to a socket, and those entered after it."""
    before: list[str] = []
    after: list[str] = []
    entered = before
    begun: set[FrameType] = set()  # a coroutine that goes on is shown like a new call

    def watch(frame: FrameType, event: str, about: Any) -> None:
        nonlocal entered
        if event == "c_call" and about.__name__ == "send" and type(about.__self__).__name__ == "socket":
            entered = after
        room = room_of(frame) if event == "call" and frame not in begun else None
        if room is not None and room not in LEAVES and room != room_above(frame):
            entered.append(room)
        begun.add(frame)

    sys.setprofile(watch)
    try:
        yield before, after
    finally:
        sys.setprofile(None)


def each_once(rooms: list[str]) -> tuple[str, ...]:
    """The rooms in order; several calls into one room in a row are one visit."""
    return tuple(room for room, _ in groupby(rooms))


async def test_each_room_is_entered_once() -> None:
    """A cancel with the clock set and a connection open visits each room once on its way to the socket."""
    async with (
        serving((REPLY, "keep")) as server,
        BingXClient("key", "secret", base_url=server.url, carrier="json") as client,
    ):
        await client.spot.cancel_order("BTC-USDT", order_id=7)
        with recording() as (down, back):
            await client.spot.cancel_order("BTC-USDT", order_id=7)
    assert b'"orderId":7' in server.requests[-1]
    assert server.connections == 8  # five kept warm, and those of the three looks at the clock
    assert each_once(down) == DOWN
    assert each_once(back) == BACK
