"""What is signed is what travels, in every carrier, and the secret shows nowhere."""

import copy
import gc
import hashlib
import hmac
import json
import pickle
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bingx_async.core.signing import Carrier, Payload, Signer, canonical, check_value, encode, query_of
from bingx_async.errors import InvalidRequest

SECRET = "UuGuyEGt6ZEkpUObCYCmIfh0elYsZVh80jlYwpJuRZEw70t6vomMH7Sjmf94ztSI"
PARAMS: dict[str, str | int] = {
    "type": "MARKET",
    "symbol": "ETHUSDT",
    "side": "BUY",
    "timestamp": 1649404670162,
    "quoteOrderQty": 20,
}
TEXT = "quoteOrderQty=20&side=BUY&symbol=ETHUSDT&timestamp=1649404670162&type=MARKET"
SIGNATURE = "428a3c383bde514baff0d10d3c20e5adfaacaf799e324546dafe5ccc480dd827"

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,_-"
names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12).filter(
    lambda name: name != "signature"
)
values = st.text(SAFE, min_size=1, max_size=30) | st.integers(-(2**63), 2**63)
requests = st.dictionaries(names, values, min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("secret", "text", "signature"),
    [
        (SECRET, TEXT, SIGNATURE),
        (
            "mheO6dR8ovSsxZQCOYEFCtelpuxcWGTfHw7te326y6jOwq5WpvFQ9JNljoTwBXZGv5It07m9RXSPpDQEK2w",
            "recvWindow=0&symbol=BTC-USDT&timestamp=1696751141337",
            "f8d883609dfd31c824feb4de865b071008dedb1d461451fa70847875c8e7a7a2",
        ),
    ],
)
def test_verified_vectors(secret: str, text: str, signature: str) -> None:
    """The two vectors that were checked against the exchange's algorithm come out."""
    assert Signer(secret).sign(text) == signature


def test_one_signer_signs_many_texts() -> None:
    """A signer keeps nothing of the texts it has signed."""
    signer = Signer(SECRET)
    signer.sign("symbol=BTC-USDT")
    assert [signer.sign(TEXT), signer.sign(TEXT)] == [SIGNATURE, SIGNATURE]


@pytest.mark.parametrize(
    ("carrier", "query", "body", "content_type"),
    [
        (
            Carrier.JSON,
            "",
            b'{"quoteOrderQty":20,"side":"BUY","symbol":"ETHUSDT","timestamp":1649404670162,"type":"MARKET",'
            b'"signature":"428a3c383bde514baff0d10d3c20e5adfaacaf799e324546dafe5ccc480dd827"}',
            "application/json",
        ),
        (Carrier.QUERY, f"{TEXT}&signature={SIGNATURE}", b"", ""),
        (Carrier.FORM, "", f"{TEXT}&signature={SIGNATURE}".encode(), "application/x-www-form-urlencoded"),
    ],
)
def test_exact_bytes(carrier: Carrier, query: str, body: bytes, content_type: str) -> None:
    """Each carrier lays out exactly these bytes: sorted by name, the signature last."""
    payload = encode(PARAMS, Signer(SECRET), carrier)
    assert (payload.query, payload.body, payload.content_type) == (query, body, content_type)


def test_values_travel_unescaped() -> None:
    """A comma between ids is neither escaped nor spaced, so the exchange signs the same text."""
    payload = encode({"orderIds": "1853127749402681347,1853127749402681351"}, Signer(SECRET), Carrier.QUERY)
    assert payload.query.partition("&")[0] == "orderIds=1853127749402681347,1853127749402681351"


@given(requests)
def test_canonical_is_sorted(params: dict[str, str | int]) -> None:
    """The signed text names every parameter once, sorted by name, values raw."""
    pairs = [pair.split("=", 1) for pair in canonical(params).split("&")]
    assert pairs == sorted([name, str(value)] for name, value in params.items())


def resign(pairs: list[tuple[str, Any]], secret: str) -> str:
    """What the exchange computes over what arrived."""
    text = "&".join(f"{name}={value}" for name, value in pairs)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@given(requests, st.text(min_size=1, max_size=40), st.sampled_from(Carrier))
