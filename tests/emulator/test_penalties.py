"""The error budget: more than 20 business errors of one code within 480 s close an endpoint."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import evolve

from bingx_async.emulator.exchange import Exchange
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER
from bingx_async.spot.oco import PLACE_OCO_ORDER
from tests.emulator.calls import NOW, SYMBOL, UID, account, call, code, exchange, read

OCO: dict[str, Any] = {
    "symbol": SYMBOL,
    "side": "BUY",
    "quantity": 1,
    "limitPrice": 1,
    "orderPrice": 3,
    "triggerPrice": 2,
}


def fail(each: Exchange, at: float) -> int:
    """The code of a cancel that names an order that does not exist."""
    return code(each.handle(call(CANCEL_ORDER.path, at, symbol=SYMBOL, orderId=7), at))


def test_the_exchange_s_own_text() -> None:
    """The 21st error still gets its own code; from then on the endpoint is closed, with the code in the text."""
    each = exchange(penalty_ms=9000, accounts=[account(balance=Decimal(1))])
    replies = [read(each.handle(call(PLACE_OCO_ORDER.path, NOW + n, **OCO), NOW + n)) for n in range(23)]
    until = int(NOW) + 20 + 9000
    text = "over 20 error code:100202 requests within 480000 ms for this api, please verify and fix it "
    assert [reply["code"] for reply in replies] == [100202] * 21 + [100410] * 2
    assert [reply["msg"] for reply in replies[21:]] == [f"{text},can retry after time: {until}"] * 2
    stats = each.tally.freeze().of(UID, PLACE_OCO_ORDER.path)
    assert (stats.accepted, stats.errors, stats.refused, stats.closed) == (21, 21, 0, 2)


def test_errors_leave_the_window() -> None:
    """An error counts for 480 s: 20 now and one after that close nothing, one before that does."""
    codes: list[list[int]] = []
    for later in (480_000, 479_999):
        each = exchange()
        burst = [fail(each, NOW) for _ in range(20)]
        codes.append([*burst, fail(each, NOW + later), fail(each, NOW + later)])
    assert codes == [[100404] * 22, [100404] * 21 + [100410]]


def test_counting_starts_anew_after_the_closure() -> None:
    """Once the endpoint is open again, 20 further errors are forgiven."""
    each = exchange(penalty_ms=1000)
    for _ in range(21):
        fail(each, NOW)
    later = [fail(each, NOW + 1000) for _ in range(22)]
    assert later == [100404] * 21 + [100410]


def test_codes_and_endpoints_are_counted_apart() -> None:
    """Twenty errors of each of two codes close nothing, nor does a success in between count."""
    each = exchange()
    for _ in range(20):
        fail(each, NOW)
        each.handle(call(CANCEL_ORDER.path), NOW)
        each.handle(call(CANCEL_OPEN_ORDERS.path), NOW)
    assert code(each.handle(call(CANCEL_OPEN_ORDERS.path), NOW)) == 0
    assert each.tally.freeze().of(UID, CANCEL_ORDER.path).errors == 40
    assert each.tally.freeze().of(UID, CANCEL_ORDER.path).closed == 0


def test_the_gateway_s_refusals_cost_no_budget() -> None:
    """Wrong signatures are not business errors."""
    each = exchange()
    wrong = evolve(call(CANCEL_ORDER.path), query=call(CANCEL_ORDER.path).query + "0")
    codes = [code(each.handle(wrong, NOW)) for _ in range(25)]
    assert (codes, fail(each, NOW)) == ([100001] * 25, 100404)


def test_no_budget() -> None:
    """Without a limit any number of errors is forgiven."""
    each = exchange(error_limit=None)
    assert [fail(each, NOW) for _ in range(50)] == [100404] * 50


def test_a_closure_is_never_shortened() -> None:
    """Closures are merged by their later end, and end at their very millisecond."""
    each, key, late = exchange(), (UID, CANCEL_ORDER.route), int(NOW) + 200
    assert [each.enforcement.close(key, until).until for until in (late, late - 100)] == [late, late]
    assert [fail(each, NOW + later) for later in (199, 200)] == [100410, 100404]
