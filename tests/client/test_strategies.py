"""Two strategies and a person trade on one account: each sees and cancels its own orders, and never another's."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import (
    BingXClient,
    CancelStatus,
    InvalidRequest,
    NewOrder,
    PlaceStatus,
    ReadFailed,
)
from bingx_async.spot import Strategy
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.client_ids import ClientIds
from bingx_async.spot.oco import CANCEL_OCO_ORDER
from bingx_async.spot.oco_queries import LIST_OPEN_OCO_ORDERS
from bingx_async.spot.queries import LIST_OPEN_ORDERS
from bingx_async.spot.replacing import REPLACE_ORDER
from tests.client.account import LIMIT, OCO, Account, reply
from tests.client.exchange import HANG, Backend, Sent, backends, refused, run


async def crowd(account: Account) -> tuple[Strategy, Strategy, BingXClient]:
    """Two strategies and a person, each with 12 plain orders of two symbols and an OCO order."""
    client = account.client()
    grid, grid7 = client.spot.as_strategy("grid"), client.spot.as_strategy("grid7")
    for trader in (grid, client.spot, grid7):
        for number in range(12):
            fields: dict[str, Any] = {**LIMIT, "symbol": ("BTC-USDT", "ETH-USDT")[number % 2]}
            await trader.place_order(**fields)
        await trader.place_oco_order("BTC-USDT", "SELL", **OCO)
    account.add("ladder-7_04")
    account.add("")
    return grid, grid7, client


@backends
def test_cancel_mine(backend: Backend) -> None:
    """Everything of the strategy goes, plain and OCO, in all symbols; of the others every order stays. The lists and
    the outcomes are those of its own orders."""

    async def main() -> None:
        account = Account()
        grid, grid7, client = await crowd(account)
        before = account.names()
        mine = [name for name in before if ClientIds("grid7").is_mine(name)]
        assert len(mine) == 13
        assert [order.client_order_id for order in await grid7.list_open_orders()] == mine[:12]
        assert len(await grid7.list_open_orders("BTC-USDT")) == 6
        (pair,) = await grid7.list_open_oco_orders()
        assert (pair.legs[0].client_order_id, len(pair.legs)) == (mine[12], 2)
        done = await grid7.cancel_mine()
        assert [outcome.status for outcome in done] == [CancelStatus.CANCELLED] * 13
        assert {outcome.id for outcome in done if isinstance(outcome.id, str)} == {mine[12]}
        assert account.names() == [name for name in before if name not in mine]
        assert await grid7.cancel_mine() == []
        assert len(await grid.cancel_mine()) == 13
        assert len(await client.spot.list_open_orders()) == 14
        assert len(account.pairs) == 1
        assert account.sent(CANCEL_OPEN_ORDERS.path) == []

    run(backend, main)


@backends
def test_cancel_mine_of_a_symbol(backend: Backend) -> None:
    """With a symbol, the orders of that symbol alone."""

    async def main() -> None:
        account = Account()
        _, grid7, _ = await crowd(account)
        assert len(await grid7.cancel_mine("ETH-USDT")) == 6
        assert len(await grid7.cancel_mine("BTC-USDT")) == 7
        assert await grid7.cancel_mine() == []
        with pytest.raises(InvalidRequest, match="is not a trading pair"):
            await grid7.cancel_mine("BTCUSDT")

    run(backend, main)


@backends
def test_looks_again(backend: Backend) -> None:
    """An order that is placed in the meantime goes too; one whose cancel was refused is tried again after a second; one
    that was cancelled, and is in the list for a moment more, is not cancelled twice."""

    async def main() -> None:
        account = Account()
        client = account.client()
        grid7 = client.spot.as_strategy("grid7")
        slow = await grid7.place_order(**LIMIT)
        stubborn = await grid7.place_order(**LIMIT)
        times: list[float] = []

        def cancel_several(sent: Sent) -> str:
            times.append(sent.at)
            if len(times) > 1:
                return account.cancel_several(sent)
            account.add("bx_grid7_late")
            fail = {"orderId": stubborn.order_id, "error": "The same order can only be submitted once per second"}
            return reply({"orders": [account.orders[slow.order_id or 0]], "fails": [fail]})

        account.hall.exchange.answers[CANCEL_ORDERS.path] = [cancel_several]
        done = await grid7.cancel_mine()
        assert [outcome.status.value for outcome in done] == ["cancelled"] * 3
        ids = [params["orderIds"].split(",") for params in account.sent(CANCEL_ORDERS.path)]
        assert ids == [[str(slow.order_id), str(stubborn.order_id)], [str(stubborn.order_id), str(account.next_id)]]
        assert times[1] - times[0] >= 1200
        assert [order["orderId"] for order in account.orders.values()] == [slow.order_id]

    run(backend, main)


@backends
def test_what_cannot_be_cancelled(backend: Backend) -> None:
    """Nothing raises once the list was seen: the outcomes say what is left, and why."""

    async def main() -> None:
        answers = {CANCEL_ORDERS.path: [refused(100202, "no")], CANCEL_OCO_ORDER.path: [refused(100202, "no")]}
        account = Account(**answers)
        client = account.client()
        grid7 = client.spot.as_strategy("grid7")
        await grid7.place_order(**LIMIT)
        await grid7.place_oco_order("BTC-USDT", "SELL", **OCO)
        done = await grid7.cancel_mine()
        assert [(outcome.status.value, outcome.code) for outcome in done] == [("refused", 100202)] * 2
        assert len(account.sent(CANCEL_OCO_ORDER.path)) == 3

    run(backend, main)


@backends
def test_a_leg_without_its_pair(backend: Backend) -> None:
    """A leg that was triggered may stand among the plain orders alone, and is cancelled there; one whose pair is listed
    goes with its pair."""

    async def main() -> None:
        account = Account()
        client = account.client()
        grid, ids = client.spot.as_strategy("grid"), ClientIds("grid")
        alone = account.add(ids.new_oco_id(1.0))
        account.add(ClientIds("other").new_oco_id(1.0))
        await grid.place_oco_order("BTC-USDT", "SELL", **OCO)
        (legs,) = account.pairs.values()
        shown = account.add(legs[1]["clientOrderId"])
        shown["orderId"] = int(legs[1]["orderId"])
        done = await grid.cancel_mine()
        assert {outcome.id: outcome.status for outcome in done} == {
            alone["orderId"]: CancelStatus.CANCELLED,
            legs[0]["clientOrderId"]: CancelStatus.CANCELLED,
        }
        assert account.pairs == {}
        assert [sent["orderIds"] for sent in account.sent(CANCEL_ORDERS.path)] == [str(alone["orderId"])]

    run(backend, main)


@backends
@pytest.mark.parametrize("path", [LIST_OPEN_ORDERS.path, LIST_OPEN_OCO_ORDERS.path])
def test_a_list_that_cannot_be_seen(path: str, backend: Backend) -> None:
    """Without the list the error is raised; once something was cancelled a failing look ends it quietly."""

    async def main() -> None:
        account = Account(**{path: [HANG]})
        grid7 = account.client(timeout=1).spot.as_strategy("grid7")
        order = await grid7.place_order(**LIMIT)
        with pytest.raises(ReadFailed):
            await grid7.cancel_mine()
        assert list(account.orders) == [order.order_id]
        listed = account.list_orders if path == LIST_OPEN_ORDERS.path else account.list_pairs
        account.hall.exchange.answers[path] = [listed, HANG]
        assert [outcome.status.value for outcome in await grid7.cancel_mine()] == ["cancelled"]

    run(backend, main)


@backends
def test_deadline(backend: Backend) -> None:
    """What was not reached in time is NOT_SENT, and the call ends then."""

    async def main() -> None:
        account = Account(**{CANCEL_ORDERS.path: [HANG], CANCEL_ORDER.path: [HANG]})
        _, grid7, _ = await crowd(account)
        before = account.hall.exchange.now()
        done = await grid7.cancel_mine(deadline=3)
        assert account.hall.exchange.now() - before < 3500
        assert {outcome.status.value for outcome in done} == {"unknown", "not sent"}
        assert done[-1].error == "not sent: the deadline was over"
        assert len(done) == 13
        with pytest.raises(InvalidRequest, match="deadline=0 must be seconds above 0"):
            await grid7.cancel_mine(deadline=0)

    run(backend, main)


@backends
def test_one_order(backend: Backend) -> None:
    """An order is shown and cancelled if it is its own, by either id; any other is left alone, and so is one whose
    mark the exchange does not tell."""

    async def main() -> None:
        account = Account()
        client = account.client()
        grid7, grid = client.spot.as_strategy("grid7"), client.spot.as_strategy("grid")
        mine, also, third = [await grid7.place_order(**LIMIT) for _ in range(3)]
        others = [await grid.place_order(**LIMIT), await client.spot.place_order(**LIMIT)]
        unmarked = account.add("")
        assert (await grid7.get_order("BTC-USDT", mine.order_id)).client_order_id == mine.client_order_id
        for number in (*(order.order_id for order in others), unmarked["orderId"]):
            for act in (grid7.get_order, grid7.cancel_order):
                with pytest.raises(InvalidRequest, match=f"the order {number} is not one of the strategy 'grid7'"):
                    await act("BTC-USDT", number)
            with pytest.raises(InvalidRequest, match="is not one of the strategy"):
                await grid7.replace_order("BTC-USDT", cancel_order_id=number, order=LIMIT)
        for order in others:
            with pytest.raises(InvalidRequest, match="lacks the mark of the strategy 'grid7'"):
                await grid7.cancel_order("BTC-USDT", client_order_id=order.client_order_id)
            with pytest.raises(InvalidRequest, match="lacks the mark"):
                await grid7.replace_order("BTC-USDT", cancel_client_order_id=order.client_order_id, order=LIMIT)
        assert account.sent(CANCEL_ORDER.path) == account.sent(REPLACE_ORDER.path) == []
        await grid7.cancel_order("BTC-USDT", mine.order_id)
        await grid7.cancel_order("BTC-USDT", client_order_id=also.client_order_id)
        assert list(account.orders) == [third.order_id, *(it.order_id for it in others), unmarked["orderId"]]
        await grid7.replace_order("BTC-USDT", cancel_order_id=third.order_id, order=LIMIT)
        assert account.sent(REPLACE_ORDER.path)[0]["newClientOrderId"].startswith("bx_grid7_")

    run(backend, main)


@backends
def test_placing(backend: Backend) -> None:
    """Everything that it places has the mark, in batches and OCO orders too; so has what a client of that strategy
    places. An id of your own has to carry it."""

    async def main() -> None:
        account = Account()
        client = account.client(strategy="Grid7")
        ids = ClientIds("grid7")
        for spot in (client.spot, client.spot.as_strategy(), account.client().spot.as_strategy("GRID7")):
            done = await spot.place_orders([NewOrder(**LIMIT), NewOrder(**LIMIT, client_order_id="bx_grid7_a")])
            pair = await spot.place_oco_order("BTC-USDT", "SELL", **OCO)
            market = await spot.place_market_order("BTC-USDT", "BUY", quote_quantity=20)
            assert [outcome.status for outcome in done] == [PlaceStatus.PLACED] * 2
            made = [*(outcome.client_order_id for outcome in done), market.client_order_id]
            assert all(map(ids.is_mine, [*made, *(leg.client_order_id for leg in pair.legs), pair.order_list_id]))
            with pytest.raises(InvalidRequest, match="begin it with 'bx_grid7_'"):
                await spot.place_order(**LIMIT, client_order_id="mine")
            with pytest.raises(InvalidRequest, match=f"40 digits that begin with {ids.oco_mark}"):
                await spot.place_oco_order("BTC-USDT", "SELL", **OCO, list_client_order_id=7)
        assert (client.spot.as_strategy().name, repr(client.spot.as_strategy())) == ("grid7", "<Strategy grid7>")
        assert not hasattr(client.spot.as_strategy(), "cancel_open_orders")
        assert not hasattr(client.spot.as_strategy(), "cancel_all_open_orders")
        with pytest.raises(InvalidRequest, match=r"as_strategy\('grid7'\): the client was made without one"):
            account.client().spot.as_strategy()

    run(backend, main)


@backends
def test_histories(backend: Backend) -> None:
    """Its own orders that are done, plain and OCO."""

    async def main() -> None:
        account = Account()
        grid7 = account.client().spot.as_strategy("grid7")
        account.done = [
            {**account.add(name), "status": "FILLED"} for name in ("bx_grid7_1", "bx_grid_1", "", "bx_grid7_2")
        ]
        found = [order.client_order_id async for order in grid7.iter_order_history("BTC-USDT")]
        assert found == ["bx_grid7_1", "bx_grid7_2"]
        marks = [ClientIds(name).new_oco_id(0) for name in ("grid7", "grid", None)]
        for number, mark in enumerate(marks):
            account.add_pair(str(number + 1), mark, mark)
        found = [pair.legs[0].client_order_id async for pair in grid7.iter_oco_history()]
        assert found == [marks[0]]

    run(backend, main)


def test_wrong_names() -> None:
    """A name that no mark can hold is refused."""
    with pytest.raises(InvalidRequest, match="must be 1 to 11 letters and digits"):
        BingXClient("key", "secret").spot.as_strategy("grid_7")
