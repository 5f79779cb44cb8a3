"""Opening, closing, sharing, and what a client shows of itself."""

from __future__ import annotations

import importlib.metadata
import re

import anyio
import httpx
import pytest

import bingx_async
from bingx_async import BingXClient, ClientClosed, Governor, InvalidRequest, Priority, Quota, QuotaWait
from bingx_async.core.events import Event
from bingx_async.testing import simulated_clock
from tests.client.exchange import CANCEL, KEY, SECRET, TIME, Backend, Exchange, Hall, backends, in_turn, raising, run


@backends
def test_waiting_calls_fail(backend: Backend) -> None:
    """Closing lets the calls in flight end, and those that wait fail at once with `ClientClosed`, unsent."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        await client.sync_clock()
        closed: list[float] = []

        async def cancel(expect_closed: bool) -> None:
            if expect_closed:
                with raising(ClientClosed) as caught:
                    await client.spot.cancel_order("BTC-USDT", 1)
                assert "it was not sent" in str(caught[0])
                closed.append(round(hall.exchange.now()))
            else:
                await client.spot.cancel_order("BTC-USDT", 1)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(cancel, number >= 5)
                await in_turn()
            await anyio.sleep(0.01)
            await client.aclose()
        assert closed == [60] * 3
        assert len(hall.exchange.calls(CANCEL)) == 5
        assert hall.governor.snapshot().waiting == 0

    run(backend, main)


@backends
def test_closed_in_the_instant_of_the_grant(backend: Backend) -> None:
    """A call that was granted in the very moment of closing is not sent, and its token goes back."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        await client.sync_clock()
        for _ in range(5):
            await client.spot.cancel_order("BTC-USDT", 1)
        free_at = hall.governor.eta(CANCEL, account=1)

        async def cancel() -> None:
            with raising(ClientClosed):
                await client.spot.cancel_order("BTC-USDT", 1)

        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            await in_turn()
            await anyio.sleep(free_at - 0.001)
            tell = hall.governor.reporter.granted
            hall.governor.reporter.granted = lambda permit, since: setattr(client._caller, "is_closed", True)  # type: ignore[method-assign]
        hall.governor.reporter.granted = tell  # type: ignore[method-assign]
        assert len(hall.exchange.calls(CANCEL)) == 5
        bucket = hall.governor.snapshot().find("1 POST " + CANCEL)
        assert bucket is not None
        assert (bucket.available, bucket.in_flight) == (1, 0)

    run(backend, main)


@backends
def test_others_wait_on(backend: Backend) -> None:
    """Closing one client does not touch the waiting calls of another on the same governor."""

    async def main() -> None:
        hall = Hall()
        first, second = hall.client(), hall.client()
        await first.sync_clock()
        async with anyio.create_task_group() as group:
            for _ in range(7):
                group.start_soon(second.spot.cancel_order, "BTC-USDT", 1)
            await anyio.sleep(0.01)
            await first.aclose()
        assert len(hall.exchange.calls(CANCEL)) == 7

    run(backend, main)


@backends
def test_after_closing(backend: Backend) -> None:
    """A closed client refuses calls and cannot be entered; closing twice is harmless; accounts end with it."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        other = client.for_account(api_key="k", secret_key="s")
        async with client as entered:
            assert entered is client
            assert len(hall.exchange.calls(TIME)) == 3
        await client.aclose()
        for each in (client, other):
            with raising(ClientClosed):
                await each.spot.cancel_order("BTC-USDT", 1)
            with raising(ClientClosed):
                await each.__aenter__()
            with raising(ClientClosed):
                await each.sync_clock()
        assert not hall.exchange.is_closed  # a transport that was handed in belongs to its owner
        assert repr(client).endswith("closed>")

    run(backend, main)


@backends
def test_an_account_closes_only_itself(backend: Backend) -> None:
    """Leaving a client from `for_account` ends its own calls, and the first client goes on."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        async with client.for_account(api_key="k", secret_key="s") as other:
            await other.spot.cancel_order("BTC-USDT", 1)
        with raising(ClientClosed):
            await other.spot.cancel_order("BTC-USDT", 1)
        await client.spot.cancel_order("BTC-USDT", 2)
        assert [call.params["orderId"] for call in hall.exchange.calls(CANCEL)] == ["1", "2"]
        assert (repr(other).endswith("closed>"), repr(client).endswith("open>")) == (True, True)
        await client.aclose()
        with raising(ClientClosed):
            await client.for_account(api_key="k", secret_key="s").spot.cancel_order("BTC-USDT", 3)

    run(backend, main)


