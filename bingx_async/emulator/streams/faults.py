"""Faults of streams: failures of connections, subscriptions and messages, and those that they strike.

A `StreamFault` is an effect with a selector. Of the handshakes, subscriptions or messages that match, it strikes each
`every`-th, with `probability`, at most `times` times. `topic` is a topic, or a channel of every symbol ("trade",
"incrDepth", "spot.executionReport"); without one every topic is meant. Of an effect on connections `topic` is left out,
and `is_user` says whether only sockets with a listen key, or only those without one, are meant.

    emulator.inject(StreamFault(Cut("reset", after=20)))                       # every socket, after 20 s on average
    emulator.inject(StreamFault(Duplicate(), probability=0.05))
    emulator.inject(StreamFault(SwallowAck(), topic="BTC-USDT@trade", times=1))
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from attrs import field, frozen
from attrs.validators import optional

from bingx_async.core.options import number, one_of, shown, whole
from bingx_async.errors import InvalidRequest

CutKind = Literal["clean", "reset", "silent"]


@frozen
class Moment:
    """Something that a fault may strike: `kind` is "handshake", "subscription" or "message"."""

    kind: str
    topic: str = ""
    is_user: bool = False

    @property
    def channel(self) -> str:
        """The topic without its symbol."""
        return self.topic.rpartition("@")[2]


class StreamEffect:
    """A failure; `strikes` is the kind of moment that it strikes."""

    strikes: ClassVar[str] = "message"


@frozen
class RefuseHandshake(StreamEffect):
    """The connection is refused with this HTTP status."""

    strikes = "handshake"
    status: int = field(default=403, validator=whole(at_least=400))


@frozen
class Cut(StreamEffect):
    """The connection ends: with a close frame ("clean"), by a reset, or it stays open and nothing comes ("silent").

    `after`: seconds after the handshake, on average if `is_random`.
    """

    strikes = "handshake"
    kind: CutKind = field(default="clean", validator=one_of("clean", "reset", "silent"))
    after: float = field(default=20.0, validator=number(above=0, such_as=20))
    is_random: bool = True


@frozen
class EndKey(StreamEffect):
    """The listen key of a connection ends so many seconds after the handshake."""

    strikes = "handshake"
    after: float = field(default=60.0, validator=number(above=0, such_as=60))


@frozen
class SwallowAck(StreamEffect):
    """A subscription is taken, but its answer is lost."""

    strikes = "subscription"


@frozen
class SilentTopic(StreamEffect):
    """A subscription is answered, but nothing comes until the topic is subscribed anew."""

    strikes = "subscription"


@frozen
class Drop(StreamEffect):
    """The message is lost."""


@frozen
class Duplicate(StreamEffect):
    """The message comes twice."""


@frozen
class Reorder(StreamEffect):
    """The message comes after the next one of its connection, a ping at the latest."""


@frozen
class Late(StreamEffect):
    """The message comes so many seconds later; others pass it."""

    seconds: float = field(default=1.0, validator=number(above=0, such_as=1.5))


@frozen
class CutHere(StreamEffect):
    """The connection ends in place of the message."""

    kind: CutKind = field(default="clean", validator=one_of("clean", "reset", "silent"))


@frozen
class Bomb(StreamEffect):
    """Blanks come in place of the message, so many bytes unpacked."""

    size: int = field(default=64 * 2**20, validator=whole(at_least=1))


@frozen
class BrokenGzip(StreamEffect):
    """The message cannot be unpacked."""


def _is_effect(_instance: object, _setting: object, value: Any) -> None:
    if not isinstance(value, StreamEffect):
        raise InvalidRequest(f"effect must be a failure of streams such as Drop() or Cut('reset'), not {shown(value)}")


@frozen
class StreamFault:
    """An effect and what it strikes; see the module's docstring. Raises `InvalidRequest`."""

    effect: StreamEffect = field(validator=_is_effect)
    topic: str | None = None
    every: int = field(default=1, validator=whole(at_least=1))
    times: int | None = field(default=None, validator=optional(whole(at_least=1)))
    probability: float = field(default=1.0, validator=number(at_least=0, at_most=1))
    is_user: bool | None = None

    def matches(self, moment: Moment) -> bool:
        """Whether the moment is one that this fault counts."""
        is_meant = self.is_user is None or self.is_user is moment.is_user
        if not is_meant or moment.kind != self.effect.strikes:
            return False
        return moment.kind == "handshake" or self.topic in (None, moment.topic, moment.channel)
