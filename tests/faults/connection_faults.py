"""Faults of the connection: cut off while the request or the reply travels, closed while idle, too slow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.faults.calls import KINDS, TARGET
from tests.faults.fault import (
    ANSWERED,
    BROKEN_OFF,
    PERHAPS_REFUSED,
    SILENT,
    Cut,
    End,
    Fault,
    Reply,
    Step,
    honest,
    message,
)

BUSY = b'{"code":100500,"msg":"busy"}'
QUICK = 0.4  # seconds; the timeout of calls that get no answer
LONGEST = max(len(honest(kind.body(TARGET))) for kind in KINDS.values())


def request_faults() -> Iterator[Fault]:
    """The connection ends before the request has arrived whole."""
    for cut in Cut:
        for end in (End.CLOSE, End.RESET):
            yield Fault(f"request cut at {cut.value}, {end.value}", SILENT, ends(end), cut, is_executed=False)
    for cut in (Cut.LINE, Cut.HEAD, Cut.BODY):
        for what, allows, reply in EARLY:
            steps = says(reply, End.CLOSE)
            yield Fault(f"early {what} at {cut.value}", allows, steps, cut, is_executed=False, is_awaited=True)
    yield Fault("request unread, then silence", SILENT, ends(End.HANG), Cut.NOTHING, False, QUICK)


EARLY = (
    ("refusal", PERHAPS_REFUSED, message(BUSY)),
    ("413", PERHAPS_REFUSED, message(b"<html>", status=b"413 Content Too Large")),
    ("502", SILENT, message(b"<html>", status=b"502 Bad Gateway")),
)


def reply_faults() -> Iterator[Fault]:
    """The connection ends within the reply, or the reply stops."""
    for end in (End.CLOSE, End.RESET):
        for at in (0, 1, 8, 12, 17, 40, 60, 80, 84, 90, 96, 100, 110, 130, 150, 170):
            yield Fault(f"reply cut at {at}, {end.value}", BROKEN_OFF, part(at, end), is_tied=False)
    for at in (0, 5, 30, 90, 100, 150):
        yield Fault(f"reply stops at {at}", BROKEN_OFF, part(at, End.HANG), timeout=QUICK, is_tied=False)


def every_byte_faults() -> Iterator[Fault]:
    """The connection ends after each byte of the reply."""
    for end in (End.CLOSE, End.RESET):
        for at in range(LONGEST):
            yield Fault(f"reply cut at byte {at}, {end.value}", BROKEN_OFF, part(at, end), is_tied=False)


def ends(end: End) -> Reply:
    """The connection ends without a reply."""
    return lambda body: (end,)


def says(*steps: Step) -> Reply:
    """The same steps for every call."""
    return lambda body: steps


def part(at: int, end: End) -> Reply:
    """The first bytes of the honest reply, but never all of them."""
    return lambda body: (honest(body)[: min(at, len(honest(body)) - 1)], end)


def idle_faults() -> Iterator[Fault]:
    """The connection ends after the reply, at some moment before or while the next request is written."""
    for end in (End.CLOSE, End.RESET):
        for wait in (0.0, 0.001, 0.005):
            steps = ended(wait, end)
            yield Fault(f"idle {end.value} after {wait * 1000:g} ms", ANSWERED, steps, is_awaited=True)
            yield Fault(f"unseen {end.value} after {wait * 1000:g} ms", ANSWERED, steps, is_blocked=True)
            yield Fault(f"{end.value} {wait * 1000:g} ms into the next call", ANSWERED, steps, cuts_next=True)


def ended(wait: float, end: End) -> Reply:
    """The honest reply, then the end."""
    return lambda body: (honest(body), *((wait,) if wait else ()), end)


def slow_faults() -> Iterator[Fault]:
    """The reply comes in pieces, within the deadline or not."""
    yield Fault("head byte by byte", ANSWERED, lambda body: drip(body, 0.001))
    yield Fault("reply in two pieces", ANSWERED, lambda body: (honest(body)[:50], 0.05, honest(body)[50:]))
    yield Fault("body after a pause", ANSWERED, lambda body: (honest(body)[: -len(body)], 0.05, body))
    yield Fault("reply after a pause", ANSWERED, lambda body: (0.2, honest(body)))
    yield Fault("head too slow", SILENT, lambda body: drip(body, 0.02), timeout=QUICK)
    yield Fault("reply too late", SILENT, lambda body: (0.6, honest(body)), timeout=QUICK)
    yield Fault("last byte too late", BROKEN_OFF, last_byte_late, timeout=QUICK, is_tied=False)
    yield Fault("silence", SILENT, ends(End.HANG), timeout=QUICK)


def drip(body: bytes, pause: float) -> Iterable[Step]:
    """The head byte by byte, then the body."""
    whole = honest(body)
    for at in range(len(whole) - len(body)):
        yield whole[at : at + 1]
        yield pause
    yield body


def last_byte_late(body: bytes) -> tuple[Step, ...]:
    """Everything but one byte comes in time."""
    return honest(body)[:-1], 0.6, honest(body)[-1:]
