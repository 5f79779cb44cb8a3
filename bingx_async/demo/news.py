"""Events of the governor about the closed period, as lines for people."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import define, field, frozen

from bingx_async.core import events
from bingx_async.demo.scenario import short

Kind = Literal["closed", "probe", "open", "other"]
MARKS: dict[Kind, str] = {"closed": "✖", "probe": "▸", "open": "✔", "other": "!"}


@frozen
class Item:
    """One line: seconds into the run, its subject, the text."""

    seconds: float
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.seconds:5.1f} s  {MARKS[self.kind]} {self.text}"


@define
class News:
    """The lines so far; an observer of events."""

    items: list[Item] = field(factory=list[Item])

    def take(self, event: events.Event, seconds: float) -> None:
        """Note the events that a reader should see."""
        if isinstance(event, events.Penalised):
            span = (event.until - event.at).total_seconds()
            self._add(
                seconds,
                "closed",
                f"{_name(event)}: the exchange has closed it (code 100410) until {_clock(event.until)}, "
                f"{span:.1f} s from now",
            )
        elif isinstance(event, events.Probing):
            self._add(seconds, "probe", f"{_name(event)}: the moment has come; one call goes first")
        elif isinstance(event, events.Reopened):
            self._add(seconds, "open", f"{_name(event)}: it was let through; open again, the others follow")
        elif isinstance(event, events.ForeignUse):
            self._add(seconds, "other", f"{_name(event)}: {event.calls} calls are counted that are not ours")

    def _add(self, seconds: float, kind: Kind, text: str) -> None:
        self.items.append(Item(seconds, kind, text))


def _name(event: events.BucketEvent) -> str:
    """Owner and endpoint or group, such as `1002 cancel_order`."""
    return f"{event.owner} {short(event.name)}".rstrip()


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
