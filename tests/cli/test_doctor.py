"""`bingx-async doctor`: each finding, and the way to mend it."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from bingx_async.emulator import Answer, Delay, Fault, Html
from bingx_async.emulator.faults import Effect
from tests.cli.running import DISCARD, KEYS, Served, invoke, served

SUBJECTS = ["host", "clock", "key", "addresses", "permissions", "carrier", "quota headers"]
Finding = tuple[str, str, str]  # state, subject, text
PAGE = "on the exchange's page for API keys"


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served() as found:
        yield found


def findings_in(output: str) -> list[Finding]:
    lines = [re.fullmatch(r"(\w+) +([a-z]+(?: headers)?)  +(.+)", line) for line in output.splitlines()]
    return [(found[1], found[2], found[3]) for found in lines if found is not None]


def last_of(result: str) -> Finding:
    """The failure; everything before it works, everything after it is skipped."""
    findings = findings_in(result)
    place = [state for state, _, _ in findings].index("failed")
    assert [subject for _, subject, _ in findings] == SUBJECTS
    assert {state for state, _, _ in findings[:place]} <= {"ok", "warning"}
    skipped = [f"{findings[place][1]} failed"] * (len(SUBJECTS) - place - 1)
    assert [text for _, _, text in findings[place + 1 :]] == skipped
    return findings[place]


def test_all_is_well() -> None:
    """Every line is ok, or a warning; nothing is changed, and no error is counted by the exchange."""
    with served(rate_headers="epoch-ms") as exchange:
        orders = exchange.emulator.rest_orders("1001", "BTC-USDT", 2)
        result = exchange("doctor")
        stats = exchange.emulator.stats()
        assert [order.order_id for order in exchange.emulator.open_orders("1001")] == list(orders)
    findings = findings_in(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [(subject, state) for state, subject, _ in findings] == [
        (subject, "warning" if subject == "addresses" else "ok") for subject in SUBJECTS
    ]
    texts = {subject: text for _, subject, text in findings}
    assert re.fullmatch(rf"{exchange.url} answers in [\d.]+ ms, the best of \d", texts["host"])
    assert texts["key"] == "belongs to UID 1001; pass account='1001' where several keys share it"
    assert texts["addresses"] == f"the key works from any address · name your own {PAGE}"
    assert (texts["permissions"], texts["carrier"]) == ("read and spot trading", "parameters travel by json")
    assert texts["quota headers"].startswith(("the exchange counts cancel_orders by: ", "the rate headers fit every"))
    assert set(stats.codes) == {0}
    assert {(each.errors, each.refused, each.closed) for each in stats.endpoints.values()} == {(0, 0, 0)}


def test_what_is_unusual() -> None:
    """A clock that is 3 s off, parameters by query string alone, no rate headers: it works, and is said."""
    with served(clock_offset_ms=3000, carriers=["query"], rate_headers=None) as exchange:
        result = exchange("doctor", "--json")
    found = {each["subject"]: each for each in json.loads(result.stdout)}
    assert (result.exit_code, result.stderr, list(found)) == (0, "", SUBJECTS)
    assert found["clock"]["state"] == "warning"
    assert re.fullmatch(r"(299\d|300\d)\.\d ms behind the exchange's", found["clock"]["text"])
    assert found["clock"]["cure"] == "this client corrects for it; let NTP set this machine's clock"
    assert found["carrier"]["text"] == "parameters travel by query"
    assert found["quota headers"]["text"] == "no rate headers in the replies: the way of counting stays unknown"


def test_without_keys(exchange: Served) -> None:
    """Host and clock are looked at, the rest is skipped; that is no failure."""
    result = invoke("doctor", BINGX_BASE_URL=exchange.url)
    states = [(state, subject, text) for state, subject, text in findings_in(result.stdout)]
    assert result.exit_code == 0
    assert [state for state, _, _ in states] == ["ok", "ok", *["skipped"] * 5]
    assert {text for state, _, text in states if state == "skipped"} == {"set BINGX_API_KEY and BINGX_SECRET_KEY"}


@pytest.mark.parametrize("name", KEYS)
def test_half_a_pair_of_keys(exchange: Served, name: str) -> None:
    """One of the two is missing: that is a mistake, and both are named."""
    result = exchange("doctor", **{name: ""})
    assert result.exit_code == 1
    assert re.fullmatch(
        r"failed   settings +the (api|secret)_key is missing; give both or neither"
        r" · set BINGX_API_KEY and BINGX_SECRET_KEY\n",
        result.stdout,
    )


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("BINGX_API_KEY", "the API key is wrong: copy it whole, and check that it has not been deleted"),
        ("BINGX_SECRET_KEY", "the secret key does not belong to this API key: copy it whole"),
    ],
)
def test_a_wrong_key(exchange: Served, name: str, cure: str) -> None:
    """The line says which of the two is wrong, and holds neither."""
    result = exchange("doctor", **{name: "mistyped-0815"})
    state, subject, text = last_of(result.stdout)
    assert (result.exit_code, state, subject) == (1, "failed", "key")
    assert text.endswith(f" · {cure}")
    assert "mistyped" not in result.output


def refusal(code: int) -> Answer:
    return Answer(json.dumps({"code": code, "msg": "No."}).encode())


def rights(numbers: list[int]) -> Answer:
    found = {"apiKey": "k", "permissions": numbers, "ipAddresses": ["192.0.2.7"], "note": ""}
    return Answer(json.dumps(found).encode())


@pytest.mark.parametrize(
    ("effect", "endpoint", "subject", "said"),
    [
        (refusal(100419), "get_uid", "key", f"this address is not in the key's whitelist: add it {PAGE}"),
        (refusal(100004), "get_uid", "key", f"the key lacks a right: allow reading and spot trading {PAGE}"),
        (rights([2]), "get_permissions", "permissions", f"the key lacks spot trading · allow it {PAGE}"),
        (Html(502), "server_time", "host", "look at the network, and at BINGX_BASE_URL if it is set"),
    ],
    ids=["whitelist", "no right", "no spot", "gateway"],
)
def test_what_the_exchange_refuses(exchange: Served, effect: Effect, endpoint: str, subject: str, said: str) -> None:
    """The first failure says what to mend; what rests on it is skipped; exit code 1."""
    with exchange.struck_by(Fault(effect, endpoint=endpoint)):
        result = exchange("doctor")
    state, found, text = last_of(result.stdout)
    assert (result.exit_code, state, found) == (1, "failed", subject)
    assert text.endswith(said)


def test_an_endpoint_that_is_closed(exchange: Served) -> None:
    """A program beside it has used the quota up: it does not wait for minutes, and says so."""
    exchange.emulator.close_endpoint("1002", "cancel_orders", for_ms=60_000)
    other = {"BINGX_API_KEY": "emulator-key-1002", "BINGX_SECRET_KEY": "emulator-secret-1002"}
    result = exchange("doctor", **other)
    assert (result.exit_code, last_of(result.stdout)[1]) == (1, "carrier")
    assert last_of(result.stdout)[2].endswith(" · another program uses this quota up: run it again without")


def test_a_key_with_more_rights_than_it_needs(exchange: Served) -> None:
    """A key that may withdraw is warned of; its addresses are listed."""
    faults = Fault(rights([1, 2, 5]), endpoint="get_permissions"), Fault(refusal(100004), endpoint="cancel_orders")
    with exchange.struck_by(*faults):
        findings = findings_in(exchange("doctor").stdout)
    assert findings[3:5] == [
        ("ok", "addresses", "the key works from 192.0.2.7, and this is one of them"),
        ("warning", "permissions", "the key may withdraw · trading needs no such right"),
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (DISCARD, "it refuses connections"),
        ("https://no-such-host.invalid", "the name is not known"),
        ("http://example.com", "plain http is only for a loopback address; write https"),
    ],
)
def test_a_host_that_is_not_there(url: str, said: str) -> None:
    """One line says why; everything else is skipped."""
    result = invoke("doctor", **KEYS, BINGX_BASE_URL=url)
    first, *others = findings_in(result.stdout)
    assert (result.exit_code, first[0]) == (1, "failed")
    assert said in first[2]
    assert {state for state, _, _ in others} <= {"skipped"}


@pytest.mark.parametrize(("endpoint", "subject"), [("server_time", "host"), ("get_uid", "key")])
def test_a_host_that_is_slow(exchange: Served, endpoint: str, subject: str) -> None:
    """It ends within its timeout."""
    began = time.monotonic()
    with exchange.struck_by(Fault(Delay(up=1.5), endpoint=endpoint)):
        result = exchange("doctor", "--timeout", "0.3")
    assert time.monotonic() - began < 1.2
    assert (result.exit_code, last_of(result.stdout)[1]) == (1, subject)


def test_a_symbol_that_does_not_exist() -> None:
    """It is found out by public data: no error is counted for the key."""
    with served(symbols=["ETH-USDT"]) as exchange:
        result = exchange("doctor")
        stats = exchange.emulator.stats()
    assert (result.exit_code, last_of(result.stdout)[1]) == (1, "carrier")
    assert "BTC-USDT" in last_of(result.stdout)[2]
    assert {each.errors for each in stats.endpoints.values()} == {0}
