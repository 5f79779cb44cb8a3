"""One topic of a socket, the exchange's codes about it, and what can become of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import inf
from typing import NamedTuple

from attrs import define, field

from bingx_async.core.channel import Push
from bingx_async.core.frames import KeyExpired
from bingx_async.errors import StreamUnavailable, TopicRefused

SUBSCRIBED = (0, 100205)  # 100205: it was subscribed before
PERMANENT = (80015, 100204, 100400)  # the topic does not exist
FULL = 80403  # no more topics on this socket
KEY_DEAD = (100401, 100403)  # the listen key has expired
BUSY = (100410, 100500, 100503)  # too many messages; the exchange is busy
TRIES = 2  # before a topic that was never there is given up
TRIES_WHILE_BUSY = 5
MOST_QUIET = 7  # doublings of the silence that is allowed to a topic from which nothing came at all


class SocketFull(StreamUnavailable):
    """The socket takes no more topics; another one may."""


class Subscribed(NamedTuple):
    """The exchange confirmed a topic; `early` came before."""

    topic: str
    early: Sequence[Push]


class Refused(NamedTuple):
    """A topic was given up."""

    topic: str
    error: StreamUnavailable | TopicRefused


class Silent(NamedTuple):
    """A topic from which nothing has come since `since` is being subscribed again."""

    topic: str
    since: float
    reason: str


Change = Subscribed | Refused | Silent | KeyExpired


class Stage(Enum):
    """Its message waits to be sent; was sent; is to be sent again later; was confirmed."""

    QUEUED = 1
    ASKED = 2
    RESTING = 3
    ON = 4


@define(eq=False)
class Topic:
    """One wanted topic. `silence` (ms) is allowed to it; `quiet` counts the subscriptions since anything came."""

    name: str
    silence: float
    was_on: bool = False
    quiet: int = 0
    stage: Stage = Stage.QUEUED
    is_sent: bool = False  # on this socket
    id: str = ""
    tries: int = 0
    acts_at: float = inf  # when the answer is late, or the rest over
    on_at: float = 0.0
    heard_at: float = 0.0
    early: list[Push] = field(factory=list[Push])

    @property
    def due(self) -> float:
        """When something has to be done about it if nothing comes before."""
        if self.stage is not Stage.ON:
            return self.acts_at
        return self.heard_at + self.silence * (1 if self.heard_at > self.on_at else 2 ** min(self.quiet, MOST_QUIET))

    def earliest_due(self, now: float) -> float:
        """As `due`, or earlier where the next message will make it so."""
        return self.due if self.stage is not Stage.ON else min(self.due, max(now, self.heard_at) + self.silence)

    def again(self, quiet: int = 0) -> Topic:
        """The same wish, of which nothing was sent yet."""
        return Topic(self.name, self.silence, self.was_on, quiet)
