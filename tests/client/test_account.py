"""The account: balances, rights, listen keys; no key of any kind shows where it should not."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from typing import Any

import pytest

from bingx_async import (
    ApiError,
    Balance,
    BingXClient,
    BingXError,
    InvalidRequest,
    OutcomeUnknown,
    UnreadableReply,
)
from bingx_async.account.balances import GET_OVERVIEW, LIST_BALANCES, LIST_FUND_BALANCES
from bingx_async.account.listen_key import PATH
from bingx_async.account.permissions import GET_PERMISSIONS, GET_UID
from tests.client.exchange import HANG, Backend, Hall, backends, raising, refused, run

SECRET_KEY = "a8ea75681542e66f1a50a1616dd06ed77dab61baa0c296bca03a9b13ee5f2dd7"
API_KEY = "abcdefghijklmnopqrstuvwxyz0123456789"


def ok(data: Any) -> str:
    """A reply with these data."""
    return json.dumps({"code": 0, "data": data})


@backends
@pytest.mark.parametrize("name", ["balances", "assets"])
def test_fund_balances(name: str, backend: Backend) -> None:
    """The list stands under either of two names; an asset is asked for by its name."""

    async def main() -> tuple[list[Balance], dict[str, str]]:
        hall = Hall({LIST_FUND_BALANCES.path: [ok({name: [{"asset": "USDT", "free": "1.5", "locked": "0.25"}]})]})
        found = await hall.client().account.list_fund_balances("USDT")
        return found, hall.exchange.calls()[0].params

    (balance,), params = run(backend, main)
    assert (balance.asset, str(balance.total), params["asset"]) == ("USDT", "1.75", "USDT")


@backends
@pytest.mark.parametrize("data", [{"result": [{"accountType": "new", "usdtBalance": "1"}]}, [{"accountType": "new"}]])
def test_overview(data: Any, backend: Backend) -> None:
    """The list stands in `result` or is all of the data; an account type that is not known is kept."""

    async def main() -> list[str]:
        hall = Hall({GET_OVERVIEW.path: [ok(data)]})
        return [each.account_type for each in await hall.client().account.get_overview("new")]

    assert run(backend, main) == ["new"]


@backends
def test_nothing_to_show(backend: Backend) -> None:
    """After code 0 nothing raises: what is missing is empty."""

    async def main() -> list[Any]:
        hall = Hall({path: [ok(None)] for path in (LIST_BALANCES.path, GET_UID.path)})
        account = hall.client().account
        return [await account.list_balances(), await account.get_uid()]

    assert run(backend, main) == [[], ""]


@backends
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_api_key_is_masked(wrapped: bool, backend: Backend) -> None:
    """Of the key four characters are kept, in the model and in its `raw`, with or without an envelope."""
    rights = {"apiKey": API_KEY, "permissions": [1, 99], "ipAddresses": [], "note": "n"}

    async def main() -> Any:
        hall = Hall({GET_PERMISSIONS.path: [ok(rights) if wrapped else json.dumps(rights)]})
        return await hall.client().account.get_permissions()

    found = run(backend, main)
    assert (found.api_key, found.raw["apiKey"], found.permissions) == ("abcd***", "abcd***", ("1", "99"))
    assert API_KEY not in repr(found) + str(found.raw)


@backends
@pytest.mark.parametrize("reply", [{"listenKey": SECRET_KEY}, ok({"listenKey": SECRET_KEY})])
def test_a_listen_key(reply: Any, backend: Backend) -> None:
    """It is made with the API key alone, extended and ended by the query string; an empty body is success."""

    async def main() -> list[tuple[str, str, bytes, bool]]:
        hall = Hall({PATH: [reply if isinstance(reply, str) else json.dumps(reply), "", ""]})
        account = hall.client().account
        key = await account.create_listen_key()
        assert (key == SECRET_KEY, repr(key), f"{key}") == (True, "ListenKey(***)", SECRET_KEY)
        await account.extend_listen_key(key)
        await account.delete_listen_key(str(key))
        return [(it.method, it.query, it.body, "X-BX-APIKEY" in it.headers) for it in hall.exchange.calls(PATH)]

    assert run(backend, main) == [
        ("POST", "", b"", True),
        ("PUT", f"listenKey={SECRET_KEY}", b"", True),
        ("DELETE", f"listenKey={SECRET_KEY}", b"", True),
    ]


FAILURES: list[tuple[Any, type[BingXError]]] = [
    ((404, ""), ApiError),
    ((404, '{"code":100400,"msg":"unknown"}'), ApiError),
    ((204, ""), UnreadableReply),
    (HANG, OutcomeUnknown),
    (refused(100400, f"listenKey {SECRET_KEY} is wrong"), ApiError),
    (refused(100410, f"rate limited {SECRET_KEY}"), ApiError),
    ((502, SECRET_KEY), OutcomeUnknown),
]


@backends
@pytest.mark.parametrize("name", ["extend_listen_key", "delete_listen_key"])
@pytest.mark.parametrize(("answer", "kind"), FAILURES)
def test_no_error_holds_it(
    answer: Any, kind: type[BingXError], name: str, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither text, fields, traceback nor log show a listen key, however the call failed."""
    caplog.set_level(logging.DEBUG)

    async def main() -> tuple[BaseException, str]:
        account = Hall({PATH: [answer]}).client().account
        with pytest.raises(kind) as caught:
            await getattr(account, name)(SECRET_KEY, timeout=1.0, max_wait=0)
        stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        return caught.value, repr([frame.locals for frame in stack if "/bingx_async/" in frame.filename])

    error, shown = run(backend, main)
    fields = str(error) + repr(vars(error)) + repr(vars(copy.copy(error))) + repr(pickle.dumps(error))
    assert SECRET_KEY not in shown + fields + caplog.text


