"""What travels between caller and transport."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

Headers = list[tuple[bytes, bytes]]


def without_frames(error: BaseException, handled: BaseException | None) -> BaseException:
    """The exception and what is behind it, without the frames of foreign code: their locals hold key and signature.

    `handled` is what the caller was handling before: it is not ours to change.
    """
    seen = {id(handled), id(None)}
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = None
        left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return error


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
    min_rtt: float | None = None  # the smallest round trip of the connection (ms), where a credit rests on it
