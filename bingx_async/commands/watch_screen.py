"""`bingx-async watch` in a terminal: a board that is drawn anew a few times a second, and the latest interruptions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from attrs import define, field
from rich.console import Console, ConsoleRenderable, Group
from rich.live import Live
from rich.text import Text

from bingx_async import Gap, Lagged, Reconnected, Resynced
from bingx_async.commands.watch_feeds import Item
from bingx_async.commands.watch_lines import sign_words

GOOD, FAIR, BAD, DIM = "green3", "gold1", "red1", "grey50"
SIGNS = 4  # interruptions that are shown
LATE, SILENT = 5.0, 15.0  # seconds without a message


class Board(Protocol):
    """What is known now, and how it looks."""

    def take(self, item: Item, now: datetime) -> None:
        """Something has come."""
        ...

    def frame(self, height: int, now: datetime) -> ConsoleRenderable:
        """It in so many lines."""
        ...


@define(eq=False)
class Screen:
    """Shows a board; a context. `now` is the exchange's clock, `title` the head line. `is_steady`: silence means
    that something is wrong."""

    board: Board
    now: Callable[[], datetime]
    title: str
    console: Console
    is_steady: bool = True
    _began: datetime = field(init=False)
    _heard: datetime | None = field(init=False, default=None)
    _signs: deque[Text] = field(init=False, factory=lambda: deque[Text](maxlen=SIGNS))
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began = self.now()
        self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def take(self, item: Item) -> None:
        """Something has come; it is seen in the next frame."""
        now = self.now()
        self._heard = now
        if isinstance(item, Lagged | Reconnected | Gap | Resynced):
            style = GOOD if isinstance(item, Resynced) else FAIR
            self._signs.append(Text(f" {now:%H:%M:%S}  {sign_words(item)}", style, no_wrap=True))
        self.board.take(item, now)

    def refresh(self) -> None:
        """Draw what is known now."""
        self._live.update(self.frame(), refresh=True)

    def frame(self) -> ConsoleRenderable:
        """The whole picture."""
        height, now = self.console.height, self.now()
        head = Text.assemble((f" {self.title}", "bold cyan"), "  ", self._state(now), no_wrap=True)
        return Group(head, self.board.frame(height - 2 - len(self._signs), now), *self._signs)

    def _state(self, now: datetime) -> Text:
        if self._heard is None:
            return Text(f"waiting for the first message: {seconds_since(self._began, now):.0f} s", FAIR)
        return age(self._heard, now, "last message", is_steady=self.is_steady)


def age(since: datetime, now: datetime, name: str, *, is_steady: bool) -> Text:
    """How old something is; of what comes steadily in a colour that tells whether that is much."""
    seconds = seconds_since(since, now)
    style = DIM if seconds < LATE or not is_steady else FAIR if seconds < SILENT else BAD
    return Text(f"{name} {seconds:.1f} s ago", style)


def seconds_since(since: datetime, now: datetime) -> float:
    """Never negative: the two clocks are not quite one."""
    return max(0.0, (now - since).total_seconds())