@backends
def test_clock_is_read_once(backend: Backend) -> None:
    """A second client on the same governor does not read the clock again."""

    async def main() -> None:
        hall = Hall()
        async with hall.client(), hall.client():
            assert len(hall.exchange.calls(TIME)) == 3

    run(backend, main)


@backends
def test_environment(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and host come from the environment where they are not given."""
    monkeypatch.setenv("BINGX_API_KEY", KEY)
    monkeypatch.setenv("BINGX_SECRET_KEY", SECRET)
    monkeypatch.setenv("BINGX_BASE_URL", "http://127.0.0.1:8080")

    async def main() -> None:
        exchange = Exchange()
        client = BingXClient(governor=Governor(clock=simulated_clock()), transport=exchange)
        await client.spot.cancel_order("BTC-USDT", 1)
        (call,) = exchange.calls(CANCEL)
        assert call.host == "127.0.0.1"
        assert call.headers["X-BX-APIKEY"] == KEY
        given = BingXClient("another", "pair", base_url="https://example.org", transport=exchange)
        assert "https://example.org" in repr(given)
        assert given.account.owner != client.account.owner

    run(backend, main)


@backends
def test_without_keys(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys the clock can be read; a signed call says what is missing, and nothing is sent."""
    for name in ("BINGX_API_KEY", "BINGX_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    async def main() -> None:
        hall = Hall()
        async with hall.client(None, None) as client:
            with raising(InvalidRequest) as caught:
                await client.spot.cancel_order("BTC-USDT", 1)
        assert "pass api_key and secret_key, or set BINGX_API_KEY and BINGX_SECRET_KEY" in str(caught[0])
        assert hall.exchange.calls() == []

    run(backend, main)


@backends
def test_for_account(backend: Backend) -> None:
    """A client for another account signs with its own key and has its own quota; the rest is shared."""

    async def main() -> None:
        hall = Hall()
        client = hall.client(recv_window=1234, max_wait=0)
        other = client.for_account(api_key="other-key", secret_key="other-secret", account=22)
        assert (other.account.owner, other.governor, other.clock) == ("22", client.governor, client.clock)
        for each in (client, other):
            for _ in range(5):
                await each.spot.cancel_order("BTC-USDT", 1)
        calls = hall.exchange.calls(CANCEL)
        assert [call.headers["X-BX-APIKEY"] for call in calls] == [KEY] * 5 + ["other-key"] * 5
        assert {call.params["recvWindow"] for call in calls} == {"1234"}
        for each in (client, other):
            await each.spot.get_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(TIME)) == 3
        with raising(InvalidRequest):
            client.for_account(api_key="a b", secret_key="s")

    run(backend, main)


@backends
def test_with_options(backend: Backend) -> None:
    """The same client with other defaults: one account, one clock, one governor; a call's own options win."""

    async def main() -> None:
        hall = Hall()
        client = hall.client(recv_window=4000)
        hasty = client.with_options(max_wait=0, recv_window=1000, priority=Priority.KILL_SWITCH)
        assert (hasty.account.owner, hasty.governor, hasty.clock) == (
            client.account.owner,
            client.governor,
            client.clock,
        )
        for _ in range(4):
            await hasty.spot.cancel_order("BTC-USDT", 1)
        await hasty.with_options(max_wait=1).spot.cancel_order("BTC-USDT", 1, recv_window=2000)
        with raising(QuotaWait):
            await hasty.spot.cancel_order("BTC-USDT", 1)
        await client.spot.cancel_order("BTC-USDT", 1)
        windows = [call.params["recvWindow"] for call in hall.exchange.calls(CANCEL)]
        assert windows == ["1000"] * 4 + ["2000", "4000"]
        for each in (client, hasty):
            await each.spot.get_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(TIME)) == 3

    run(backend, main)


