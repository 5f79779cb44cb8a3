"""The subscription messages of one socket: they wait in turn, leave with a pause in between, and are answered by id."""

from __future__ import annotations

import json
from collections import OrderedDict
from itertools import count
from math import inf

from bingx_async.core.frames import Ack
from bingx_async.core.heartbeat import SECOND
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.core.topic import Stage, Topic


class Outbox:
    """Takes messages only while it is open. Moments are ms."""

    def __init__(self, limits: StreamLimits) -> None:
        self._queue: OrderedDict[tuple[str, str], Topic] = OrderedDict()  # by "sub" or "unsub", and the topic's name
        self._asked: dict[str, Topic] = {}  # by id
        self._ids = map(str, count(1))
        self._is_open, self._free_at = False, 0.0
        self._pause, self._patience = SECOND / limits.messages_per_second, limits.ack_timeout * SECOND

    @property
    def sends_at(self) -> float:
        """When the next message may leave."""
        return self._free_at if self._queue else inf

    def open(self, now: float) -> None:
        """There is a new socket."""
        self.close()
        self._is_open, self._free_at = True, now

    def close(self) -> None:
        """The socket is gone, and with it what was asked."""
        self._is_open = False
        self._queue.clear()
        self._asked.clear()

    def ask(self, topic: Topic) -> Topic:
        """Queue a subscription."""
        topic.stage, topic.acts_at = Stage.QUEUED, inf
        if self._is_open:
            self._queue["sub", topic.name] = topic
        return topic

    def forget(self, topic: Topic) -> None:
        """Its subscription need not be sent any more, nor answered."""
        self._queue.pop(("sub", topic.name), None)
        self._asked.pop(topic.id, None)

    def revoke(self, topic: Topic) -> None:
        """Take a subscription back: if it was sent, by a message."""
        self.forget(topic)
        if topic.is_sent and self._is_open:
            self._queue["unsub", topic.name] = topic

    def pause(self, until: float) -> None:
        """Nothing leaves before."""
        self._free_at = max(self._free_at, until)

    def next_message(self, now: float) -> tuple[str, Topic] | None:
        """The message to send now, if there is one and the pause since the last is over, with its topic."""
        if not self._queue or now < self._free_at:
            return None
        (kind, name), topic = self._queue.popitem(last=False)
        self._free_at, id = now + self._pause, next(self._ids)
        if kind == "sub":
            self._asked.pop(topic.id, None)
            topic.stage, topic.is_sent, topic.id, topic.acts_at = Stage.ASKED, True, id, now + self._patience
            topic.tries += 1
            self._asked[id] = topic
        return json.dumps({"id": id, "reqType": kind, "dataType": name}), topic

    def topic_of(self, ack: Ack) -> Topic | None:
        """The topic that an answer is about. One without id names its topic, or only one is waiting."""
        if ack.id:
            return self._asked.get(ack.id)
        found = [topic for topic in self._asked.values() if ack.topic in ("", topic.name)]
        return found[0] if len(found) == 1 else None
