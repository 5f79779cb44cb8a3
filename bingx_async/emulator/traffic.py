"""A request and a reply as plain values, and how both are shown in the log without a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

_SECRET = re.compile(r"""(?i)((?:signature|api_?-?key|secret\w*)["']?\s*[=:]\s*["']?)[^&"',}\s]+""")


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
    """What the exchange answers; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def mask(text: str, secrets: Iterable[str]) -> str:
    """`text` with every signature, key and secret shown as `***`, known by its name or its value."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _SECRET.sub(r"\1***", text)
