"""Feeds: the messages of one topic of the market, made once for all sockets that have subscribed to it.

Rules: a feed lives while it has subscribers. It has a message at each multiple of its cadence, or none if nothing has
changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from attrs import define, field

from bingx_async.emulator.streams.topics import Topic
from bingx_async.emulator.trading.agenda import Agenda, Entry

if TYPE_CHECKING:
    from bingx_async.emulator.streams.session import Session

Make = Callable[[int], Iterable[str]]  # the messages of a moment


@define(eq=False, repr=False)
class Feed:
    """A topic and the sockets that have subscribed to it."""

    topic: Topic
    subscribers: dict[int, Session] = field(init=False, factory=dict[int, "Session"])
    entry: Entry | None = None

    @property
    def next_due(self) -> float:
        """When its next message may come by itself."""
        return math.inf if self.entry is None else self.entry.due


class Feeds:
    """The feeds that are subscribed to, by topic. `start` is asked for a new topic's cadence in ms and how to make its
    messages; a cadence of 0 makes none."""

    def __init__(
        self,
        agenda: Agenda,
        start: Callable[[Topic], tuple[int, Make]],
        publish: Callable[[Feed, str], object],
    ) -> None:
        self._agenda, self._start, self._publish = agenda, start, publish
        self._feeds: dict[str, Feed] = {}

    def subscribe(self, session: Session, topic: Topic) -> Feed:
        """Let a topic's messages go to the socket too."""
        feed = self._feeds.get(topic.name) or self._open(topic)
        feed.subscribers[session.number] = session
        session.feeds[topic.name] = feed
        return feed

    def unsubscribe(self, session: Session, name: str) -> None:
        """Send it no more of a topic."""
        feed = session.feeds.pop(name, None)
        if feed is None:
            return
        feed.subscribers.pop(session.number, None)
        if not feed.subscribers:
            self._feeds.pop(name, None)
            if feed.entry is not None:
                feed.entry.cancel()

    def leave(self, session: Session) -> None:
        """Send it nothing more."""
        for name in list(session.feeds):
            self.unsubscribe(session, name)

    def counts(self) -> dict[str, int]:
        """How many sockets have each topic."""
        return {name: len(feed.subscribers) for name, feed in self._feeds.items()}

    def subscribers(self, name: str) -> list[Session]:
        """The sockets that have a topic."""
        feed = self._feeds.get(name)
        return [] if feed is None else list(feed.subscribers.values())

    def _open(self, topic: Topic) -> Feed:
        feed = self._feeds[topic.name] = Feed(topic)
        cadence, make = self._start(topic)
        if cadence:
            feed.entry = self._agenda.every(cadence, lambda: self._tell(feed, make))
        return feed

    def _tell(self, feed: Feed, make: Make) -> None:
        for text in make(int(self._agenda.time)):
            self._publish(feed, text)
