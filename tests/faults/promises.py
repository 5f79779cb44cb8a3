"""The promises that hold in every cell, as a pure function of what was played, executed and reported."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from bingx_async.errors import (
    ApiError,
    ConnectFailed,
    LocalError,
    OutcomeUnknown,
    ReadFailed,
    TransportError,
    UnreadableReply,
)
from tests.faults.calls import KEY, KINDS, NEXT, SECRET, TARGET, Kind
from tests.faults.fault import Fault, Result
from tests.faults.record import Record

SLACK = 2.0  # seconds beyond the timeout, for a busy machine; a call without a deadline would never end


@frozen
class Cell:
    """One fault against one kind of call on one transport, on a new connection or one that has served before."""

    fault: Fault
    kind_name: str
    transport: str
    is_warm: bool

    @property
    def kind(self) -> Kind:
        """The kind of call."""
        return KINDS[self.kind_name]

    def __str__(self) -> str:
        warm = "kept connection" if self.is_warm else "new connection"
        return f"{self.fault.name} / {self.kind_name} / {self.transport} / {warm}"


@frozen
class Outcome:
    """A model or an error, and the seconds that it took."""

    model: Any
    error: BaseException | None
    seconds: float

    def result(self) -> Result:
        """What it says to the caller."""
        if self.error is None:
            return Result.MODEL
        for kinds, result in _RESULTS:
            if isinstance(self.error, kinds):
                return result
        return Result.OTHER

    def __str__(self) -> str:
        return f"{self.model!r}" if self.error is None else f"{type(self.error).__name__}: {self.error}"


_RESULTS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Result], ...] = (
    (UnreadableReply, Result.UNREADABLE),
    ((OutcomeUnknown, ReadFailed), Result.UNKNOWN),
    ((LocalError, ConnectFailed), Result.UNSENT),
    (ApiError, Result.REFUSED),
)


@frozen
class Outcomes:
    """The call that met the fault, the honest one after it, and one more where that may have met the close."""

    target: Outcome
    next: Outcome
    last: Outcome


def broken_promises(cell: Cell, outcomes: Outcomes, server: Record) -> list[str]:
    """Every promise that does not hold, in words."""
    target = outcomes.target
    found = [*_of_the_call(cell, target, server), *_of_the_next(cell, outcomes, server)]
    found += [f"shows {name}" for name in _shown(target, server)]
    if target.seconds > cell.fault.timeout + SLACK:
        found.append(f"ended after {target.seconds:.2f} s with a timeout of {cell.fault.timeout:g} s")
    return [f"{cell}: {text} [{target}]" for text in found]


def _of_the_call(cell: Cell, outcome: Outcome, server: Record) -> Iterator[str]:
    fault, kind, result, ran = cell.fault, cell.kind, outcome.result(), server.executed(TARGET)
    if not kind.is_read and server.begun > 1:
        yield f"written {server.begun} times"
    if result is Result.UNSENT:
        if ran or server.begun:
            yield f"said not sent, but the server began {server.begun} and executed {ran}"
        return
    if not _is_allowed(result, fault.allows, kind):
        yield f"said {result.value}, and only {sorted(each.value for each in fault.allows)} would be true"
    if result is Result.MODEL:
        yield from _of_a_model(cell, kind.number_in(outcome.model), server)
    if result is Result.REFUSED and ran:
        yield f"said refused, but it was executed {ran} times"
    if isinstance(outcome.error, TransportError) and isinstance(outcome.error, ReadFailed) != kind.is_read:
        yield f"raised {type(outcome.error).__name__}"


def _is_allowed(result: Result, allowed: frozenset[Result], kind: Kind) -> bool:
    if kind.is_read and result is Result.UNKNOWN:  # ReadFailed speaks of both
        return bool(allowed & {Result.UNKNOWN, Result.UNREADABLE})
    return result in allowed


def _of_a_model(cell: Cell, number: int | None, server: Record) -> Iterator[str]:
    ran = server.executed(TARGET)
    if ran != 1 and not (cell.kind.is_read and ran):
        yield f"returned a model, but it was executed {ran} times"
    if b'"code":0' not in _plain(bytes(server.sent)) and not cell.fault.says_all:
        yield "returned a model, but no reply said code 0"
    if number != TARGET and (number is not None or cell.fault.is_tied):
        yield f"returned the model of {number}"


def _plain(sent: bytes) -> bytes:
    """The text without the frames of chunks of one byte."""
    if b"\r\n1\r\n{\r\n1\r\n" in sent:
        return sent.replace(b"\r\n1\r\n", b"")
    return sent


def _of_the_next(cell: Cell, outcomes: Outcomes, server: Record) -> Iterator[str]:
    is_cut = cell.fault.cuts_next and outcomes.next.result() is Result.UNKNOWN
    if is_cut and server.executed(NEXT):
        yield "the next call was executed, though its connection was closed"
    outcome, number = (outcomes.last, NEXT + 1) if is_cut else (outcomes.next, NEXT)
    found = cell.kind.number_in(outcome.model) if outcome.error is None else None
    if found != number:
        yield f"the next call brought {outcome}"
    elif server.executed(number) != 1 and not cell.kind.is_read:
        yield f"the next call was executed {server.executed(number)} times"


def _shown(outcome: Outcome, server: Record) -> Iterator[str]:
    """The secrets that the error or any of its causes shows."""
    if outcome.error is None:
        return
    shown = "".join(traceback.format_exception(outcome.error)) + repr(outcome.error)
    for link in (outcome.error.__cause__, outcome.error.__context__):
        shown += f"{link!r} {link}"
    yield from (name for name, secret in {"key": KEY, "secret": SECRET}.items() if secret in shown)
    if any(each.signature and each.signature in shown for each in server.arrived) or "signature=" in shown:
        yield "signature"
