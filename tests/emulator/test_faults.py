"""Faults: the requests they strike, and the replies they leave."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from bingx_async import InvalidRequest
from bingx_async.emulator import (
    Alter,
    Answer,
    CloseAfter,
    CloseBefore,
    Delay,
    Fault,
    Html,
    Reply,
    Request,
    Truncate,
)
from bingx_async.emulator.faults import Effect, FaultPlan
from bingx_async.emulator.traffic import ConnectionClosed
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER

REPLY = Reply(200, (("content-type", "application/json"),), b'{"code":0,"data":{"a":1,"price":0.10,"n":null}}')


def strikes(fault: Fault, requests: list[Request]) -> list[bool]:
    """Which of the requests the fault strikes."""
    plan = FaultPlan(Random(1))
    plan.inject(fault)
    return [bool(plan.strike(request)) for request in requests]


def run(effect: Effect, reply: Reply = REPLY) -> tuple[Any, int]:
    """The result of an effect, and how often the request ran."""
    runs: list[Reply] = []

    def execute() -> Reply:
        runs.append(reply)
        return reply

    try:
        return effect.around(execute), len(runs)
    except ConnectionClosed as closed:
        return f"closed, executed={closed.was_executed}", len(runs)


@pytest.mark.parametrize(
    ("selector", "struck"),
    [
        ({}, [1, 1, 1, 1, 1, 1]),
        ({"path": CANCEL_ORDER.path}, [1, 0, 1, 0, 1, 0]),
        ({"endpoint": "cancel_order"}, [1, 0, 1, 0, 1, 0]),
        ({"endpoint": CANCEL_ORDER.path}, [1, 0, 1, 0, 1, 0]),
        ({"endpoint": CANCEL_ORDER.route, "every": 2}, [0, 0, 1, 0, 0, 0]),
        ({"endpoint": "cancel_order", "path": CANCEL_OPEN_ORDERS.path}, [0, 0, 0, 0, 0, 0]),
        ({"every": 2}, [0, 1, 0, 1, 0, 1]),
        ({"every": 2, "path": CANCEL_ORDER.path}, [0, 0, 1, 0, 0, 0]),
        ({"times": 2}, [1, 1, 0, 0, 0, 0]),
        ({"times": 2, "every": 2}, [0, 1, 0, 1, 0, 0]),
        ({"when": lambda request: request.body == b"3"}, [0, 0, 0, 1, 0, 0]),
        ({"probability": 0.0}, [0, 0, 0, 0, 0, 0]),
        ({"probability": 0.0, "times": 1}, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_selectors(selector: dict[str, Any], struck: list[int]) -> None:
    """Method name, path, predicate, each n-th, the next n and probability select, alone and together."""
    requests = [
        Request("POST", CANCEL_OPEN_ORDERS.path if n % 2 else CANCEL_ORDER.path, body=b"%d" % n) for n in range(6)
    ]
    assert strikes(Fault(CloseBefore(), **selector), requests) == [bool(each) for each in struck]


def test_probability_can_be_repeated() -> None:
    """The same start of the random numbers strikes the same requests, about as many as the probability says."""
    requests = [Request("POST", CANCEL_ORDER.path)] * 2000
    first, second = (strikes(Fault(CloseBefore(), probability=0.25), requests) for _ in range(2))
    assert first == second
    assert 400 < sum(first) < 600


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"every": 0}, "every must be a whole number, 1 or more, not 0"),
        ({"times": 0}, "times must be a whole number, 1 or more, not 0"),
        ({"times": 1.5}, "times must be a whole number, 1 or more, not 1.5"),
        ({"probability": 2}, "probability must be at least 0 and at most 1, not 2"),
        ({"endpoint": "cancel_ordr"}, "no endpoint 'cancel_ordr'.* There are cancel_all_after, cancel_oco_order,"),
    ],
)
def test_senseless_selectors(selector: dict[str, Any], text: str) -> None:
    """A selector that makes no sense is refused; the message says what to write."""
    with pytest.raises(InvalidRequest, match=text):
        Fault(CloseBefore(), **selector)


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (CloseBefore(), ("closed, executed=False", 0)),
        (CloseAfter(), ("closed, executed=True", 1)),
        (Delay(1, 2), (REPLY, 1)),
        (Answer(b"x", 418, {"Retry-After": "9"}), (Reply(418, (("retry-after", "9"),), b"x"), 0)),
        (
            Answer(b"{}", is_executed=True),
            (Reply(200, (("content-type", "application/json"),), b"{}"), 1),
        ),
    ],
)
def test_effects(effect: Effect, outcome: tuple[Any, int]) -> None:
    """Each effect runs the request, or does not, and gives the reply it promises."""
    assert run(effect) == outcome


@pytest.mark.parametrize("is_executed", [False, True])
def test_html(is_executed: bool) -> None:
    """A gateway's page comes with its status, before or after the request ran."""
    reply, runs = run(Html(503, is_executed))
    assert (reply.status, reply.headers, runs) == (503, (("content-type", "text/html"),), int(is_executed))
    assert reply.body.startswith(b"<html>")


def test_truncate() -> None:
    """The body is cut so that it is no JSON any more."""
    reply, runs = run(Truncate(0.5))
    assert (reply.body, runs) == (REPLY.body[: len(REPLY.body) // 2], 1)
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


@pytest.mark.parametrize(
    ("data", "altered"),
    [
        (b'{"a":1,"b":2,"p":0.10}', b'{"b":null,"p":0.10,"x":true}'),
        (b'{"orders":[{"a":1},{"b":7}]}', b'{"orders":[{"x":true},{"b":null,"x":true}],"x":true}'),
        (b'[{"a":1,"c":1842700000000000001}]', b'[{"c":1842700000000000001,"x":true}]'),
        (b'"text"', b'"text"'),
    ],
)
def test_alter(data: bytes, altered: bytes) -> None:
    """Fields are added, dropped and set to null in every object of the data; every digit of the others stays."""
    effect = Alter(add={"x": True}, drop=["a"], null=["b"])
    reply, _ = run(effect, Reply(200, (), b'{"code":0,"data":%b}' % data))
    assert reply.body == b'{"code":0,"data":%b}' % altered


@pytest.mark.parametrize("body", [b"<html>", b'{"code":100410}', b'{"code":'])
def test_alter_leaves_other_replies_alone(body: bytes) -> None:
    """A reply without data, or one that is not JSON, stays as it is."""
    assert run(Alter(drop=["code"]), Reply(200, (), body)) == (Reply(200, (), body), 1)
