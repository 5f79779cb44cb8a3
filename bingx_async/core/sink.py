"""Where the messages of topics go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bingx_async.core.channel import Push
from bingx_async.errors import BingXError


class Sink(Protocol):
    """Takes the messages of topics as they come, at once and without waiting; it must not raise. Moments are aware
    UTC, by the exchange's clock."""

    def take(self, push: Push) -> None:
        """A message of one of the topics."""
        ...

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """From `since` on messages of these topics may be missing."""
        ...

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """These topics, which were lost, are subscribed again since `at`."""
        ...

    def fail(self, error: BingXError) -> None:
        """Nothing comes any more: the client was closed, or the exchange refuses a topic."""
        ...


class Listening(Protocol):
    """Topics that are being listened to."""

    def restart(self, topic: str) -> None:
        """Give the topic up and subscribe to it again, on the same socket: `lost` and `back` tell when."""
        ...
