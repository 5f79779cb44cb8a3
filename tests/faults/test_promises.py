"""The judge of the matrix finds each promise that is broken, and nothing where all hold."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async.errors import BingXError, ConnectFailed, OrderNotFound, OutcomeUnknown, ReadFailed
from bingx_async.models import Order
from tests.faults.calls import KEY, NEXT, TARGET
from tests.faults.fault import ANSWERED, REFUSED, SILENT, Fault, Result
from tests.faults.promises import Cell, Outcome, Outcomes, broken_promises
from tests.faults.record import Arrival, Record

RAN, DID_NOT_RUN, NEXT_RAN = Arrival(TARGET, True, "5ec2e7"), Arrival(TARGET, False, "5ec2e7"), Arrival(NEXT, True)
HONEST = Order(order_id=NEXT)
ZERO = bytearray(b'{"code":0,"data":{}}')
UNKNOWN = OutcomeUnknown("lost", "/cancel", {})
NOT_FOUND = OrderNotFound(100404, "no", "/cancel", 200)


def broken(
    allows: frozenset[Result],
    result: Any,
    *arrived: Arrival,
    begun: int = 1,
    seconds: float = 0.1,
    after: Any = HONEST,
    kind: str = "cancel_order",
) -> list[str]:
    """The broken promises of a call with this result, after these arrivals."""
    record = Record(begun=begun, sent=ZERO if allows == ANSWERED else bytearray(), arrived=list(arrived))
    following = outcome(after)
    outcomes = Outcomes(outcome(result, seconds), following, following)
    found = broken_promises(Cell(Fault("made up", allows), kind, "own", True), outcomes, record)
    return [text.partition(": ")[2].rpartition(" [")[0] for text in found]


def outcome(result: Any, seconds: float = 0.1) -> Outcome:
    """The outcome with this model or error."""
    return Outcome(None, result, seconds) if isinstance(result, BaseException) else Outcome(result, None, seconds)


def test_nothing_broken() -> None:
    """The truth breaks no promise."""
    assert broken(ANSWERED, Order(order_id=TARGET), RAN, NEXT_RAN) == []
    assert broken(SILENT, UNKNOWN, RAN, NEXT_RAN) == []
    assert broken(REFUSED, NOT_FOUND, DID_NOT_RUN, NEXT_RAN) == []
    assert broken(SILENT, ConnectFailed("refused"), NEXT_RAN, begun=0) == []
    assert broken(SILENT, ReadFailed("lost", "/depth"), RAN, RAN, NEXT_RAN, begun=3, kind="get_order") == []


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (broken(ANSWERED, Order(order_id=9), RAN, NEXT_RAN), "returned the model of 9"),
        (broken(ANSWERED, Order(), RAN, NEXT_RAN), "returned the model of None"),
        (broken(ANSWERED, Order(order_id=TARGET), DID_NOT_RUN, NEXT_RAN), "but it was executed 0 times"),
        (broken(SILENT | ANSWERED, Order(order_id=TARGET), RAN, NEXT_RAN), "no reply said code 0"),
        (broken(SILENT, ConnectFailed("refused"), RAN, NEXT_RAN), "the server began 1 and executed 1"),
        (broken(SILENT, ConnectFailed("refused"), NEXT_RAN), "the server began 1 and executed 0"),
        (broken(ANSWERED, UNKNOWN, RAN, NEXT_RAN), "said unknown, and only ['a model']"),
        (broken(SILENT, NOT_FOUND, RAN, NEXT_RAN), "said refused, and only ['unknown']"),
        (broken(REFUSED, NOT_FOUND, RAN, NEXT_RAN), "but it was executed 1 times"),
        (broken(SILENT, AssertionError(), RAN, NEXT_RAN), "an error that is none of ours"),
        (broken(SILENT, BingXError(), RAN, NEXT_RAN), "an error that is none of ours"),
        (broken(SILENT, ReadFailed("lost", "/cancel"), RAN, NEXT_RAN), "raised ReadFailed"),
        (broken(SILENT, UNKNOWN, RAN, NEXT_RAN, kind="get_order"), "raised OutcomeUnknown"),
        (broken(SILENT, UNKNOWN, RAN, RAN, NEXT_RAN, begun=2), "written 2 times"),
        (broken(SILENT, UNKNOWN, RAN, NEXT_RAN, seconds=7.1), "ended after 7.10 s with a timeout of 5 s"),
        (broken(SILENT, UNKNOWN, RAN, NEXT_RAN, after=Order(order_id=TARGET)), "the next call brought Order("),
        (broken(SILENT, UNKNOWN, RAN, NEXT_RAN, after=NOT_FOUND), "the next call brought OrderNotFound"),
        (broken(SILENT, UNKNOWN, RAN), "the next call was executed 0 times"),
        (broken(SILENT, OutcomeUnknown(KEY, "/cancel", {}), RAN, NEXT_RAN), "shows key"),
        (broken(SILENT, OutcomeUnknown("5ec2e7", "/cancel", {}), RAN, NEXT_RAN), "shows signature"),
    ],
)
def test_each_promise(found: list[str], text: str) -> None:
    """A broken promise is found, and named."""
    assert any(text in each for each in found), found
