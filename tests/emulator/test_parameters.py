"""Parameters as they arrive in each carrier, and the signature over their raw tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.emulator.authentication import is_signed_by, read_parameters, sign
from bingx_async.emulator.settings import CARRIERS
from bingx_async.emulator.traffic import Refusal

# The verified vectors: secret, signed text, signature.
VECTORS = [
    (
        "UuGuyEGt6ZEkpUObCYCmIfh0elYsZVh80jlYwpJuRZEw70t6vomMH7Sjmf94ztSI",
        "quoteOrderQty=20&side=BUY&symbol=ETHUSDT&timestamp=1649404670162&type=MARKET",
        "428a3c383bde514baff0d10d3c20e5adfaacaf799e324546dafe5ccc480dd827",
    ),
    (
        "mheO6dR8ovSsxZQCOYEFCtelpuxcWGTfHw7te326y6jOwq5WpvFQ9JNljoTwBXZGv5It07m9RXSPpDQEK2w",
        "recvWindow=0&symbol=BTC-USDT&timestamp=1696751141337",
        "f8d883609dfd31c824feb4de865b071008dedb1d461451fa70847875c8e7a7a2",
    ),
]


@pytest.mark.parametrize(("secret", "text", "signature"), VECTORS)
def test_verified_vectors(secret: str, text: str, signature: str) -> None:
    """Both verified vectors come out, whatever the order of the parameters and with the signature among them."""
    pairs = read_parameters(f"{text}&signature={signature}", b"", CARRIERS)
    assert [sign(secret, pairs), sign(secret, pairs[::-1])] == [signature, signature]
    assert is_signed_by(secret, pairs, signature)


def test_a_signature_that_does_not_fit() -> None:
    """Another secret, another value, upper case or text beyond ASCII does not pass."""
    secret, text, signature = VECTORS[0]
    pairs = read_parameters(text, b"", CARRIERS)
    attempts = [("x", signature), (secret, signature.upper()), (secret, "ü"), (secret, signature[:-1])]
    assert [is_signed_by(each, pairs, given) for each, given in attempts] == [False] * 4


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1.10,"b":1e-05,"c":-0}', [("a", "1.10"), ("b", "1e-05"), ("c", "-0")]),
        (b' {"a":"x,y", "b":true, "c":null}', [("a", "x,y"), ("b", "true"), ("c", "null")]),
        (b'{"id":1842700000000000001}', [("id", "1842700000000000001")]),
        (b"{}", []),
        (b"a=1%2C2&b=&c", [("a", "1%2C2"), ("b", ""), ("c", "")]),
    ],
)
def test_tokens_are_kept_as_written(body: bytes, expected: list[tuple[str, str]]) -> None:
    """Numbers keep their own text, forms are not percent-decoded."""
    assert read_parameters("", body, CARRIERS) == expected


def test_carriers_are_joined() -> None:
    """Query and body together are one set of parameters."""
    assert read_parameters("a=1", b'{"b":2}', CARRIERS) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("carriers", "body", "expected"),
    [
        ({"json", "form"}, b"", []),
        ({"query", "form"}, b'{"b":2}', [("a", "1")]),
        ({"query", "json"}, b"b=2", [("a", "1")]),
    ],
)
def test_a_carrier_left_out_is_not_seen(carriers: set[str], body: bytes, expected: list[tuple[str, str]]) -> None:
    """A parameter in a carrier that is not read does not exist."""
    assert read_parameters("a=1", body, carriers) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"a":[1]}', b'{"a":{"b":1}}', b"\xff", b"[" * 100_000])
def test_unreadable_bodies(body: bytes) -> None:
    """A body that is no flat JSON object and no text is refused with 100400."""
    with pytest.raises(Refusal, match="can not be read") as caught:
        read_parameters("", body, CARRIERS)
    assert caught.value.code == 100400


@given(st.binary(max_size=60), st.sampled_from(["", "{", '{"a":']))
def test_any_body_is_read_or_refused(body: bytes, start: str) -> None:
    """No body makes the reading fail in any other way."""
    try:
        pairs = read_parameters("", start.encode() + body, CARRIERS)
    except Refusal:
        return
    assert all(isinstance(text, str) for pair in pairs for text in pair)
