"""Bad input is refused before anything is sent, and the message says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bingx_async import BingXClient, CancelRestriction, Governor, InvalidRequest, Priority, Side
from bingx_async.emulator import Emulator
from tests.client.exchange import Backend, Hall, backends, run

Act = Callable[[BingXClient], Awaitable[Any]]
OCO: dict[str, Any] = {"quantity": "0.1", "limit_price": 3, "order_price": 1, "trigger_price": 2}


def cancel(*arguments: Any, **named: Any) -> Act:
    return lambda client: client.spot.cancel_order(*arguments, **named)


def batch(*arguments: Any, **named: Any) -> Act:
    return lambda client: client.spot.cancel_orders("BTC-USDT", *arguments, **named)


def many(*arguments: Any, **named: Any) -> Act:
    return lambda client: client.spot.cancel_many("BTC-USDT", *arguments, **named)


def oco(symbol: Any = "BTC-USDT", side: Any = "SELL", **named: Any) -> Act:
    arguments: dict[str, Any] = {**OCO, "check": False, **named}
    return lambda client: client.spot.place_oco_order(symbol, side, **arguments)


def cancel_oco(*arguments: Any, **named: Any) -> Act:
    return lambda client: client.spot.cancel_oco_order(*arguments, **named)


class Sub(float):
    """A float that shows itself in its own way, as numpy's do."""

    def __repr__(self) -> str:
        return f"Sub({float.__repr__(self)})"


HUGE = 10**5000  # more digits than Python writes out
DASH = "write it as in 'BTC-USDT', upper case with a dash"
WHOLE = "write the whole number the exchange gave, as int or str"
CHARACTERS = "write 1 to 40 characters of A-Z a-z 0-9 . _ -"
DIGITS = "must be digits only, at most 40 of them, such as '123456'"
NUMBER = "write a Decimal, an int or a str such as '0.1'"

