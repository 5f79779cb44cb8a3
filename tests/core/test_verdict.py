"""Every reply has a verdict: the tables row by row, the documents' own texts, and anything at all without raising."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bingx_async import errors
from bingx_async.core.refusals import BARE_STATUSES, ERRORS, TABLE, THROTTLES, Meaning
from bingx_async.core.verdict import (
    Accepted,
    LearntBudget,
    Refused,
    Scope,
    Throttled,
    Unclear,
    Verdict,
    judge,
)

WALL = 1_727_193_000_000.0
CLOSED = (
    "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period "
    "and will be unblocked after 1727193814249"
)
OVER_20 = (
    "over 20 error code:100202 requests within 480000 ms for this api, please verify and fix it ,"
    "can retry after time: 1727193970155"
)
BUSY = "The current system is busy, please try again later"
TIMESTAMP = (
    "Null timestamp or timestamp mismatch, try to run our sample code from the link "
    "https://bingx-api.github.io/docs/#/en-us/spot/account-api.html#Query%20Assets"
)
WHITELIST = (
    "IP does not match IP whitelist , please go to https://bingx.com/en/account/api/ to verify the ip you have set"
)
NGINX = "<html><head><title>429 Too Many Requests</title></head><body><center>nginx</center></body></html>"

REPLACED = "order open error: insufficient balance, previous cancel order request result: success"
REFUSED = (100437, 100440, 100490, 109418, 109425, 101402, 101215, 80013, 80001, 80014, 109400, 80020, 109403)

# One line per row of the table, in its order: code, message, status, meaning.
ROWS: list[tuple[int, str, int, Meaning]] = [
    (100500, REPLACED, 200, Meaning.UNCONFIRMED),
    (100410, BUSY, 200, Meaning.BUSY),
    (100410, OVER_20, 200, Meaning.ERROR_BUDGET),
    (100410, CLOSED, 200, Meaning.CLOSED),
    (100410, "rate limited", 200, Meaning.RATE_LIMITED),
    (100421, TIMESTAMP, 200, Meaning.CLOCK),
    (101481, "any text", 200, Meaning.DUPLICATE),
    (100400, "The same order can only be submitted once per second", 200, Meaning.DUPLICATE),
    (100400, "no any pending order", 200, Meaning.NOTHING_OPEN),
    (80018, "any text", 200, Meaning.DONE),
    (100400, "The order is already FILLED or CANCELLED", 200, Meaning.DONE),
    (100404, "this api is not exist", 200, Meaning.REFUSED),
    (100404, "the order does not exist", 200, Meaning.NOT_FOUND),
    (100400, "cancel fail, order not exist", 200, Meaning.NOT_FOUND),
    (100204, "No data", 200, Meaning.NO_DATA),
    (100412, "Signature verification failed", 200, Meaning.SIGNATURE),
    (100413, "Incorrect apiKey", 200, Meaning.AUTHENTICATION),
    (100202, "any text", 200, Meaning.BALANCE),
    (101234, "Insufficient quote balance", 200, Meaning.BALANCE),
    (80012, "service unavailable", 200, Meaning.SERVER_BUSY),
    (100500, "Internal system error", 200, Meaning.UNCONFIRMED),
    (80001, "the request timed out", 200, Meaning.UNCONFIRMED),
    (1, "slow down", 429, Meaning.BANNED),
    (1, "who are you", 401, Meaning.AUTHENTICATION),
    (100437, "anything else", 200, Meaning.REFUSED),
]
MORE: list[tuple[int, str, int, Meaning]] = [
    # the newer and the older number of 100410
    (109429, "rate limited", 200, Meaning.RATE_LIMITED),
    (100409, "rate limited", 200, Meaning.RATE_LIMITED),
    (109429, CLOSED, 200, Meaning.CLOSED),
    (100409, OVER_20, 200, Meaning.ERROR_BUDGET),
    # the body is asked before the status
    (100410, "rate limited", 429, Meaning.RATE_LIMITED),
    (100410, CLOSED, 403, Meaning.CLOSED),
    (1, "slow down", 418, Meaning.BANNED),
    # the other lines of the documents' error tables
    (80014, "timestamp is invalid", 200, Meaning.CLOCK),
    (100419, WHITELIST, 200, Meaning.AUTHENTICATION),
    (100419, WHITELIST, 403, Meaning.AUTHENTICATION),
    # 100421, 100400 and 80014 mean several things: only a text that speaks of time is the clock
    (100421, "pair is not available", 200, Meaning.REFUSED),
    (100421, "too many pending orders", 200, Meaning.REFUSED),
    (100421, "cancel fail, order not exist", 200, Meaning.NOT_FOUND),
    (100400, "recvWindow must be less than 5000", 200, Meaning.CLOCK),
    (109400, "time-stamp out of range", 200, Meaning.CLOCK),
    (80014, "the parameter quantity is invalid", 200, Meaning.REFUSED),
    (100400, "invalid symbol", 200, Meaning.REFUSED),
    (80016, "", 200, Meaning.NOT_FOUND),
    (109421, "", 200, Meaning.NOT_FOUND),
    (100001, "signature error", 200, Meaning.SIGNATURE),
    (100414, "account abnormal", 200, Meaning.AUTHENTICATION),
    (100004, "permission denied", 200, Meaning.AUTHENTICATION),
    (101204, "INSUFFICIENT FUNDS", 200, Meaning.BALANCE),
    # an exchange that failed within may have run the call, unless it says that it was busy
    (100503, "", 503, Meaning.UNCONFIRMED),
    (109500, "internal error", 200, Meaning.UNCONFIRMED),
    (110500, "internal error", 200, Meaning.UNCONFIRMED),
    (101500, "RPC timeout", 200, Meaning.UNCONFIRMED),
    (80019, "the order is being processed", 200, Meaning.UNCONFIRMED),
    (100500, "system busy", 200, Meaning.BUSY),
    (100421, BUSY, 200, Meaning.BUSY),
    # 80012 may wrap another refusal
    (80012, '{"Code":101253,"Msg":"margin is not enough"}', 200, Meaning.BALANCE),
    (80012, '{"code":"100202","msg":""}', 200, Meaning.BALANCE),
    (80012, '{"code":100500}', 200, Meaning.UNCONFIRMED),
    (80012, '{"code":0}', 200, Meaning.SERVER_BUSY),
    # an order that is done, one that was sent before, and a path that is missing
    (109422, "", 200, Meaning.DONE),
    (100400, "the order status :CANCELED,can not delete", 200, Meaning.DONE),
    (100205, "repeat request", 200, Meaning.DUPLICATE),
    (101209, "", 200, Meaning.DUPLICATE),
    (109201, "", 200, Meaning.DUPLICATE),
    (100400, "clientOrderID already exists", 200, Meaning.DUPLICATE),
    (100400, "clientOrderID not exist, order not found", 200, Meaning.NOT_FOUND),
    (80017, "", 200, Meaning.NOT_FOUND),
    (100404, "order detail not found", 200, Meaning.NOT_FOUND),
    (100204, "symbol not found", 200, Meaning.REFUSED),
    (100401, "auth failed", 200, Meaning.AUTHENTICATION),
    (100403, "not the main account", 200, Meaning.AUTHENTICATION),
    (100441, "account abnormal", 200, Meaning.AUTHENTICATION),
    # business refusals
    *((code, "a reason", 200, Meaning.REFUSED) for code in REFUSED),
]


def reply(code: object, message: object = "", **more: object) -> str:
    """A reply's text."""
    return json.dumps({"code": code, "msg": message, **more})


