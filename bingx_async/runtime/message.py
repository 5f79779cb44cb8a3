"""What travels between caller and transport."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

Headers = list[tuple[bytes, bytes]]


class Unanswered(Exception):
    """The request was written, and no whole reply came. `reply` holds what did come, if its headers did."""

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.reply = reply


@frozen
class Request:
    """One request, ready to send. The repr shows neither headers nor parameters."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Headers = field(factory=list[tuple[bytes, bytes]], repr=False)


@frozen
class Reply:
    """A reply. `received_at` (monotonic ms) is when its headers were there, before its body was read."""

    status: int
    headers: Mapping[str, str]
    text: str
    received_at: float
    tcp_floor: float | None = None  # the smallest round trip of the connection (ms), where a credit rests on it