BAD: list[tuple[Act, str]] = [
    *((cancel(symbol, 1), DASH) for symbol in ("BTCUSDT", "btc-usdt", "", "BTC-USDT&x=1", "BTC-USDT\n", 7, None)),
    (lambda client: client.spot.cancel_open_orders("BTC_USDT"), DASH),
    (lambda client: client.spot.cancel_orders("BTC/USDT", [1]), DASH),
    (oco(symbol="BTC-"), DASH),
    *((cancel("BTC-USDT", number), WHOLE) for number in (0, -1, 1.5, True, "", "1a", "+1", " 1", "\uff11", 2**63)),
    (cancel("BTC-USDT", ""), f"order_id='' is not an order id: {WHOLE}"),
    (cancel("BTC-USDT", False), f"order_id=False is not an order id: {WHOLE}"),
    (cancel("BTC-USDT", []), f"order_id=[] is not an order id: {WHOLE}"),
    (cancel("BTC-USDT", HUGE), f"order_id=<int> is not an order id: {WHOLE}"),
    (cancel("BTC-USDT", -HUGE), f"order_id=<int> is not an order id: {WHOLE}"),
    (cancel(HUGE, 1), DASH),
    (cancel("BTC-USDT", 1, recv_window=HUGE), "recv_window=<int> must be whole milliseconds"),
    (cancel("BTC-USDT", 1, only_if=HUGE), "only_if=<int> must be one of"),
    (batch([1, HUGE]), WHOLE),
    (cancel_oco(HUGE), WHOLE),
    (batch([1, "x"]), WHOLE),
    (batch(["9" * 30]), WHOLE),
    (cancel_oco("12;"), WHOLE),
    (cancel("BTC-USDT"), "give exactly one of order_id or client_order_id, not none"),
    (cancel("BTC-USDT", 1, client_order_id="a"), "give exactly one of order_id or client_order_id, not both"),
    (cancel_oco(), "give exactly one of order_id or client_order_id, not none"),
    (cancel_oco("1", client_order_id="1"), "give exactly one of order_id or client_order_id, not both"),
    *(
        (cancel("BTC-USDT", client_order_id=name), CHARACTERS)
        for name in ("", "a" * 41, "a,b", "a&side=BUY", "a=b", "a b", "a%20", "a#", "a?", "ä", "a\n", 7)
    ),
    (batch(client_order_ids=["ok", "not ok"]), CHARACTERS),
    *(
        (cancel_oco(client_order_id=bad), CHARACTERS)
        for bad in ("a b", True, 1.5, float("nan"), Decimal("1.5"), -1, 10**40, HUGE)
    ),
    (batch(), "give at least one id in order_ids or client_order_ids"),
    (batch([]), "to cancel everything there is cancel_open_orders"),
    (batch("12"), "order_ids='12' must be a list, such as [1, 2]"),
    (batch(12), "order_ids=12 must be a list, such as [1, 2]"),
    *(
        (batch(bad), f"order_ids={bad!r} must be a list, such as [1, 2]")
        for bad in (None, 5.0, b"12", bytearray(b"12"), True)
    ),
    *(
        (batch([1], bad), f"client_order_ids={bad!r} must be a list, such as ['a', 'b']")
        for bad in (None, 5.0, b"ab", bytearray(b"ab"))
    ),
    *((many(bad), f"ids={bad!r} must be a list, such as [1, 2]") for bad in (None, "12", 12)),
    *((batch([1], partial=bad), f"partial={bad!r} must be True or False") for bad in (1, "no", None)),
    (many([1], certain="no"), "certain='no' must be True or False"),
    (batch(client_order_ids="ab"), "client_order_ids='ab' must be a list, such as ['a', 'b']"),
    (cancel("BTC-USDT", 1, only_if="FILLED"), "must be one of NEW, PENDING, PARTIALLY_FILLED"),
    (oco(side="sell"), "side='sell' must be 'BUY' or 'SELL'"),
    (oco(quantity=0.1), "quantity=0.1 is a float: write quantity=Decimal('0.1')"),
    (oco(limit_price=7e4), "limit_price=70000.0 is a float: write limit_price=Decimal('70000.0')"),
    (oco(quantity=Sub(0.5)), "quantity=0.5 is a float: write quantity=Decimal('0.5')"),
    *(
        (oco(quantity=bad), f"quantity={bad!r} must be a finite number above 0")
        for bad in (float("nan"), float("inf"), -0.1, 0.0)
    ),
    (oco(quantity=1e-31), "write at most 30 on each side"),
    (oco(quantity=HUGE), "quantity=<int> has more digits than any market"),
    (oco(quantity=-HUGE), "quantity=<int> must be a finite number above 0"),
    (oco(quantity="9" * 5000), "9... has more digits than any market"),
    (oco(trigger_price=True), NUMBER),
    (oco(trigger_price=None), NUMBER),
    (oco(quantity="1,5"), "write a Decimal or a str such as '0.1'"),
    *((oco(quantity=bad), "must be a finite number above 0") for bad in (0, "-1", Decimal("NaN"), "inf", "sNaN")),
    (oco(quantity="1e31"), "write at most 30 on each side"),
    (oco(quantity="1e-31"), "write at most 30 on each side"),
    *(
        (oco(**{name: bad}), DIGITS)
        for name in ("list_client_order_id", "above_client_order_id", "below_client_order_id")
        for bad in ("a1", "", "1" * 41, True, -1, 1.0, 10**40, HUGE)
    ),
    *(
        (cancel("BTC-USDT", 1, recv_window=bad), "must be whole milliseconds from 100 to 5000")
        for bad in (0, -1, 5001, 100.0, True, None)
    ),
    *(
        (cancel("BTC-USDT", 1, max_wait=bad), "must be seconds, 0 (now or never) or more")
        for bad in (-1, float("nan"), "1", True, None)
    ),
    *(
        (cancel("BTC-USDT", 1, timeout=bad), "must be seconds above 0")
        for bad in (0, -1, float("inf"), float("nan"), "1", True, None)
    ),
    (cancel("BTC-USDT", 1, priority=9), "priority=9 must be a Priority"),
]