def read(text: str, status: int = 200, **headers: str) -> Verdict:
    """The verdict at WALL; header names are written with underscores."""
    return judge(status, {name.replace("_", "-"): value for name, value in headers.items()}, text, WALL)


def throttled(text: str, status: int = 200, **headers: str) -> Throttled:
    """The verdict, which must be a throttle."""
    verdict = read(text, status, **headers)
    assert isinstance(verdict, Throttled)
    return verdict


def meaning_of(verdict: Verdict) -> Meaning:
    """What a refusal means."""
    assert isinstance(verdict, (Refused, Throttled))
    return verdict.meaning


@pytest.mark.parametrize("index", range(len(TABLE)))
def test_every_row(index: int) -> None:
    """Each row of the table is the first to fit a reply of its own, and gives its meaning."""
    code, message, status, meaning = ROWS[index]
    first = next(number for number, row in enumerate(TABLE) if row.fits(code, message, status))
    assert (first, TABLE[index].meaning) == (index, meaning)
    assert meaning_of(read(reply(code, message), status)) is meaning


def test_every_row_is_tested() -> None:
    """There are as many replies as rows."""
    assert len(ROWS) == len(TABLE)


@pytest.mark.parametrize(("code", "message", "status", "meaning"), [*ROWS, *MORE])
@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("name", ["msg", "message", "debugMsg"])
def test_meanings(kind: type, name: str, code: int, message: str, status: int, meaning: Meaning) -> None:
    """A code means the same as an integer and as a string, wherever its text stands."""
    verdict = read(json.dumps({"code": kind(code), name: message}), status)
    assert isinstance(verdict, Throttled if meaning in THROTTLES else Refused)
    assert (verdict.meaning, verdict.code, verdict.message, verdict.http_status) == (meaning, code, message, status)
    assert verdict.raw[name] == message


