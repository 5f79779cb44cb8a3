"""`client.request`: any endpoint of the exchange, governed by the quota that the caller names."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bingx_async import (
    ApiError,
    BingXClient,
    InvalidRequest,
    IpGroup,
    OutcomeUnknown,
    Quota,
    QuotaWait,
    ReadFailed,
    UnreadableReply,
)
from tests.client.exchange import HANG, Backend, Hall, backends, raising, refused, run

PATH = "/openApi/made/v9/up"
QUERY = "/openApi/spot/v1/trade/query"
FIVE = Quota(5, 1.0)
REPLY = (
    '{"code":0,"msg":"","timestamp":1790000000001,"data":{"balance":0.10000000000000000555,"id":1853127749402681347}}'
)


@backends
def test_the_reply_comes_as_it_is(backend: Backend) -> None:
    """The whole mapping, its numbers int or Decimal with every digit; the call was signed."""

    async def main() -> tuple[Any, dict[str, str]]:
        hall = Hall({PATH: [REPLY]})
        reply = await hall.client().request("GET", PATH, {"asset": "USDT"}, quota=FIVE)
        (sent,) = hall.exchange.calls(PATH)
        assert sent.headers["X-BX-APIKEY"] == "the-api-key-AAAA"
        return reply, sent.params

    reply, params = run(backend, main)
    assert reply["data"] == {"balance": Decimal("0.10000000000000000555"), "id": 1853127749402681347}
    assert (reply["code"], reply["timestamp"]) == (0, 1790000000001)
    assert sorted(params) == ["asset", "recvWindow", "signature", "timestamp"]


@backends
def test_parameters_are_written_out(backend: Backend) -> None:
    """Decimals in plain notation, moments as epoch ms, lists as JSON, which travels in the query string."""

    async def main() -> tuple[str, dict[str, str]]:
        hall = Hall()
        params = {
            "amount": Decimal("1e-7"),
            "since": datetime(2026, 9, 21, tzinfo=UTC),
            "on": True,
            "n": 7,
            "orders": [{"price": Decimal("1.50"), "n": 1}],
        }
        await hall.client(carrier="json").request("POST", PATH, params, quota=FIVE, effect="change")
        (sent,) = hall.exchange.calls(PATH)
        return sent.carrier, {name: sent.params[name] for name in params}

    assert run(backend, main) == (
        "query",
        {
            "amount": "0.0000001",
            "since": "1789948800000",
            "on": "true",
            "n": "7",
            "orders": '[{"price":"1.50","n":1}]',
        },
    )


@backends
def test_the_quota_holds(backend: Backend) -> None:
    """Of two calls at once under one per second, the second leaves when the first is no longer counted."""

    async def main() -> list[float]:
        hall = Hall({PATH: [REPLY]})
        client = hall.client()
        for _ in range(2):
            await client.request("GET", PATH, quota=Quota(1, 1.0))
        with raising(QuotaWait):
            await client.request("GET", PATH, quota=Quota(1, 1.0), max_wait=0)
        first, second = (sent.at for sent in hall.exchange.calls(PATH))
        return [second - first]

    assert run(backend, main)[0] >= 1000.0


@backends
@pytest.mark.parametrize(("method", "effect"), [("GET", None), ("POST", "read")])
def test_a_lost_read_is_repeated(method: str, effect: Any, backend: Backend) -> None:
    """A GET is a read unless the caller says otherwise: if its connection is lost, it is sent again."""

    async def main() -> tuple[int, Any]:
        hall = Hall({PATH: [httpx.ReadError("lost"), REPLY]})
        reply = await hall.client().request(method, PATH, quota=FIVE, effect=effect)
        return len(hall.exchange.calls(PATH)), reply["code"]

    assert run(backend, main) == (2, 0)


@backends
def test_a_read_never_may_have_run(backend: Backend) -> None:
    """Without an answer in time it failed, whatever its method."""

    async def main() -> None:
        with raising(ReadFailed):
            await Hall({PATH: [HANG]}).client().request("POST", PATH, quota=FIVE, effect="read", timeout=1.0)

    run(backend, main)


@backends
@pytest.mark.parametrize("effect", ["cancel", "create", "change"])
def test_a_lost_write_is_unknown(effect: Any, backend: Backend) -> None:
    """Its answer is lost: it may have run, is not sent again, and the error names the ids to ask for."""

    async def main() -> tuple[int, OutcomeUnknown]:
        hall = Hall({PATH: [HANG]})
        with raising(OutcomeUnknown) as caught:
            params = {"newClientOrderId": "a7", "n": 1}
            await hall.client().request("POST", PATH, params, quota=FIVE, effect=effect, timeout=1.0)
        return len(hall.exchange.calls(PATH)), caught[0]

    count, error = run(backend, main)
    assert (count, error.client_order_ids, error.params) == (1, ("a7",), {"newClientOrderId": "a7", "n": 1})


@backends
def test_replies_without_a_code(backend: Backend) -> None:
    """They are accepted where the caller expects them, by HTTP status; else a write's outcome is unknown."""

    async def main() -> list[Any]:
        hall = Hall({PATH: ['{"rate":1.50}', '{"rate":1.50}', "", (404, "")]})
        client = hall.client()
        with raising(UnreadableReply):
            await client.request("POST", PATH, quota=FIVE, effect="change")
        found = [await client.request("POST", PATH, quota=FIVE, effect="change", has_code=False) for _ in range(2)]
        with raising(ApiError) as caught:
            await client.request("POST", PATH, quota=FIVE, effect="change", has_code=False)
        return [*found, caught[0].http_status]

    assert run(backend, main) == [{"rate": Decimal("1.50")}, {}, 404]


