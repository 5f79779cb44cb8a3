"""The topics of one socket: which are wanted, which are being asked for, and which of them have gone silent.

Pure: moments are parameters, in ms on the monotonic axis. One message is sent after the other with a pause between
them; what follows from answers and from silence is collected in `changes`.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from itertools import count
from math import inf

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, KeyExpired
from bingx_async.core.heartbeat import SECOND
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
        self._queue: OrderedDict[tuple[str, str], None] = OrderedDict()  # of messages: "sub" or "unsub", and the topic
        self._asked: dict[str, Topic] = {}  # by id
        self._ids = map(str, count(1))
        self._is_open, self._free_at = False, 0.0
        self._looks_at = inf  # no topic is due before
        self._pause, self._patience = SECOND / limits.messages_per_second, limits.ack_timeout * SECOND
        self._silence = limits.topic_silence

    @property
    def names(self) -> tuple[str, ...]:
        """The wanted ones, in the order in which they were asked for."""
        return tuple(self._topics)

    @property
    def wakes_at(self) -> float:
        """When `next_message` or `look` has something to do."""
        return min(self._free_at if self._queue else inf, self._looks_at)

    def want(self, name: str, every: float | None) -> None:
        """Subscribe to a topic that brings a message each `every` seconds; None: as things happen."""
        if name not in self._topics:
            silence = inf if every is None else max(self._silence, CADENCES * every) * SECOND
            self._ask(Topic(name, silence))

    def drop(self, name: str) -> None:
        """Give a topic up."""
        topic = self._topics.pop(name, None)
        if topic is not None:
            self._leave(topic)

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        topic = self._topics.get(name)
        if topic is not None and topic.is_sent:
            self._leave(topic)
            self._ask(Topic(name, topic.silence, topic.was_on))

    def connected(self, now: float) -> None:
        """There is a new socket, on which nothing is subscribed."""
        self.disconnected()
        self._is_open, self._free_at = True, now
        for topic in tuple(self._topics.values()):
            self._ask(Topic(topic.name, topic.silence, topic.was_on))

    def disconnected(self) -> None:
        """The socket is gone."""
        self._is_open, self._looks_at = False, inf
        self._queue.clear()
        self._asked.clear()

    def next_message(self, now: float) -> str | None:
        """The message to send now, if there is one and the pause since the last is over."""
        if not self._queue or now < self._free_at:
            return None
        (kind, name), _ = self._queue.popitem(last=False)
        self._free_at, id = now + self._pause, next(self._ids)
        if kind == "sub":
            topic = self._topics[name]
            self._asked.pop(topic.id, None)
            topic.stage, topic.is_sent, topic.id, topic.acts_at = Stage.ASKED, True, id, now + self._patience
            topic.tries += 1
            self._asked[id] = topic
            self._watch(topic, now)
        return json.dumps({"id": id, "reqType": kind, "dataType": name})

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
        topic = self._topic_of(ack)
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
                self._ask(topic)
        self._looks_at = min((topic.earliest_due(now) for topic in self._topics.values()), default=inf)

    def _watch(self, topic: Topic, now: float) -> None:
        """Its stage has changed: look at it in time."""
        self._looks_at = min(self._looks_at, topic.earliest_due(now))

    def _ask(self, topic: Topic) -> None:
        """Queue its message."""
        self._topics[topic.name] = topic
        topic.stage, topic.acts_at = Stage.QUEUED, inf
        if self._is_open:
            self._queue["sub", topic.name] = None

    def _leave(self, topic: Topic) -> None:
        """Take it back: what was sent is revoked."""
        self._queue.pop(("sub", topic.name), None)
        self._asked.pop(topic.id, None)
        if topic.is_sent and self._is_open:
            self._queue["unsub", topic.name] = None

    def _topic_of(self, ack: Ack) -> Topic | None:
        """The topic that an answer is about. One without id names its topic, or only one is waiting."""
        if ack.id:
            return self._asked.get(ack.id)
        if ack.topic:
            return self._topics.get(ack.topic)
        return next(iter(self._asked.values())) if len(self._asked) == 1 else None

    def _confirm(self, topic: Topic, now: float) -> None:
        if topic.stage is not Stage.ON:
            self._asked.pop(topic.id, None)
            self._queue.pop(("sub", topic.name), None)
            topic.stage, topic.was_on, topic.tries = Stage.ON, True, 0
            topic.on_at = topic.heard_at = now
            early, topic.early = topic.early, []
            self._watch(topic, now)
            self.changes.append(Subscribed(topic.name, early))

    def _refuse(self, topic: Topic, error: StreamUnavailable | TopicRefused) -> None:
        topic.is_sent &= topic.stage is Stage.ASKED and not isinstance(error, TopicRefused | SocketFull)
        self.drop(topic.name)
        self.changes.append(Refused(topic.name, error))

    def _rest(self, topic: Topic, ack: Ack, now: float) -> None:
        """Ask again later. A topic that was there once is never given up for a passing reason."""
        is_busy = ack.code in BUSY
        if topic.tries >= (TRIES_WHILE_BUSY if is_busy else TRIES) and not topic.was_on:
            told = f"the exchange answered the subscription to {topic.name!r} with code {ack.code}: {ack.message}"
            return self._refuse(topic, StreamUnavailable(told))
        topic.stage = Stage.RESTING
        topic.acts_at = now + min(LONGEST_REST, SECOND * 2.0 ** (topic.tries - 1))
        self._watch(topic, now)
        if is_busy:
            self._free_at = max(self._free_at, now + SECOND)
        return None

    def _renew(self, topic: Topic) -> None:
        """Subscribe again to a topic that has gone silent; with each time in vain later, as a quiet market is silent
        too."""
        quiet = 0 if topic.heard_at > topic.on_at else topic.quiet
        self.changes.append(Silent(topic.name, topic.heard_at, "nothing came from this topic while others went on"))
        self._leave(topic)
        self._ask(Topic(topic.name, topic.silence, topic.was_on, quiet + 1))
