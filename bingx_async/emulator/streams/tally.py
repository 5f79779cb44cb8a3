"""The running counts behind `StreamStats`."""

from __future__ import annotations

from collections import Counter

from attrs import Factory, mutable


@mutable
class StreamTally:
    """See `StreamStats`."""

    opened: int = 0
    refused_handshakes: Counter[int] = Factory(Counter[int])
    messages: int = 0  # of sockets that are gone
    refused_topics: Counter[int] = Factory(Counter[int])
    breaches: int = 0
    unanswered: int = 0