@backends
def test_without_keys(backend: Backend) -> None:
    """A public endpoint needs no key; it is counted for the address, so no quota is named."""

    async def main() -> dict[str, str]:
        hall = Hall({PATH: [REPLY]})
        client = hall.client(None, None)
        with raising(InvalidRequest):
            await client.request("GET", PATH, quota=FIVE)
        await client.request("GET", PATH, quota=None, auth="public", group=IpGroup.MARKET)
        (sent,) = hall.exchange.calls(PATH)
        return {"key": sent.headers.get("X-BX-APIKEY", "none"), **sent.params}

    assert run(backend, main) == {"key": "none", "timestamp": "1790000000000"}


@backends
def test_one_route_has_one_quota(backend: Backend) -> None:
    """A second description of a route is refused, also from another client of the account; other accounts are free."""

    async def main() -> list[str]:
        hall = Hall({PATH: [REPLY]})
        first, second, other = hall.client(), hall.client(), hall.client(account="2")
        await first.request("GET", PATH, quota=FIVE)
        await other.request("GET", PATH, quota=Quota(7, 1.0))
        await second.request("POST", PATH, quota=Quota(7, 1.0), effect="change")
        messages = []
        others: list[tuple[BingXClient, Any]] = [
            (first, {"quota": Quota(7, 1.0)}),
            (second, {"quota": FIVE, "effect": "change"}),
        ]
        for client, more in others:
            with raising(InvalidRequest) as caught:
                await client.request("GET", PATH, **more)
            messages.append(str(caught[0]))
        assert len(hall.exchange.calls(PATH)) == 3
        return messages

    for message in run(backend, main):
        assert message.startswith(f"GET {PATH} was called before with quota=Quota(5, 1), effect='read', auth='signed'")


@backends
def test_a_declared_route_keeps_its_quota(backend: Backend) -> None:
    """What this library declares counts in one bucket with its methods: the quota in force has to be named."""

    async def main() -> str:
        hall = Hall()
        client = hall.client()
        await client.request("GET", QUERY, {"symbol": "BTC-USDT", "orderId": 7}, quota=Quota(10, 1.0))
        with raising(InvalidRequest) as caught:
            await client.request("GET", QUERY, quota=Quota(20, 1.0))
        assert [bucket.quota for bucket in hall.governor.snapshot().buckets if "account" in str(bucket.key)] == [
            Quota(10, 1.0)
        ]
        return str(caught[0])

    assert run(backend, main).startswith(f"GET {QUERY} is get_order with quota=Quota(10, 1)")


@backends
def test_an_unlimited_governor_takes_any(backend: Backend) -> None:
    """Under the profile "unlimited" the quota that is named does not count."""

    async def main() -> int:
        hall = Hall(profile="unlimited")
        for limit in (1, 2):
            await hall.client().request("GET", QUERY, quota=Quota(limit, 1.0), max_wait=0)
        return len(hall.exchange.calls(QUERY))

    assert run(backend, main) == 2


BAD: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (("get", PATH), {}, "method='get' must be one of GET, POST, PUT, DELETE"),
    (("POST", PATH), {}, "say what a POST does: effect='read', 'cancel', 'create' or 'change'"),
    (("GET", PATH), {"effect": "write"}, "effect='write' must be"),
    (("GET", PATH), {"auth": "none"}, "auth='none' must be 'signed', 'key' or 'public'"),
    (("GET", PATH), {"group": 2.5}, "group=2.5 must be an IpGroup"),
    (("GET", PATH), {"quota": None}, "quota=None must be a Quota"),
    (("GET", PATH), {"quota": 5}, "quota=5 must be a Quota, such as Quota(5, 1.0)"),
    *(
        (("GET", path), {}, "must be a path alone")
        for path in (
            "openApi/x",
            "/openApi/../x",
            "/x?symbol=1",
            "/x#y",
            "https://x/y",
            "/x//y",
            "/x/",
            "",
            "/x%2Fy",
            7,
        )
    ),
    (("GET", PATH, [1]), {}, "params=[1] must be a mapping"),
    (("GET", PATH, {"a": 0.1}), {}, "a=0.1 is of type float: write Decimal('0.1')"),
    (("GET", PATH, {"a": None}), {}, "or leave it out"),
    (("GET", PATH, {"a": datetime(2026, 9, 21, tzinfo=UTC).replace(tzinfo=None)}), {}, "an aware datetime"),
    (("GET", PATH, {"a": Decimal("NaN")}), {}, "is of type Decimal"),
    (("GET", PATH, {"a": [{"b": 0.5}]}), {}, "a=0.5 is of type float"),
    (("GET", PATH, {"a": "1&b=2"}), {}, "a='1&b=2' is empty, or holds characters"),
    (("GET", PATH, {"a&b": 1}), {}, "'a&b' is not the name of a parameter"),
    (("GET", PATH, {"timestamp": 1}), {}, "leave out timestamp"),
    (("GET", PATH, {"signature": "x"}), {}, "leave out signature"),
]


@backends
@pytest.mark.parametrize(("given", "named", "message"), BAD)
def test_refused_here(given: tuple[Any, ...], named: dict[str, Any], message: str, backend: Backend) -> None:
    """`InvalidRequest` with the cure in its text; nothing is sent."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest) as caught:
            await hall.client().request(*given, **{"quota": FIVE, **named})
        assert message in str(caught.value)
        assert hall.exchange.sent == []

    run(backend, main)


@backends
def test_a_refusal_is_an_api_error(backend: Backend) -> None:
    """The exchange's no comes with its code and text."""

    async def main() -> tuple[int | None, str]:
        hall = Hall({PATH: [refused(100204, "no data")]})
        with raising(ApiError) as caught:
            await hall.client().request("GET", PATH, quota=FIVE)
        return caught[0].code, caught[0].message

    assert run(backend, main) == (100204, "no data")