@backends
@pytest.mark.parametrize(("act", "message"), BAD)
def test_refused_here(act: Act, message: str, backend: Backend) -> None:
    """`InvalidRequest` (also a ValueError) with the cure in its text; not one byte leaves, no quota is taken."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest) as caught:
            await act(hall.client())
        assert message in str(caught.value)
        assert isinstance(caught.value, ValueError)
        assert hall.exchange.sent == []
        assert hall.governor.snapshot().buckets == ()

    run(backend, main)


@backends
def test_unknown_argument(backend: Backend) -> None:
    """A misspelt option is an error, not a call with the default."""

    async def main() -> None:
        hall = Hall()
        spot: Any = hall.client().spot
        with pytest.raises(TypeError, match="max_wiat; every call takes max_wait, priority, timeout, recv_window"):
            await spot.cancel_order("BTC-USDT", 1, max_wiat=0)
        assert hall.exchange.sent == []

    run(backend, main)


def sent(backend: Backend, act: Act, **settings: Any) -> list[dict[str, str]]:
    """The parameters that `act` sends, without the stamp."""

    async def main() -> list[dict[str, str]]:
        hall = Hall()
        await act(hall.client(**settings))
        stamp = ("timestamp", "signature", "recvWindow")
        return [{k: v for k, v in call.params.items() if k not in stamp} for call in hall.exchange.calls()]

    return run(backend, main)


@backends
@pytest.mark.parametrize(
    ("given", "written"),
    [
        (Decimal("0.10"), "0.10"),
        ("0.10", "0.10"),
        (3, "3"),
        (Decimal("1E+3"), "1000"),
        ("1e-7", "0.0000001"),
        (Decimal("123456789012345678901234567890"), "123456789012345678901234567890"),
    ],
)
def test_amounts(given: Any, written: str, backend: Backend) -> None:
    """Amounts travel in plain notation with the digits that were written."""
    assert sent(backend, oco(quantity=given))[0]["quantity"] == written


@backends
def test_enums(backend: Backend) -> None:
    """Enum members and their texts are the same thing."""
    assert sent(backend, oco(side=Side.SELL))[0]["side"] == "SELL"
    assert sent(backend, cancel("BTC-USDT", 1, only_if=CancelRestriction.PENDING)) == [
        {"symbol": "BTC-USDT", "orderId": "1", "cancelRestrictions": "PENDING"}
    ]


@backends
def test_edges(backend: Backend) -> None:
    """The longest ids are accepted, as int or digits."""
    assert sent(backend, cancel("BTC-USDT", str(2**63 - 1)))[0]["orderId"] == str(2**63 - 1)
    assert sent(backend, cancel("BTC-USDT", 2**63 - 1))[0]["orderId"] == str(2**63 - 1)
    assert sent(backend, cancel("BTC-USDT", client_order_id="a" * 40))[0]["clientOrderID"] == "a" * 40
    assert sent(backend, cancel_oco(client_order_id=10**40 - 1))[0]["clientOrderId"] == "9" * 40
    assert sent(backend, oco(list_client_order_id="0" * 40))[0]["listClientOrderId"] == "0" * 40
    assert sent(backend, cancel("BTC-USDT", 1, recv_window=100, max_wait=0, timeout=0.1, priority=Priority.READ)) == [
        {"symbol": "BTC-USDT", "orderId": "1"}
    ]


@backends
def test_repeated_ids(backend: Backend) -> None:
    """An id given twice travels once, in the order given; both kinds of id share a request."""
    assert sent(backend, batch([3, "3", 1, 3], iter(["b", "a", "b"]))) == [
        {"symbol": "BTC-USDT", "process": "0", "orderIds": "3,1", "clientOrderIDs": "b,a"}
    ]


class ForeignInt:
    """A whole number of another library, such as `numpy.int64`."""

    def __index__(self) -> int:
        return 7


@backends
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (cancel("BTC-USDT", ForeignInt()), "is of type ForeignInt: write int(order_id)"),
        (batch([ForeignInt()]), "is of type ForeignInt: write int(order_ids)"),
        (oco(quantity="1_000"), "quantity='1_000' holds underscores: write '1000'"),
        (cancel("BTC-USDT", "1_000"), "is not an order id"),
    ],
)
def test_numbers_of_other_kinds(call: Act, message: str, backend: Backend) -> None:
    """A number in a notation or of a library that the exchange does not know is refused with what to write."""
    with pytest.raises(InvalidRequest, match=re.escape(message)):
        sent(backend, call)


@backends
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"carrier": "body"}, "must be 'auto', 'json', 'query' or 'form'"),
        ({"ids_per_batch": 0}, "must be a whole number from 1 to 50"),
        ({"ids_per_batch": True}, "must be a whole number from 1 to 50"),
        ({"ids_per_batch": 2.0}, "must be a whole number from 1 to 50"),
        ({"recv_window": 6000}, "must be whole milliseconds from 100 to 5000"),
        ({"ids_per_batch": 100}, "must be a whole number from 1 to 50"),
        ({"coalesce_cancels": "yes"}, "coalesce_cancels must be True or False"),
        ({"recv_window": 5}, "must be whole milliseconds from 100 to 5000"),
        ({"timeout": 5000}, "must be seconds above 0 and at most 600"),
        ({"base_url": "https://open-api.bingx.com/openApi"}, "leave out /openApi, with which every path begins"),
        ({"max_wait": -1}, "must be seconds"),
        ({"timeout": 0}, "must be seconds above 0"),
        ({"base_url": "http://open-api.bingx.com"}, "plain http is only for a loopback address; write https"),
        ({"base_url": "ftp://open-api.bingx.com"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "open-api.bingx.com"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://host?a=1"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://host#a"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://host:port"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://me:pass@host"}, "base_url holds a user name or password"),
        ({"secret_key": None}, "the secret_key is missing; give both or neither"),
        ({"api_key": None}, "the api_key is missing; give both or neither"),
        ({"api_key": "k\n"}, "the api_key holds blanks or characters that no key has; was it copied whole?"),
        ({"secret_key": "a b"}, "the secret_key holds blanks or characters that no key has"),
        ({"secret_key": "schlüssel"}, "the secret_key holds blanks or characters that no key has"),
        *(({"api_key": bad}, "api_key must be a str") for bad in (b"key", bytearray(), 5, 0, False, ["key"])),
        *(({"secret_key": bad}, "secret_key must be a str") for bad in (b"key", 5, 0)),
        ({"base_url": "https://[::1"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://[::1]x"}, "must be like 'https://open-api.bingx.com'"),
        ({"base_url": "https://1.2.3.999"}, "must be like 'https://open-api.bingx.com'"),
        *(({"base_url": bad}, "holds blanks") for bad in (" https://host", "https://ho st", "https://host\n")),
        *(
            ({"base_url": bad}, "base_url must be a str like")
            for bad in (b"https://host", 5, 0, httpx.URL("https://h"))
        ),
        ({"egress": ""}, "egress must be a str that names the outgoing address, such as 'default'"),
        *(({"egress": bad}, "egress must be a str") for bad in (None, 1, " ", b"a")),
        ({"account": ""}, "account must be the UID, a str or an int such as '1001', not ''"),
        ({"account": True}, "not True"),
        ({"account": 1.5}, "account must be the UID, a str or an int such as '1001', not of type float"),
        *(({"account": bad}, "account must be the UID") for bad in (" ", b"1001", ["1001"], -1, 10**5000)),
    ],
)
def test_settings(settings: dict[str, Any], message: str, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad settings are refused when the client is made, and the message shows no key and no password."""
    for name in ("BINGX_API_KEY", "BINGX_SECRET_KEY", "BINGX_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    async def main() -> None:
        with pytest.raises(InvalidRequest) as caught:
            Hall().client(**settings)
        assert message in str(caught.value)
        assert "schlüssel" not in str(caught.value)
        assert "pass@" not in str(caught.value)

    run(backend, main)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transport": Emulator()}, "write emulator.transport(), not of type Emulator"),
        ({"transport": httpx.AsyncClient()}, "such as httpx.AsyncHTTPTransport(), not of type AsyncClient"),
        ({"transport": httpx.HTTPTransport()}, "such as httpx.AsyncHTTPTransport(), not of type HTTPTransport"),
        ({"transport": httpx.AsyncHTTPTransport}, "not the class AsyncHTTPTransport"),
        ({"transport": "aiohttp"}, "not of type str"),
        ({"governor": "trader"}, "governor must be a Governor, such as Governor('trader'), not of type str"),
        ({"governor": Governor}, "not the class Governor"),
        ({"governor": 0}, "not of type int"),
    ],
)
def test_wiring(settings: dict[str, Any], message: str) -> None:
    """A wrong transport or governor is refused when the client is made, and the message says what to pass."""
    with pytest.raises(InvalidRequest) as caught:
        BingXClient("key", "secret", **settings)
    assert message in str(caught.value)
