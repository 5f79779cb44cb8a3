"""The topics of one socket: which are wanted, which are being asked for, and which of them have gone silent.

Pure: moments are parameters, in ms on the monotonic axis. What follows from answers and from silence is collected in
`changes`.
"""

from __future__ import annotations

from math import inf

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, KeyExpired
from bingx_async.core.heartbeat import SECOND
from bingx_async.core.outbox import Outbox
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.core.topic import (
    BUSY,
    FULL,
    KEY_DEAD,
    PERMANENT,
    SUBSCRIBED,
    TRIES,
    TRIES_WHILE_BUSY,
    Change,
    Refused,
    Silent,
    SocketFull,
    Stage,
    Subscribed,
    Topic,
)
from bingx_async.errors import StreamUnavailable, TopicRefused

CADENCES = 10.0  # a topic may be silent for so many times its cadence
MOST_EARLY = 1000  # messages that are kept for a topic whose subscription is not confirmed yet
LONGEST_REST = 30.0 * SECOND


class Topics:
    """See the module."""

    def __init__(self, limits: StreamLimits) -> None:
        self.changes: list[Change] = []
        self._topics: dict[str, Topic] = {}
        self._outbox = Outbox(limits)
        self._silence = limits.topic_silence
        self._looks_at = inf  # no topic is due before

    @property
    def names(self) -> tuple[str, ...]:
        """The wanted ones, in the order in which they were asked for."""
        return tuple(self._topics)

    @property
    def wakes_at(self) -> float:
        """`next_message` and `look` have nothing to do before."""
        return min(self._outbox.sends_at, self._looks_at)

    def want(self, name: str, every: float | None) -> None:
        """Subscribe to a topic that brings a message each `every` seconds; None: as things happen."""
        if name not in self._topics:
            silence = inf if every is None else max(self._silence, CADENCES * every) * SECOND
            self._topics[name] = self._outbox.ask(Topic(name, silence))

    def drop(self, name: str) -> None:
        """Give a topic up."""
        topic = self._topics.pop(name, None)
        if topic is not None:
            self._outbox.revoke(topic)

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        topic = self._topics.get(name)
        if topic is not None and topic.is_sent:
            self._outbox.revoke(topic)
            self._topics[name] = self._outbox.ask(topic.again())

    def connected(self, now: float) -> None:
        """There is a new socket, on which nothing is subscribed."""
        self._looks_at = inf
        self._outbox.open(now)
        for topic in tuple(self._topics.values()):
            self._topics[topic.name] = self._outbox.ask(topic.again())

    def disconnected(self) -> None:
        """The socket is gone."""
        self._outbox.close()

    def next_message(self, now: float) -> str | None:
        """The message to send now, if there is one and the pause since the last is over."""
        found = self._outbox.next_message(now)
        if found is None:
            return None
        message, topic = found
        self._looks_at = min(self._looks_at, topic.acts_at)
        return message

    def takes(self, push: Push) -> bool:
        """Whether to deliver it now. What comes before the confirmation is kept until then."""
        topic = self._topics.get(push.topic)
        if topic is None:
            return False
        if topic.stage is Stage.ON:
            topic.heard_at = push.received_at
            return True
        if topic.is_sent:
            topic.early.append(push)
            if len(topic.early) >= MOST_EARLY:
                self._confirm(topic, push.received_at)
        return False

    def answered(self, ack: Ack, now: float) -> None:
        """The exchange answered a message."""
        topic = self._outbox.topic_of(ack)
        if ack.code in KEY_DEAD:
            self.changes.append(KeyExpired())
        elif topic is None:
            return
        elif ack.code in SUBSCRIBED:
            self._confirm(topic, now)
        elif ack.code in PERMANENT:
            self._refuse(topic, TopicRefused(topic.name, ack.code, ack.message))
        elif ack.code == FULL:
            self._refuse(topic, SocketFull(f"the socket has no room for {topic.name!r}: {ack.message}"))
        else:
            self._rest(topic, ack, now)

    def look(self, now: float) -> None:
        """Do what is due: ask again where an answer is late, and where a topic has gone silent."""
        if now < self._looks_at:
            return
        for topic in [topic for topic in self._topics.values() if topic.due <= now]:
            if topic.stage is Stage.ON:
                self._renew(topic)
            elif topic.early:  # data is an answer too
                self._confirm(topic, now)
            elif topic.stage is Stage.ASKED and topic.tries >= TRIES and not topic.was_on:
                self._refuse(
                    topic, StreamUnavailable(f"the exchange did not answer the subscription to {topic.name!r}")
                )
            else:
                self._outbox.ask(topic)
        self._looks_at = min((topic.earliest_due(now) for topic in self._topics.values()), default=inf)

    def _confirm(self, topic: Topic, now: float) -> None:
        self._outbox.forget(topic)
        topic.stage, topic.was_on, topic.tries = Stage.ON, True, 0
        topic.on_at = topic.heard_at = now
        early, topic.early = topic.early, []
        self._looks_at = min(self._looks_at, topic.earliest_due(now))
        self.changes.append(Subscribed(topic.name, early))

    def _refuse(self, topic: Topic, error: StreamUnavailable | TopicRefused) -> None:
        """Give it up, with a message if the exchange may think that it is subscribed."""
        topic.is_sent = not isinstance(error, TopicRefused | SocketFull)
        self.drop(topic.name)
        self.changes.append(Refused(topic.name, error))

    def _rest(self, topic: Topic, ack: Ack, now: float) -> None:
        """Ask again later. A topic that was there once is never given up for a passing reason."""
        is_busy = ack.code in BUSY
        if topic.tries >= (TRIES_WHILE_BUSY if is_busy else TRIES) and not topic.was_on:
            told = f"the exchange answered the subscription to {topic.name!r} with code {ack.code}: {ack.message}"
            return self._refuse(topic, StreamUnavailable(told))
        self._outbox.forget(topic)
        topic.stage, topic.acts_at = Stage.RESTING, now + min(LONGEST_REST, SECOND * 2.0 ** (topic.tries - 1))
        self._looks_at = min(self._looks_at, topic.acts_at)
        if is_busy:
            self._outbox.pause(now + SECOND)
        return None

    def _renew(self, topic: Topic) -> None:
        """Subscribe again to a topic that has gone silent; with each time in vain later, as a quiet market is silent
        too."""
        self.changes.append(Silent(topic.name, topic.heard_at, "nothing came from this topic while others went on"))
        self._outbox.revoke(topic)
        quiet = 0 if topic.heard_at > topic.on_at else topic.quiet
        self._topics[topic.name] = self._outbox.ask(topic.again(quiet + 1))
