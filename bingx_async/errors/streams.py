"""Errors of streams."""

from __future__ import annotations

from bingx_async.errors.root import BingXError


class StreamError(BingXError):
    """A stream could not be opened, or goes on no more."""


class TopicRefused(StreamError):
    """The exchange does not serve a topic: the symbol or the channel does not exist. Asking again will not help."""

    def __init__(self, topic: str, code: int | None, message: str) -> None:
        super().__init__(f"the exchange refused the topic {topic!r} with code {code}: {message}")
        self.topic, self.code, self.message = topic, code, message


class StreamUnavailable(StreamError):
    """No connection for the stream could be made in time, or the exchange did not answer the subscription."""
