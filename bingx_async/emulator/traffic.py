"""A request and a reply as plain values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


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