@backends
def test_with_options_goes_first(backend: Backend) -> None:
    """Calls of a client with a more urgent priority leave before those that wait already."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL: Quota(1, 1.0)})
        client = hall.client()
        await client.sync_clock()
        urgent = client.with_options(priority=Priority.KILL_SWITCH)
        async with anyio.create_task_group() as group:
            for number in range(1, 4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
                await in_turn()
            group.start_soon(urgent.spot.cancel_order, "BTC-USDT", 4)
        assert [call.params["orderId"] for call in hall.exchange.calls(CANCEL)] == ["1", "4", "2", "3"]

    run(backend, main)


@backends
def test_with_options_lives_with_its_client(backend: Backend) -> None:
    """It ends with the client it was made from, be that one the first or another account's."""

    async def main() -> None:
        hall = Hall()
        first = hall.client()
        other = first.for_account(api_key="k", secret_key="s")
        of_first, of_other = first.with_options(timeout=1), other.with_options(timeout=1)
        of_view = of_other.with_options(max_wait=1)
        clients = (first, of_first, other, of_other, of_view)

        def open_ones() -> list[bool]:
            return [repr(each).endswith("open>") for each in clients]

        await other.aclose()
        assert open_ones() == [True, True, False, False, False]
        with raising(ClientClosed):
            await of_view.spot.cancel_order("BTC-USDT", 1)
        await of_first.spot.cancel_order("BTC-USDT", 1)
        await first.aclose()
        assert open_ones() == [False] * 5
        with raising(ClientClosed):
            await first.with_options(timeout=1).spot.cancel_order("BTC-USDT", 1)

    run(backend, main)


@backends
def test_with_options_closes_only_itself(backend: Backend) -> None:
    """Entering and leaving it ends its own calls, and the client it was made from goes on."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        async with client.with_options(timeout=1) as quick:
            await quick.spot.cancel_order("BTC-USDT", 1)
        with raising(ClientClosed):
            await quick.spot.cancel_order("BTC-USDT", 1)
        await client.spot.cancel_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(CANCEL)) == 2

    run(backend, main)


@backends
def test_with_wrong_options(backend: Backend) -> None:
    """Wrong options are refused at once, like those of a call."""

    async def main() -> None:
        client = Hall().client()
        with pytest.raises(InvalidRequest, match="must be seconds above 0"):
            client.with_options(timeout=0)
        with pytest.raises(TypeError, match="unexpected argument patience"):
            client.with_options(patience=1)  # type: ignore[call-arg]

    run(backend, main)


@backends
def test_broken_observer(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """An `on_event` that raises is logged; calls do not notice."""

    def observer(event: Event) -> None:
        raise ZeroDivisionError("the observer is broken")

    async def main() -> None:
        exchange = Exchange()
        governor = Governor(clock=simulated_clock(), on_event=observer)
        client = BingXClient(KEY, SECRET, governor=governor, transport=exchange)
        async with anyio.create_task_group() as group:
            for _ in range(7):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", 1)
        assert len(exchange.calls(CANCEL)) == 7

    run(backend, main)
    assert "on_event failed" in caplog.messages


def test_repr() -> None:
    """A client shows host, account and state."""
    client = BingXClient(KEY, SECRET, account=5, transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    assert repr(client) == "<BingXClient https://open-api.bingx.com account 5, open>"
    assert repr(client.spot) == "SpotApi()"


def test_version() -> None:
    """The user agent names the version that is imported."""
    assert bingx_async.__version__.count(".") == 2
    assert importlib.metadata.version("httpx").startswith("0.28")


@pytest.mark.parametrize(
    ("api_key", "secret_key", "message"),
    [
        ("", "s", "the api_key is empty; for market data give no key"),
        ("k", "", "the secret_key is empty; for market data give no key"),
        ("", "", "the api_key is empty; for market data give no key"),
        ("k", None, "the secret_key is missing; give both or neither"),
        (None, "s", "the api_key is missing; give both or neither"),
    ],
)
def test_keys_are_checked(
    api_key: str | None, secret_key: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty and half-given keys are refused when the client is made, not at its first call."""
    monkeypatch.delenv("BINGX_API_KEY", raising=False)
    monkeypatch.delenv("BINGX_SECRET_KEY", raising=False)
    with pytest.raises(InvalidRequest, match=re.escape(message)):
        BingXClient(api_key, secret_key)


@pytest.mark.parametrize(
    ("name", "other"), [("BINGX_API_KEY", "BINGX_SECRET_KEY"), ("BINGX_SECRET_KEY", "BINGX_API_KEY")]
)
def test_keys_of_the_environment_are_checked(name: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is missing or empty while the other one is set is refused too."""
    monkeypatch.setenv(name, "value")
    monkeypatch.delenv(other, raising=False)
    with pytest.raises(InvalidRequest, match="is missing; give both or neither"):
        BingXClient()


@backends
def test_no_keys_on_purpose(backend: Backend) -> None:
    """A client without any key serves market data, and says at a call that needs a key what is missing."""

    async def main() -> None:
        hall = Hall()
        client = hall.client(None, None)
        await client.spot.get_depth("BTC-USDT")
        with raising(InvalidRequest):
            await client.spot.cancel_order("BTC-USDT", 1)
        assert len(hall.exchange.calls(CANCEL)) == 0

    run(backend, main)
