"""The listen key of one socket: made when the socket is opened, extended while it lives, deleted at the end."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

import anyio

from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import ApiError, BingXError, StreamUnavailable
from bingx_async.runtime.logs import inform
from bingx_async.runtime.stream.dialing import Door
from bingx_async.runtime.stream.websocket import HandshakeRefused, NotConnected, WebSocket

SECOND = 1000.0  # ms
LIFETIME = 3600.0  # seconds after it was made or extended
MARGIN = 300.0  # seconds before its end, from which on a key that cannot be extended is replaced
PATIENCE = 10.0  # seconds for a call on a key
FAREWELL = 2.0  # seconds for its deletion
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0  # seconds between attempts to extend it
UNKNOWN_STATUS, UNKNOWN_CODES = 404, (100401, 100403)


class KeyCalls(Protocol):
    """The calls on listen keys of one account."""

    async def create_listen_key(self, *, max_wait: float, timeout: float) -> str:
        """A key."""
        ...

    async def extend_listen_key(self, listen_key: str, *, max_wait: float, timeout: float) -> None:
        """Let it live for an hour from now. Raises `ApiError` if it is not known."""
        ...

    async def delete_listen_key(self, listen_key: str, *, max_wait: float, timeout: float) -> None:
        """End it."""
        ...


class KeyedDoor:
    """The way to the socket of an account. Each time it is opened with a new key, since the exchange may still hold the
    socket before, and two with one key would each have a part of the events only.

    `calls()` are those to make now, `clock()` is ms, `died(reason)` is called when the key is known to be dead. `turn`
    is held while a key is made or deleted: the exchange may give the same one again.
    """

    def __init__(
        self,
        door: Door,
        limits: StreamLimits,
        clock: Callable[[], float],
        calls: Callable[[], KeyCalls],
        turn: anyio.Lock,
        died: Callable[[str], None],
    ) -> None:
        self.url, self._door, self._every = door.url, door, limits.key_extended_every
        self._clock, self._calls, self._turn, self._died = clock, calls, turn, died
        self.key: str | None = None
        self._is_fresh = False  # made, and not yet used for a socket
        self._is_dead = False
        self._good_until, self._due, self._pause = 0.0, inf, FIRST_PAUSE
        self._renewed = anyio.Event()

    def __repr__(self) -> str:
        return f"<KeyedDoor {self.url}>"

    async def open(self, limits: StreamLimits) -> WebSocket:
        """A socket with a key of its own. Raises `StreamUnavailable`."""
        if self.key is None or not self._is_fresh:
            try:
                await self.renew()
            except BingXError as error:
                raise StreamUnavailable(f"no listen key: {error}") from error
        self._is_fresh, self._is_dead = False, False
        try:
            socket = await self._door.with_key(self.key or "").open(limits)
        except (NotConnected, HandshakeRefused) as error:
            self._is_fresh = getattr(error, "is_forbidden", True)  # such a refusal is not about the key
            raise
        if self._is_dead:
            await socket.aclose()
            raise StreamUnavailable("the listen key has ended while its socket was opened")
        return socket

    async def renew(self) -> None:
        """Make a key for the socket that is opened next. The exchange may give the one that it gave before, with as
        much time as it had: that one is extended at once."""
        async with self._turn:
            now = self._now()
            key = await self._calls().create_listen_key(max_wait=PATIENCE, timeout=PATIENCE)
        if key != self.key:
            self._good_until, self._due = now + LIFETIME, now + self._every
        else:
            self._due = now
        self.key, self._is_fresh, self._pause = key, True, FIRST_PAUSE
        self._renewed.set()

    async def keep(self) -> None:
        """Extend the key in time, until cancelled."""
        while True:
            self._renewed = anyio.Event()
            with anyio.move_on_after(self._due - self._now()):
                await self._renewed.wait()
            if self.key is not None and self._due <= self._now():
                await self._extend(self.key)

    def forget(self) -> None:
        """The key is dead: it is not extended any more, and a socket that is being opened with it is of no use."""
        self.key, self._due, self._is_dead = None, inf, True

    async def delete(self) -> None:
        """End the key, if that is possible at once."""
        key, self.key = self.key, None
        if key is None:
            return
        with anyio.move_on_after(FAREWELL, shield=True):
            async with self._turn:
                try:
                    await self._calls().delete_listen_key(key, max_wait=FAREWELL, timeout=FAREWELL)
                except BingXError as error:
                    inform("a listen key was not deleted and ends by itself within an hour: %s", type(error).__name__)

    async def _extend(self, key: str) -> None:
        """Extend it once, and note when to do so next."""
        asked_at = self._now()
        try:
            await self._calls().extend_listen_key(key, max_wait=PATIENCE, timeout=PATIENCE)
        except BingXError as error:
            if self.key == key:
                self._failed(error)
            return
        if self.key == key:
            self._good_until, self._due, self._pause = asked_at + LIFETIME, asked_at + self._every, FIRST_PAUSE

    def _failed(self, error: BingXError) -> None:
        """Try again soon, or give the key up: it is unknown to the exchange, or about to end."""
        now = self._now()
        is_unknown = isinstance(error, ApiError) and (
            error.http_status == UNKNOWN_STATUS or error.code in UNKNOWN_CODES
        )
        if is_unknown or now >= self._good_until - MARGIN:
            self._died("the listen key has ended" if is_unknown else "the listen key could not be extended")
        else:
            self._due = now + self._pause
            self._pause = min(LONGEST_PAUSE, 2.0 * self._pause)

    def _now(self) -> float:
        return self._clock() / SECOND