@pytest.mark.parametrize(
    ("message", "meaning", "until", "budget"),
    [
        (CLOSED, Meaning.CLOSED, 1727193814249.0, None),
        (CLOSED.removeprefix("code:100410:"), Meaning.CLOSED, 1727193814249.0, None),
        (OVER_20, Meaning.ERROR_BUDGET, 1727193970155.0, LearntBudget(100202, 20, 480_000.0)),
        (f"code:100410:{OVER_20}", Meaning.ERROR_BUDGET, 1727193970155.0, LearntBudget(100202, 20, 480_000.0)),
        (OVER_20.upper(), Meaning.ERROR_BUDGET, 1727193970155.0, LearntBudget(100202, 20, 480_000.0)),
        (CLOSED.upper(), Meaning.CLOSED, 1727193814249.0, None),
        (
            "over 7 error code: 80016 requests within 60000ms for this api",
            Meaning.ERROR_BUDGET,
            None,
            LearntBudget(80016, 7, 60_000.0),
        ),
        ("over 0 error code:1 requests within 480000 ms", Meaning.ERROR_BUDGET, None, None),
        ("over 20 error code:1 requests within 0 ms", Meaning.ERROR_BUDGET, None, None),
        (f"over {'9' * 5000} error code:1 requests within 1 ms", Meaning.RATE_LIMITED, None, None),
        ("rate limited", Meaning.RATE_LIMITED, None, None),
        ("code:100410:rate limited", Meaning.RATE_LIMITED, None, None),
        ("will be unblocked after a while", Meaning.RATE_LIMITED, None, None),
        (BUSY, Meaning.BUSY, None, None),
    ],
)
@pytest.mark.parametrize("code", [100410, "100410", 109429, 100409])
def test_being_told_to_stop(
    code: object, message: str, meaning: Meaning, until: float | None, budget: LearntBudget | None
) -> None:
    """The code closes this endpoint alone, until the moment and by the numbers of its text, if it has any."""
    verdict = throttled(reply(code, message))
    assert (verdict.meaning, verdict.scope) == (meaning, Scope.ENDPOINT)
    assert (verdict.until, verdict.after, verdict.budget) == (until, None, budget)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("1727193814", 1727193814000.0),
        ("1727193814249", 1727193814249.0),
        ("1727193814249000", 1727193814249.0),
        ("1727193814249999", 1727193814249.999),
        ("4102444800000", 4102444800000.0),
        ("000000000", None),
        ("12345678", None),
    ],
)
def test_units_of_a_moment(moment: str, until: float | None) -> None:
    """A moment is read in seconds, milliseconds or microseconds; one that is none is none."""
    assert throttled(reply(100410, f"will be unblocked after {moment}")).until == until
    assert throttled(reply(100410, f"can retry after time: {moment}")).until == until


