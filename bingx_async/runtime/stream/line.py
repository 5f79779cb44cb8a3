"""A socket that comes back by itself, with the topics that are wanted on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

import anyio

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, BrokenFrame, KeyExpired, Message, Ping, read, unpack
from bingx_async.core.heartbeat import Backoff, Heartbeat
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.core.topic import Refused, Silent, Subscribed
from bingx_async.core.topics import Topics
from bingx_async.errors import StreamError, StreamUnavailable
from bingx_async.runtime.logs import inform, warn
from bingx_async.runtime.loops import one_error
from bingx_async.runtime.stream.dialing import check_installed
from bingx_async.runtime.stream.websocket import Disconnected, WebSocket

SHORTEST = 1e-6  # seconds of a wait: what rounding leaves of one might never pass
Tap = Callable[[str, Message | StreamUnavailable | None, float], None]


class Way(Protocol):
    """Opens the sockets of a line, one after the other."""

    @property
    def url(self) -> str:
        """Where they lead, without secrets."""
        ...

    async def open(self, limits: StreamLimits) -> WebSocket:
        """A socket. Raises `StreamUnavailable`."""
        ...


class LineListener(Protocol):
    """Is told what happens on a line, at once and without waiting; it must not raise. Moments are ms, monotonic."""

    def up(self) -> None:
        """There is a socket. The topics are being subscribed; `subscribed` tells of each."""
        ...

    def pushed(self, push: Push, /) -> None:
        """A message of a topic that is subscribed."""
        ...

    def subscribed(self, topic: str, /) -> None:
        """The exchange confirmed a topic, at first or again."""
        ...

    def refused(self, topic: str, error: StreamError) -> None:
        """A topic was given up: `TopicRefused` for good, `SocketFull` on this socket, else `StreamUnavailable`. It is
        not wanted any more."""
        ...

    def silent(self, topic: str, since: float, reason: str) -> None:
        """A topic from which nothing came since `since` is being subscribed again; `subscribed` follows."""
        ...

    def lost(self, since: float, reason: str) -> None:
        """The socket is gone; `since` something was heard last. `up` follows, or `failed`."""
        ...

    def failed(self, error: StreamUnavailable) -> None:
        """An attempt to connect failed; `HandshakeRefused` has the HTTP status. More attempts follow."""
        ...

    def expired(self) -> None:
        """The listen key has died. The line goes on until it is cut; a key belongs to the way of the line."""
        ...


class Line:
    """One socket. `want`, `drop`, `restart` may be called at any time in the loop of `run`. `clock()` is monotonic ms.
    `tap` gets each message's text, value and moment, before the listener; at a socket's end "" and the error."""

    def __init__(
        self,
        door: Way,
        limits: StreamLimits,
        clock: Callable[[], float],
        listener: LineListener,
        draw: Callable[[], float] = random.random,
        tap: Tap | None = None,
    ) -> None:
        check_installed()
        self._door, self._limits, self._clock, self._draw = door, limits, clock, draw
        self._listener, self._tap = listener, tap
        self._topics, self._heartbeat = Topics(limits), Heartbeat(limits, 0.0)
        self._socket: WebSocket | None = None
        self._scope, self._cut, self._wake = anyio.CancelScope(), "", anyio.Event()  # `_cut`: why the socket is to end
        self._is_hurried = False  # the next attempt to connect does not wait

    @property
    def topics(self) -> tuple[str, ...]:
        """The wanted ones."""
        return self._topics.names

    @property
    def is_up(self) -> bool:
        """Whether there is a socket."""
        return self._socket is not None

    def want(self, topic: str, every: float | None = None) -> None:
        """Subscribe to a topic; `every` is the number of seconds between two messages, None: as things happen."""
        self._topics.want(topic, every)
        self._wake.set()

    def drop(self, topic: str) -> None:
        """Give a topic up; nothing of it is delivered from now on."""
        self._topics.drop(topic)
        self._wake.set()

    def restart(self, topic: str) -> None:
        """Give a topic up and subscribe to it again; `subscribed` tells when it is there."""
        self._topics.restart(topic)
        self._wake.set()

    def cut(self, reason: str, at_once: bool = False) -> None:
        """Close the socket there is and open another, `at_once` without the usual wait."""
        if self._socket is not None:
            self._cut, self._is_hurried = reason, at_once
            self._scope.cancel()

    async def run(self) -> None:
        """Keep the socket open until this task is cancelled."""
        backoff = Backoff(self._limits)
        while True:
            lived, error = await self._one_socket()
            wait = backoff.wait(lived, getattr(error, "is_forbidden", False), self._draw())
            wait, self._is_hurried = (0.0 if self._is_hurried else wait), False
            inform("the stream to %s: %s; another attempt in %.1f s", self._door.url, error, wait)
            await anyio.sleep(wait)

    async def _one_socket(self) -> tuple[float, StreamUnavailable]:
        """One socket from its beginning to its end: how long it lived (ms), and why it ended."""
        try:
            socket = await self._door.open(self._limits)
        except StreamUnavailable as failure:
            _tell(self._listener.failed, failure)
            return 0.0, failure
        began = self._clock()
        self._socket, self._scope, self._heartbeat = socket, anyio.CancelScope(), Heartbeat(self._limits, began)
        self._topics.connected(began)
        try:
            _tell(self._listener.up)
            ended = await self._serve(socket)
        finally:
            self._socket, self._cut = None, ""
            self._topics.disconnected()
            await socket.aclose()
        if self._tap is not None:
            _tell(self._tap, "", ended, self._clock())
        _tell(self._listener.lost, self._heartbeat.heard_at, str(ended))
        return self._clock() - began, ended

    async def _serve(self, socket: WebSocket) -> StreamUnavailable:
        """Read and write until the socket ends; returns why."""
        try:
            with one_error(), self._scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._write, socket)
                    await self._read(socket)
        except Disconnected as error:
            return error
        except BrokenFrame as error:
            return Disconnected(str(error))
        return Disconnected(self._cut)

    async def _read(self, socket: WebSocket) -> None:
        largest, heartbeat = self._limits.largest_message, self._heartbeat
        while True:
            frames = await socket.receive()
            now = heartbeat.heard_at = self._clock()
            for frame in frames:
                self._take(unpack(frame, largest), socket, now)
            if socket.has_unsent:
                self._wake.set()

    def _take(self, text: str, socket: WebSocket, now: float) -> None:
        """One message."""
        message = read(text, now)
        if self._tap is not None:
            _tell(self._tap, text, message, now)
        if type(message) is Push:
            if self._topics.takes(message):
                _tell(self._listener.pushed, message)
        elif type(message) is Ping:
            self._heartbeat.pinged(now)
            socket.send(message.pong)
        elif type(message) is Ack:
            self._topics.answered(message, now)
        elif type(message) is KeyExpired:
            _tell(self._listener.expired)
        if self._topics.changes:
            self._tell_changes()

    async def _write(self, socket: WebSocket) -> None:
        """Write what is to be written when it is due, answers to pings first, and end the socket when it is dead."""
        while True:
            self._wake = anyio.Event()
            now = self._clock()
            self._topics.look(now)
            self._tell_changes()
            if not socket.has_unsent and (message := self._topics.next_message(now)) is not None:
                socket.send(message)
            if now >= self._heartbeat.dies_at:
                raise Disconnected(f"nothing came for {self._heartbeat.patience / 1000.0:g} s")
            if socket.has_unsent:
                await self._flush(socket)
            else:
                wait = (min(self._topics.wakes_at, self._heartbeat.dies_at) - now) / 1000.0
                with anyio.move_on_after(max(wait, SHORTEST)):
                    await self._wake.wait()

    async def _flush(self, socket: WebSocket) -> None:
        """Write; a peer that reads nothing for as long as a dead one is silent is as good as dead."""
        patience = self._heartbeat.patience / 1000.0
        with anyio.move_on_after(patience):
            return await socket.flush()
        raise Disconnected(f"the exchange read nothing for {patience:g} s")

    def _tell_changes(self) -> None:
        """Tell the listener what became of topics."""
        changes, self._topics.changes = self._topics.changes, []
        for change in changes:
            if isinstance(change, Subscribed):
                _tell(self._listener.subscribed, change.topic)
                for push in change.early:
                    if self._topics.takes(push):
                        _tell(self._listener.pushed, push)
            elif isinstance(change, Refused):
                _tell(self._listener.refused, change.topic, change.error)
            elif isinstance(change, Silent):
                _tell(self._listener.silent, *change)
            else:
                _tell(self._listener.expired)


def _tell(told: Callable[..., None], *values: object) -> None:
    """Call a listener; an error of it is logged and does not end the stream."""
    try:
        told(*values)
    except Exception:
        warn("a listener of a stream raised an error", with_traceback=True)
