"""The account: balances, rights of the key, listen keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator import Account, Emulator
from tests.emulator.calls import NOW
from tests.emulator.trading import LIMIT, Trading

HOUR = 3_600_000


def test_balances() -> None:
    """Free and locked by asset, as texts; an asset that was never owned is not there, USDT always is."""
    trading = Trading(balances={"USDT": "40000.5", "BTC": "0"})
    trading.place(**LIMIT)
    assert trading.data("list_balances")["balances"] == [
        {"asset": "BTC", "free": "0", "locked": "0"},
        {"asset": "USDT", "free": "10000.5", "locked": "30000.0"},
    ]


def test_an_account_without_bounds() -> None:
    """It may lock and sell anything, and its balances show a great amount."""
    trading = Trading()
    trading.place(**{**LIMIT, "side": "SELL", "price": "99999", "quantity": "4"})
    balances = trading.balances()
    assert balances["BTC"] == (Decimal(10) ** 12 - 4, 4)
    assert balances["USDT"] == (Decimal(10) ** 12, 0)


def test_one_balance_for_every_quote_asset() -> None:
    """`balance` bounds what is bought with any quote asset, and nothing else."""
    emulator = Emulator([Account("1001", "emulator-key-1001", "emulator-secret-1001", balance=Decimal(30_000))])
    trading = Trading()
    trading.emulator = Emulator(emulator.accounts, profile="unlimited", clock=lambda: NOW)
    codes = [
        trading.ask("place_order", **{**LIMIT, **changes})["code"]
        for changes in ({}, {"quantity": "0.0001"}, {"symbol": "BTC-USDC"}, {"side": "SELL", "quantity": "1"})
    ]
    assert codes == [0, 100202, 0, 0]


def test_keys_of_one_account_share_the_balances_of_the_first() -> None:
    """Two keys of one account own the same."""
    keys = [
        Account("1001", "emulator-key-1001", "emulator-secret-1001", balances={"USDT": 7}),
        Account("1001", "b", "c"),
    ]
    trading = Trading()
    trading.emulator = Emulator(keys, profile="unlimited", clock=lambda: NOW)
    assert trading.balances() == {"USDT": (7, 0)}


def test_fund_overview_and_uid() -> None:
    """The fund account has its own form, the overview the value of each account, the UID is an int."""
    trading = Trading(balances={"USDT": "1000", "BTC": "2"})
    assert trading.data("list_fund_balances")["balances"] == [{"asset": "USDT", "free": "100.5", "locked": "0"}]
    assert trading.data("list_fund_balances", asset="BTC")["balances"] == []
    rows = trading.data("get_overview")["result"]
    assert rows[0] == {"accountType": "sopt", "usdtBalance": "123500.00000000"}
    assert len(rows) == 8
    assert trading.data("get_overview", accountType="spot")["result"] == rows[:1]  # as the page's table spells it
    assert trading.data("get_overview", accountType="grid")["result"] == [{"accountType": "grid", "usdtBalance": "0"}]
    assert trading.data("get_uid") == {"uid": 1001}


def test_permissions_have_no_envelope() -> None:
    """The whole reply is the data."""
    answer = Trading().ask("get_permissions")
    assert answer == {"apiKey": "emulator-key-1001", "permissions": [1, 2], "ipAddresses": [], "note": "emulator"}


def test_listen_keys() -> None:
    """One per account, valid for an hour and extended by asking; an end is an end. Replies without a body are 200."""
    trading = Trading()

    def key() -> str:
        return str(trading.ask("create_listen_key")["listenKey"])

    def status(name: str, listen_key: str) -> tuple[int, bytes]:
        reply = trading.reply(name, listenKey=listen_key)
        return reply.status, reply.body[:14]

    first = key()
    trading.now += HOUR - 1
    assert (status("extend_listen_key", first), key()) == ((200, b""), first)
    trading.now += HOUR
    second = key()
    assert second != first
    unknown = 404, b'{"code":100404'
    assert [status("extend_listen_key", each) for each in (first, "x")] == [unknown] * 2
    assert [status("delete_listen_key", second) for _ in range(2)] == [(200, b""), unknown]
    assert status("delete_listen_key", "") == (204, b"")


@pytest.mark.parametrize("balances", [{"USDT": 1.5}, {"USDT": "much"}, {"USDT": -1}])
def test_balances_that_cannot_be(balances: dict[str, Any]) -> None:
    """A float, a word and a debt are refused."""
    with pytest.raises(ValueError, match="balances must be amounts such as"):
        Account("7", "key", "secret", balances=balances)