@pytest.mark.parametrize("text", ["", " ", NGINX, "null", "[]", '"code"', '{"msg": "no code"}', '{"code": null}', "{"])
@pytest.mark.parametrize(
    ("status", "after"),
    [(429, None), (418, 300_000.0), (403, 300_000.0)],
)
def test_whole_address(status: int, after: float | None, text: str) -> None:
    """HTTP 429, 418 and a firewall's 403 close the whole address, whatever the body is."""
    verdict = throttled(text, status)
    assert (verdict.meaning, verdict.scope, verdict.code) == (Meaning.BANNED, Scope.EGRESS, None)
    assert (verdict.until, verdict.after, verdict.http_status, verdict.raw) == (None, after, status, {})


@pytest.mark.parametrize(("status", "after"), [(429, None), (418, 300_000.0)])
def test_whole_address_with_a_code(status: int, after: float | None) -> None:
    """A code of which nothing else is known closes the whole address under HTTP 429 and 418."""
    verdict = throttled(reply(1, "slow down"), status)
    assert (verdict.meaning, verdict.scope, verdict.code) == (Meaning.BANNED, Scope.EGRESS, 1)
    assert (verdict.until, verdict.after, verdict.message) == (None, after, "slow down")


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("0", 0.0),
        ("7", 7_000.0),
        (" 120 ", 120_000.0),
        ("Tue, 24 Sep 2024 15:51:40 GMT", 100_000.0),
        ("Tue, 24 Sep 2024 15:51:40 -0000", 100_000.0),
        ("Tue, 24 Sep 2024 15:51:40", 100_000.0),
        ("Tue, 24 Sep 2024 17:51:40 +0200", 100_000.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after(header: str, after: float) -> None:
    """`Retry-After` is honoured as seconds and as an HTTP date, with a code and without."""
    assert throttled(NGINX, 429, retry_after=header).after == after
    assert throttled(NGINX, 403, retry_after=header).after == after
    assert throttled(reply(1, "slow down"), 418, retry_after=header).after == after
    assert throttled(reply(100410, "rate limited"), 429, retry_after=header).after == after


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours ahead of Greenwich."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize("zone", ["", " -0000", " GMT"])
def test_retry_after_knows_no_local_time(zone: str) -> None:
    """A date without a zone is Greenwich's, wherever the machine stands."""
    assert throttled(NGINX, 429, retry_after=f"Tue, 24 Sep 2024 15:51:40{zone}").after == 100_000.0


@pytest.mark.parametrize(
    "header", ["", "soon", "-5", "1.5", "٣", "9" * 10, "Tue, 99 Sep 2024 15:51:40 GMT", "1 Jan 2024 00:00 +99999999"]
)
def test_nonsense_retry_after(header: str) -> None:
    """A header that says nothing is as good as none."""
    assert throttled(NGINX, 429, retry_after=header).after is None
    assert throttled(NGINX, 418, retry_after=header).after == 300_000.0
    assert throttled(reply(1), 418, retry_after=header).after == 300_000.0


@pytest.mark.parametrize(("status", "meaning"), BARE_STATUSES.items())
def test_bare_statuses(status: int, meaning: Meaning) -> None:
    """Without a readable code these statuses say that nothing ran."""
    verdict = read(NGINX, status)
    assert isinstance(verdict, Throttled if meaning is Meaning.BANNED else Refused)
    assert (verdict.meaning, verdict.code, verdict.http_status, verdict.raw) == (meaning, None, status, {})
    assert verdict.message == f"HTTP {status} without a readable code"


def test_no_other_bare_status() -> None:
    """These are the statuses that tell a reply without a code apart, and no others."""
    assert {status: meaning for status in range(100, 600) if (meaning := BARE_STATUSES.get(status))} == {
        **dict.fromkeys([301, 302, 303, 307, 308], Meaning.NOT_ALLOWED),
        **dict.fromkeys([400, 404, 405, 411, 413, 414, 415, 431], Meaning.NOT_ALLOWED),
        401: Meaning.AUTHENTICATION,
        **dict.fromkeys([403, 418, 429], Meaning.BANNED),
    }


@pytest.mark.parametrize(
    ("status", "is_readable"), [(200, False), (202, False), (408, False), (500, True), (502, True), (503, True)]
)
def test_unclear_statuses(status: int, is_readable: bool) -> None:
    """Any other status without a code leaves open whether it ran; a server error is at least an answer."""
    assert read(NGINX, status) == Unclear(status, f"HTTP {status} without a readable code", is_readable)


@pytest.mark.parametrize("text", ["", NGINX, reply(100410, "rate limited"), reply(504, "timeout")])
def test_gateway_timeout_is_unclear(text: str) -> None:
    """HTTP 504 says that a gateway stopped waiting, not that the call did not run."""
    verdict = read(text, 504)
    assert isinstance(verdict, Unclear)
    assert (verdict.http_status, verdict.is_readable) == (504, True)


def test_gateway_timeout_with_another_code() -> None:
    """Its code does not count, its clock does; the message names who stopped waiting."""
    expected = Unclear(504, "HTTP 504: the gateway gave up waiting", True, 1727193814249.0)
    assert read(reply(100410, "rate limited", timestamp=1727193814249), 504) == expected


def test_gateway_timeout_with_code_0() -> None:
    """Code 0 ran, even under HTTP 504."""
    verdict = read(reply(0, data={"orderId": 7}), 504)
    assert isinstance(verdict, Accepted)
    assert verdict.data == {"orderId": 7}


WHOLE = reply(0, "", data={"orderId": 1853127749402681347, "status": "CANCELED"})


@pytest.mark.parametrize("length", range(len('{"code": 0,'), len(WHOLE)))
def test_cut_off_success(length: int) -> None:
    """A reply that breaks off anywhere after it has said code 0 ran."""
    verdict = read(WHOLE[:length])
    assert isinstance(verdict, Accepted)
    assert verdict.data is None


@pytest.mark.parametrize(
    "text",
    [
        '{"code": 0',
        '{"code": 01, "data": {',
        '{"code": 0.5, "data": {',
        '{"code": 100410, "data": {',
        '{"data": {"code": 0, "x": ',
        '[{"code": 0, ',
        "\x00",
    ],
)
def test_cut_off_before_the_code(text: str) -> None:
    """A reply that breaks off before its code is established, or says another one, is unclear."""
    assert isinstance(read(text), Unclear)


@pytest.mark.parametrize(
    "text",
    [
        '{"code":0,"data":1e9999999999999999999}',
        '{"data":-1e-9999999999999999999,"code":0}',
        '{"data":%s,"code":0}' % ("9" * 5000),
        '{"code":0,"timestamp":1e400}',
        '{"code":0,"timestamp":1e999999999}',
        '{"code":0,"data":NaN,"timestamp":Infinity}',
        '{"code":0,"data":"\\ud800"}',
        '{"code":0,"data":' + "[" * 100_000,
        '{"code":"0"}',
        '{"code":0.0}',
    ],
)
def test_extreme_successes(text: str) -> None:
    """No number, text or nesting hides a code 0, nor does reading it take long."""
    assert isinstance(read(text), Accepted)


@pytest.mark.parametrize("code", [False, True, None, "", "zero", [], {}, "1e9999", 0.5])
def test_codes_that_are_none(code: object) -> None:
    """A code that is no integer establishes nothing."""
    assert isinstance(read(reply(code)), Unclear)


@pytest.mark.parametrize(
    ("stamp", "server_time"),
    [
        (1727193814249, 1727193814249.0),
        ("1727193814249", 1727193814249.0),
        (1727193814, 1727193814000.0),
        (1727193814249001, 1727193814249.001),
        (1, 1_000.0),
        (99_999_999_999, 99_999_999_999_000.0),  # the last that is read as seconds
        (100_000_000_000, 100_000_000_000.0),
        (100_000_000_000_000, 100_000_000_000_000.0),  # the last that is read as milliseconds
        (100_000_000_000_001, 100_000_000_000.001),
        (0, None),
        (-5, None),
        ("now", None),
        (None, None),
        (True, None),
    ],
)
def test_free_clock_sample(stamp: object, server_time: float | None) -> None:
    """The reply's own timestamp is handed on with every verdict that has a body."""
    stamped = [
        read(reply(0, timestamp=stamp)),
        read(reply(100437, timestamp=stamp)),
        read(reply(100410, timestamp=stamp)),
        read(reply(100437, timestamp=stamp), 504),
    ]
    assert [verdict.server_time for verdict in stamped] == [server_time] * 4


@pytest.mark.parametrize("message", [None, 7, ["x"], {"x": 1}, True])
def test_message_of_any_kind(message: object) -> None:
    """A message that is no text is read as its text or as none."""
    verdict = read(reply(100437, message))
    assert isinstance(verdict, Refused)
    assert verdict.message == ("7" if message == 7 and message is not True else "")


def test_every_refusal_has_its_error() -> None:
    """Each meaning is a throttle, an error, or unclear: none is forgotten."""
    assert set(Meaning) == THROTTLES | set(ERRORS) | {Meaning.UNCLEAR}
    assert not THROTTLES & set(ERRORS)
    assert all(issubclass(kind, errors.ApiError) for kind in ERRORS.values())


@pytest.mark.parametrize(("code", "kind"), [(0, Accepted), (100437, Refused), (100410, Throttled)])
def test_repr_leaves_the_raw_reply_out(code: int, kind: type) -> None:
    """A verdict prints what it means, not the whole reply."""
    verdict = read(reply(code, "rate limited", secretive="x" * 50))
    assert type(verdict) is kind
    assert "secretive" not in repr(verdict)
    assert isinstance(verdict, (Accepted, Refused, Throttled))
    assert "secretive" in repr(verdict.raw)


texts = st.text(st.characters(exclude_categories=()), max_size=30)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from([CLOSED, OVER_20, "0", "100410"])
)
jsons = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=10
)
bodies = st.dictionaries(st.sampled_from(["msg", "message", "debugMsg", "timestamp", "data"]) | texts, jsons)
statuses = st.sampled_from([200, 301, 401, 403, 418, 429, 500, 504]) | st.integers(100, 599)
headers = st.dictionaries(st.just("retry-after"), texts | st.integers().map(str))
Headers = dict[str, str]