def test_signed_is_what_travels(params: dict[str, str | int], secret: str, carrier: Carrier) -> None:
    """Whatever is sent, parsing it back and signing it again in the order it came gives its own last parameter."""
    payload = encode(params, Signer(secret), carrier)
    if carrier is Carrier.JSON:
        pairs: list[tuple[str, Any]] = json.loads(payload.body, object_pairs_hook=list)
    else:
        pairs = list(parse_qsl(payload.query or payload.body.decode(), strict_parsing=True))
    *business, (last, signature) = pairs
    assert last == "signature"
    assert resign(business, secret) == signature
    assert {name: str(value) for name, value in business} == {name: str(value) for name, value in params.items()}
    assert [name for name, _ in business] == sorted(params)


@given(st.text(min_size=1))
@example("BTC-USDT\n")
@example("1&symbol=ETH-USDT")
@example("a b")
@example("%2C")
@example("١٢٣")
def test_only_safe_characters(value: str) -> None:
    """A text is let through exactly if no carrier would have to escape it."""
    if set(value) <= set(SAFE):
        check_value("clientOrderID", value)
        return
    with pytest.raises(InvalidRequest, match=r"^clientOrderID=") as caught:
        check_value("clientOrderID", value)
    assert repr(value) in str(caught.value)


ODD = st.text(st.sampled_from("#ØМ龙虾Ｂ") | st.sampled_from(SAFE), min_size=1, max_size=12)


@given(ODD.filter(lambda value: not set(value) <= set(SAFE)))
@example("OTHR#99961-USDT")
@example("MØTH-USDT")
def test_odd_symbols_by_query(value: str) -> None:
    """`#` and letters outside ASCII are signed raw and sent percent-encoded, and only in the query string."""
    check_value("symbol", value, Carrier.QUERY)
    payload = encode({"symbol": value, "timestamp": 7}, Signer(SECRET), Carrier.QUERY)
    signature = resign([("symbol", value), ("timestamp", "7")], SECRET)
    assert payload.query == f"symbol={quote(value, safe='')}&timestamp=7&signature={signature}"
    assert payload.query.isascii()
    for carrier in (Carrier.JSON, Carrier.FORM):
        with pytest.raises(InvalidRequest) as caught:
            check_value("symbol", value, carrier)
        cure = "holds characters that can only be signed in the query string: make the client with carrier='query'"
        assert str(caught.value) == f"symbol={value!r} {cure}"


@given(st.text(min_size=1), st.sampled_from("&=?% +/\n\"'\\\x00[]{}:;@"))
def test_never_an_injection(value: str, character: str) -> None:
    """What could end a parameter or begin another is refused by every carrier."""
    for carrier in Carrier:
        with pytest.raises(InvalidRequest):
            check_value("symbol", value + character, carrier)


def test_no_empty_value() -> None:
    """An empty text is refused, since the exchange drops or rejects it; the refusal says what may be written."""
    with pytest.raises(InvalidRequest) as caught:
        check_value("symbol", "")
    assert str(caught.value) == (
        "symbol='' is empty, or holds characters outside A-Z a-z 0-9 . _ - and comma; the exchange cannot "
        "verify a signature over it. Write it as an integer or with those characters only"
    )


@pytest.mark.parametrize("value", [None, 1.5, b"x", object()])
def test_no_other_kinds(value: Any) -> None:
    """A value that no carrier can write in one way only is refused."""
    with pytest.raises(InvalidRequest, match="process="):
        check_value("process", value)


@pytest.mark.parametrize(("value", "token"), [(True, "true"), (False, "false")])
@pytest.mark.parametrize("carrier", Carrier)
def test_booleans(value: bool, token: str, carrier: Carrier) -> None:
    """A boolean is signed as JSON writes it, which is also how it travels."""
    check_value("sync", value)
    payload = encode({"sync": value}, Signer(SECRET), carrier)
    text = f"sync={token}"
    signature = resign([("sync", token)], SECRET)
    if carrier is Carrier.JSON:
        assert payload.body == f'{{"sync":{token},"signature":"{signature}"}}'.encode()
    else:
        assert (payload.query or payload.body.decode()) == f"{text}&signature={signature}"


