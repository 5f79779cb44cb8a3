"""The settings of an emulator: each is checked when it is made, and the message says what to write instead."""

from __future__ import annotations

import inspect
from typing import Any

import attrs
import pytest

from bingx_async import InvalidRequest
from bingx_async.emulator import Emulator, EmulatorSettings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accounts": ["1001"]}, "accounts must be values such as Account('7', 'key', 'secret'), not '1001'"),
        ({"accounts": "1001"}, "accounts must be values such as Account('7', 'key', 'secret'), not '1001'"),
        ({"profile": "fast"}, "profile must be one of documented, 2025-10, trader, unlimited, not 'fast'"),
        ({"quotas": {"cancel_order": 5}}, "quotas['cancel_order'] must be a Quota such as Quota(10, 1.0), not 5"),
        ({"model": "x"}, "model must be 'sliding', 'fixed-first', 'fixed-clock' or 'token', not 'x'"),
        ({"penalty_ms": -1}, "penalty_ms must be a whole number, 0 or more, not -1"),
        ({"penalty_style": "x"}, "penalty_style must be 'closed' or 'plain', not 'x'"),
        ({"latency": -0.1}, "latency must be at least 0, not -0.1"),
        ({"jitter": "0.1"}, "jitter must be a number such as 0.005, not '0.1'"),
        ({"seed": None}, "seed must be a whole number, 0 or more, not None"),
        ({"carriers": {"x"}}, "carriers must be 'form', 'json' or 'query', not 'x'"),
        ({"carriers": "xml"}, "carriers must be 'form', 'json' or 'query', not 'xml'"),
        ({"rate_headers": "x"}, "rate_headers must be 'epoch-ms', 'epoch-s' or 'remaining-ms', not 'x'"),
        ({"clock_offset_ms": True}, "clock_offset_ms must be a number such as 250, not True"),
        ({"clock": 5}, "clock must be a function that returns epoch milliseconds, not of type int"),
        ({"symbols": "BTC"}, "symbols must be a list such as ['BTC-USDT', 'ETH-USDT'], not 'BTC'"),
        ({"error_limit": -1}, "error_limit must be a whole number, 0 or more, not -1"),
    ],
)
def test_a_setting_that_cannot_be(options: dict[str, Any], message: str) -> None:
    """It is refused with the values that can be; the error is also a `ValueError`."""
    with pytest.raises(InvalidRequest) as caught:
        Emulator(**options)
    assert (str(caught.value), isinstance(caught.value, ValueError)) == (message, True)


def test_every_argument_is_a_setting() -> None:
    """The settings are the arguments of `Emulator`, of which `quotas` goes into `profile`."""
    arguments = list(inspect.signature(Emulator).parameters)
    assert [field.name for field in attrs.fields(EmulatorSettings)] == [name for name in arguments if name != "quotas"]


def test_one_symbol_may_be_a_text() -> None:
    """A text is one pair and one carrier, not a list of letters."""
    settings = Emulator(symbols="BTC-USDT", carriers="query").settings  # type: ignore[arg-type]
    assert (settings.symbols, settings.carriers) == (("BTC-USDT",), {"query"})