@backends
def test_an_unknown_key(backend: Backend) -> None:
    """HTTP status 404 says that the exchange does not know the key; the error says what to do."""

    async def main() -> tuple[str, int]:
        with raising(ApiError) as caught:
            await Hall({PATH: [(404, "")]}).client().account.extend_listen_key(SECRET_KEY)
        return caught[0].message, caught[0].http_status

    wanted = "the exchange does not know this listen key, which lives for 60 minutes; create another"
    assert run(backend, main) == (wanted, 404)


@backends
def test_no_key_in_the_reply(backend: Backend) -> None:
    """A reply without a key is an error: there would be nothing to open the stream with."""

    async def main() -> None:
        with raising(ApiError):
            await Hall({PATH: ["{}"]}).client().account.create_listen_key()

    run(backend, main)


@backends
@pytest.mark.parametrize("bad", ["", "a&b=1", "a b", None, 7, b"x"])
def test_no_listen_key(bad: Any, backend: Backend) -> None:
    """What is no listen key is refused here, and not shown."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest, match="listen_key must be the text that create_listen_key gave"):
            await hall.client().account.extend_listen_key(bad)
        assert hall.exchange.sent == []

    run(backend, main)


@backends
@pytest.mark.parametrize("bad", ["", "US DT", "U&x", None, 7])
def test_no_asset(bad: Any, backend: Backend) -> None:
    """An asset or account type that could only be refused is refused here."""

    async def main() -> None:
        hall = Hall()
        for act in (hall.client().account.list_fund_balances, hall.client().account.get_overview):
            if bad is not None:
                with pytest.raises(InvalidRequest, match="must be letters and digits"):
                    await act(bad)
        assert hall.exchange.sent == []

    run(backend, main)


@backends
def test_without_keys(backend: Backend) -> None:
    """A client without keys says so at once when an account is asked for."""

    async def main() -> None:
        hall = Hall()
        client: BingXClient = hall.client(None, None)
        with pytest.raises(InvalidRequest, match="no API key"):
            await client.account.list_balances()
        assert hall.exchange.sent == []

    run(backend, main)
