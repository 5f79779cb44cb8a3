"""No key, secret or signature in anything that is shown: texts, logs, events, tracebacks with locals."""

from __future__ import annotations

import logging
import re
import traceback
from pathlib import Path
from typing import Any

import httpx
import pytest

import bingx_async
from bingx_async import BingXClient, BingXError, InvalidRequest
from tests.client.exchange import (
    CANCEL,
    HANG,
    KEY,
    OK,
    SECRET,
    Backend,
    BrokenOff,
    Hall,
    backends,
    refused,
    run,
)

OURS = str(Path(bingx_async.__file__).parent)
FAILURES: dict[str, Any] = {
    "AuthenticationError": refused(100001, "signature mismatch"),
    "ClockError": refused(80014, "timestamp is invalid"),
    "OrderNotFound": refused(100404, "order not exist"),
    "InsufficientBalance": refused(100202, "Insufficient balance"),
    "OrderRefused": refused(1, "no"),
    "ServerBusy": refused(100500, "busy"),
    "RateLimited": refused(100410, "will be unblocked after 1790000600000"),
    "QuotaWait": refused(100410, "rate limited"),
    "OutcomeUnknown": (504, ""),
    "UnreadableReply": (200, "<html>"),
    "ReadError": httpx.ReadError("lost"),
    "Timeout": HANG,
    "BrokenOff": (200, BrokenOff("{")),
    "ConnectFailed": httpx.ConnectError("refused"),
    "garbled": ValueError("400, message='Bad', url='https://open-api.bingx.com/x?a=1&signature=0123abc'"),
    "InvalidRequest": OK,
}


def own_locals(error: BaseException) -> str:
    """The chain as printed, and the locals of every frame of the library's own files."""
    shown = ["".join(traceback.format_exception(error))]
    pending: list[traceback.TracebackException | None] = [
        traceback.TracebackException.from_exception(error, capture_locals=True)
    ]
    while pending:
        each = pending.pop()
        if each is not None:
            pending += [each.__cause__, None if each.__suppress_context__ else each.__context__]
            shown += [str(frame.locals) for frame in each.stack if frame.filename.startswith(OURS)]
    return "\n".join(shown)


@backends
@pytest.mark.parametrize("carrier", ["json", "query", "form", "auto"])
@pytest.mark.parametrize("name", FAILURES)
def test_nothing_shows(name: str, carrier: str, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A failing call of each family: neither its text, its traceback, the logs nor the events show a secret."""

    async def main() -> str:
        hall = Hall({CANCEL: [FAILURES[name]]})
        client = hall.client(carrier=carrier)
        other = client.for_account(api_key=KEY, secret_key=SECRET)
        shown: list[str] = []
        for each in (client, other):
            try:
                arguments: dict[str, Any] = {"only_if": "x"} if name == "InvalidRequest" else {}
                await each.spot.cancel_order("BTC-USDT", 1, max_wait=0.5, **arguments)
            except BingXError as error:
                shown += [own_locals(error), str(error), repr(error), str(vars(error))]
        assert shown
        signatures = [call.params["signature"] for call in hall.exchange.calls()]
        shown += [repr(client), repr(vars(client)), repr(hall.governor), repr(hall.events), repr(client._caller)]
        text = "\n".join([*shown, *caplog.messages])
        for secret in (KEY, SECRET, *signatures):
            assert secret not in text
        return text

    with caplog.at_level(logging.DEBUG, "bingx_async"):
        text = run(backend, main)
    assert not re.search(r"signature=[0-9a-f]", text)
    assert "cancel_order" in text  # the frames are really there


@pytest.mark.parametrize(
    "settings",
    [
        {"secret_key": None},
        {"secret_key": SECRET + " "},
        {"secret_key": SECRET.encode()},
        {"api_key": KEY.encode()},
        {"api_key": [KEY]},
        {"governor": 1},
        {"transport": 1},
        {"egress": 1},
        {"account": 1.5},
        {"base_url": 1},
        {"base_url": "https://[::1"},
        {"carrier": "x"},
        {"base_url": "ftp://host"},
        {"recv_window": 0},
        {"ids_per_batch": 0},
        {"proxy": f"ftp://me:{SECRET}@proxy:1"},
        {"proxy": f"http://me:{SECRET}@proxy:port"},
        {"proxy": f"http://me:{SECRET}@proxy:1", "transport": httpx.MockTransport(lambda _: httpx.Response(200))},
        {"proxy": f"http://me:{SECRET}@proxy:1", "egress": 1},
    ],
)
def test_constructor(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a client that could not be made."""
    monkeypatch.delenv("BINGX_SECRET_KEY", raising=False)
    with pytest.raises(InvalidRequest) as caught:
        BingXClient(**{"api_key": KEY, "secret_key": SECRET, **settings})
    text = own_locals(caught.value)
    assert "client.py" in text
    assert KEY not in text.replace('"api_key": KEY', "")
    assert SECRET not in text


def test_for_account() -> None:
    """Nor does a second account that could not be made."""
    client = BingXClient(KEY, SECRET, transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    with pytest.raises(InvalidRequest) as caught:
        client.for_account(api_key="another key", secret_key="another-secret")
    text = own_locals(caught.value)
    assert "holds blanks" in text
    assert str(text).count("another") == 2  # the line of this test in the printed chain