@given(statuses, headers, texts | st.binary().map(lambda body: body.decode(errors="replace")) | jsons.map(json.dumps))
@example(200, {}, "\ufeff")
def test_never_raises(status: int, headers: Headers, text: str) -> None:
    """Any status, any header and any body have a verdict."""
    assert isinstance(judge(status, headers, text, WALL), (Accepted, Refused, Throttled, Unclear))


@given(statuses, headers, bodies, st.integers() | jsons)
def test_any_object_with_a_code(status: int, headers: Headers, body: dict[str, Any], code: object) -> None:
    """Any object with any code has a verdict that keeps the code it could read."""
    verdict = judge(status, headers, json.dumps({**body, "code": code}), WALL)
    if isinstance(verdict, (Refused, Throttled)) and verdict.code is not None:
        assert Decimal(str(code)) == verdict.code != 0


@given(statuses, headers, bodies, st.sampled_from([0, "0", 0.0, " 0 "]))
def test_code_0_is_accepted(status: int, headers: Headers, body: dict[str, Any], code: object) -> None:
    """Code 0 ran, whatever the status and whatever else the reply says."""
    verdict = judge(status, headers, json.dumps({**body, "code": code}), WALL)
    assert isinstance(verdict, Accepted)
    assert set(verdict.raw) == {*body, "code"}
