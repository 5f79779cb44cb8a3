"""The topics that are listened to, who takes their messages, and who waits for them to be confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import anyio
from attrs import define, field

from bingx_async.core.channel import Channel, Push
from bingx_async.core.sink import Sink
from bingx_async.errors import BingXError, StreamError, StreamUnavailable
from bingx_async.runtime.logs import warn


@define(eq=False)
class Confirmation:
    """Set when all of these topics are confirmed, or one of them is refused."""

    sink: Sink
    pending: set[str]
    error: BingXError | None = None
    done: anyio.Event = field(factory=anyio.Event)

    def confirm(self, name: str) -> None:
        """A topic is confirmed."""
        self.pending.discard(name)
        if not self.pending:
            self.done.set()

    def fail(self, error: BingXError) -> None:
        """A topic will not be confirmed."""
        self.error = self.error or error
        self.done.set()


@define(eq=False)
class Topic:
    """`told`: those that were told that messages may be missing."""

    name: str
    every: float | None
    sinks: tuple[Sink, ...] = ()
    told: tuple[Sink, ...] = ()
    waiting: tuple[Confirmation, ...] = ()
    is_on: bool = False


class Board:
    """See the module. `moment` makes a moment of a point on the monotonic axis, `now` is the point of now."""

    def __init__(self, now: Callable[[], float], moment: Callable[[float], datetime]) -> None:
        self._now, self._moment = now, moment
        self._topics: dict[str, Topic] = {}

    def join(self, topics: Mapping[str, Channel[Any]], sink: Sink) -> list[Topic]:
        """Let `sink` have the messages of the topics; returns those that are new."""
        new = [Topic(name, channel.every) for name, channel in topics.items() if name not in self._topics]
        self._topics.update({topic.name: topic for topic in new})
        for topic in map(self._topics.__getitem__, topics):
            topic.sinks = (*topic.sinks, sink)
        return new

    def leave(self, names: Iterable[str], sink: Sink) -> list[str]:
        """Let `sink` have them no more; returns those that are left without any. Twice is harmless."""
        for topic in self._found(names):
            topic.sinks = tuple(each for each in topic.sinks if each is not sink)
            topic.told = tuple(each for each in topic.told if each is not sink)
        gone = [topic.name for topic in self._found(names) if not topic.sinks]
        for name in gone:
            del self._topics[name]
        return gone

    def __contains__(self, name: str) -> bool:
        return name in self._topics

    def __getitem__(self, name: str) -> Topic:
        return self._topics[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The topics that are listened to."""
        return tuple(self._topics)

    async def confirmed(self, names: Iterable[str], sink: Sink, patience: float, why: Callable[[], str]) -> None:
        """Wait until all of them are confirmed, for `patience` seconds; `why` tells of the last failure to connect.

        Raises `TopicRefused` and `StreamUnavailable`, and the error of `fail`.
        """
        waits = Confirmation(sink, {topic.name for topic in self._found(names) if not topic.is_on})
        if not waits.pending:
            return
        topics = [self._topics[name] for name in waits.pending]
        for topic in topics:
            topic.waiting = (*topic.waiting, waits)
        try:
            with anyio.move_on_after(patience):
                await waits.done.wait()
        finally:
            for topic in topics:
                topic.waiting = tuple(each for each in topic.waiting if each is not waits)
        if waits.error is not None:
            raise waits.error
        if waits.pending:
            told = f"the topics were not confirmed within {patience:g} s"
            raise StreamUnavailable(f"{told}: {why()}" if why() else told)

    def pushed(self, push: Push) -> None:
        """A message."""
        topic = self._topics.get(push.topic)
        if topic is not None:
            for sink in topic.sinks:
                try:
                    sink.take(push)
                except Exception:
                    _report()

    def subscribed(self, name: str) -> None:
        """The exchange has confirmed a topic, perhaps once more."""
        for topic in self._found((name,)):
            topic.is_on = True
            told, topic.told = topic.told, ()
            for sink in told:
                _tell(sink.back, (name,), self._moment(self._now()))
            for waits in topic.waiting:
                waits.confirm(name)

    def refused(self, name: str, error: StreamError) -> None:
        """A topic is given up: its listeners hear no more. The next one to join asks for it anew."""
        topic = self._topics.pop(name, None)
        if topic is not None:
            for waits in topic.waiting:
                waits.fail(error)
            for sink in topic.sinks:
                _tell(sink.fail, error)

    def fail(self, sink: Sink, error: BingXError) -> None:
        """Nothing comes any more for this one."""
        for topic in self._topics.values():
            for waits in topic.waiting:
                if waits.sink is sink:
                    waits.fail(error)
        _tell(sink.fail, error)

    def lost(self, names: Iterable[str], since: float, reason: str) -> None:
        """From `since` on (ms, monotonic) messages of these topics may be missing."""
        heard: dict[int, tuple[Sink, list[str]]] = {}
        for topic in self._found(names):
            new = [sink for sink in topic.sinks if all(sink is not it for it in topic.told)] if topic.is_on else []
            topic.is_on, topic.told = False, (*topic.told, *new)
            for sink in new:
                heard.setdefault(id(sink), (sink, []))[1].append(topic.name)
        for sink, lost in heard.values():
            _tell(sink.lost, lost, self._moment(since), reason)

    def _found(self, names: Iterable[str]) -> list[Topic]:
        return [self._topics[name] for name in names if name in self._topics]


def _tell(told: Callable[..., None], *values: object) -> None:
    """Call a sink. One that raises keeps nothing from the others, and no stream from being closed."""
    try:
        told(*values)
    except Exception:
        _report()


def _report() -> None:
    warn("a sink of a stream raised an error", with_traceback=True)
