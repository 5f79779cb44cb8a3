"""The parts of which the lines of one family of clients are made."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import define, field, frozen

from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import StreamUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.stream.board import Board
from bingx_async.runtime.stream.dialing import Door
from bingx_async.runtime.stream.line import Line, LineListener, Tap, Way


@define(eq=False)
class Sockets:
    """How many sockets there are, of at most `most`."""

    most: int
    open: int = 0

    def take(self) -> None:
        """One more. Raises `StreamUnavailable`."""
        if self.open >= self.most:
            raise StreamUnavailable(f"all {self.most} sockets are in use (StreamLimits(sockets=...) sets how many)")
        self.open += 1

    def give_back(self) -> None:
        """One less."""
        self.open -= 1


@frozen(eq=False)
class Parts:
    """`limits`, `clock` and `tap` are the same for every line; `door` leads to the market's topics."""

    door: Door
    limits: StreamLimits
    clock: ServerClock
    draw: Callable[[], float] = random.random
    tap: Tap | None = field(default=None, repr=False)
    sockets: Sockets = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "sockets", Sockets(self.limits.sockets))

    def line(self, listener: LineListener, door: Way | None = None) -> Line:
        """A line, not yet running."""
        return Line(door or self.door, self.limits, self.clock.monotonic, listener, self.draw, self.tap)

    def board(self) -> Board:
        """A board without topics."""
        return Board(self.clock.monotonic, self.clock.moment)

    def patience(self, topics: int) -> float:
        """Seconds within which so many topics on a socket are confirmed if all goes well, with two tries for each."""
        limits = self.limits
        return limits.connect_timeout + 2.0 * limits.ack_timeout + topics / limits.messages_per_second