def test_json_values() -> None:
    """A list is signed as compact JSON; in the query string every value is percent-encoded, the signature fits raw."""
    orders = [{"symbol": "BTC-USDT", "price": "1.5", "quantity": 2}]
    raw = '[{"symbol":"BTC-USDT","price":"1.5","quantity":2}]'
    check_value("data", orders)
    payload = encode({"data": orders, "timestamp": 7, "sync": True}, Signer(SECRET), Carrier.QUERY)
    signature = resign([("data", raw), ("sync", "true"), ("timestamp", "7")], SECRET)
    assert payload.query == f"data={quote(raw, safe='')}&sync=true&timestamp=7&signature={signature}"
    assert dict(parse_qsl(payload.query))["data"] == raw
    assert (payload.body, payload.content_type) == (b"", "")


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"b": "x,y", "a": 7, "c": True}, "a=7&b=x,y&c=true"),
        ({"data": [1, 2], "ids": "x,y"}, "data=%5B1%2C2%5D&ids=x%2Cy"),
        ({"data": {"a": 1}}, "data=%7B%22a%22%3A1%7D"),
        ({"data": ["a/b c"]}, "data=%5B%22a%2Fb%20c%22%5D"),
        ({"ids": "x,y", "symbol": "A#1-USDT"}, "ids=x%2Cy&symbol=A%231-USDT"),
        ({"symbol": "MØTH-USDT"}, "symbol=M%C3%98TH-USDT"),
    ],
)
def test_query(params: dict[str, Any], query: str) -> None:
    """A query string is the signed text itself; if a value is JSON or an odd symbol, every value is percent-encoded."""
    assert query_of(params) == query


@given(st.integers())
def test_integers_pass(value: int) -> None:
    """Any integer reads the same in every carrier."""
    check_value("orderId", value)


def reachable(root: object) -> list[object]:
    """Everything an object leads to, but for types and modules."""
    found, todo = {id(root): root}, [root]
    while todo:
        for each in gc.get_referents(todo.pop()):
            if id(each) not in found and not isinstance(each, (type, type(gc))):
                found[id(each)] = each
                todo.append(each)
    return list(found.values())


def test_secret_cannot_be_read_back() -> None:
    """Neither repr nor anything the signer refers to holds the secret."""
    secret = "very" + "-secret-" * 3
    signer = Signer(secret)
    texts = [each for each in reachable(signer) if isinstance(each, (str, bytes))]
    assert repr(signer) == str(signer) == "Signer(***)"
    assert not [text for text in texts if (secret if isinstance(text, str) else secret.encode()) in text]  # type: ignore[operator]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.deepcopy])
def test_signer_is_not_pickled(duplicate: Any) -> None:
    """A signer does not leave the process: pickling it fails, without telling the secret."""
    with pytest.raises(TypeError) as caught:
        duplicate(Signer(SECRET))
    assert SECRET not in str(caught.value)


def test_secret_is_no_local_while_signing() -> None:
    """A traceback that prints the locals of a failed signature does not print the secret."""
    unsignable: Any = None
    with pytest.raises(AttributeError) as caught:
        Signer(SECRET).sign(unsignable)
    frames = [entry.frame for entry in caught.traceback if str(entry.path).endswith("core/signing.py")]
    assert [SECRET in repr(frame.f_locals) for frame in frames] == [False]


def test_repr_of_payload_hides_signature() -> None:
    """The repr says how the parameters travel, not with which signature."""
    signer = Signer(SECRET)
    assert repr(encode(PARAMS, signer, Carrier.QUERY)) == "Payload(query)"
    assert repr(encode(PARAMS, signer, Carrier.JSON)) == "Payload(application/json)"
    assert encode(PARAMS, signer, Carrier.QUERY) == Payload(f"{TEXT}&signature={SIGNATURE}", b"", "")
