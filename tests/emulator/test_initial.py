"""Balances and resting orders from the command line."""

from __future__ import annotations

from decimal import Decimal

import click
import pytest

from bingx_async.commands.initial import rest_orders, with_balances
from bingx_async.emulator import Emulator, default_accounts
from tests.emulator.calls import NOW


def test_balances() -> None:
    """Each account gets the amounts; without any, none has bounds."""
    accounts = with_balances(default_accounts(), ["USDT=10000.5", "BTC=0"])
    assert [account.balances for account in accounts] == [{"USDT": Decimal("10000.5"), "BTC": 0}] * 3
    assert [account.balances for account in with_balances(default_accounts(), [])] == [None] * 3


def test_orders() -> None:
    """A number rests orders of the first account at BTC-USDT; they stand on the grid, a fifth below the market."""
    emulator = Emulator(clock=lambda: NOW, market="walk", seed=7)
    rest_orders(emulator, ["2", "1002:ETH-USDT:1"])
    (first, second), (other,) = emulator.open_orders("1001"), emulator.open_orders(1002)
    assert (first.symbol, first.status, other.symbol) == ("BTC-USDT", "PENDING", "ETH-USDT")
    assert first.price == second.price
    assert Decimal(first.price) % Decimal("0.01") == 0
    assert 0.79 < Decimal(first.price) / emulator.price("BTC-USDT") < 0.81


@pytest.mark.parametrize("text", ["USDT", "USDT=", "=5", "USDT=-1", "USDT=x", "USDT=nan"])
def test_balances_that_cannot_be(text: str) -> None:
    """They are refused with the form to write."""
    with pytest.raises(click.BadParameter, match="write an asset and its amount, such as USDT=10000"):
        with_balances(default_accounts(), [text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "write a number or 1001:BTC-USDT:25"),
        ("1001:BTC-USDT", "write a number or 1001:BTC-USDT:25"),
        ("9:BTC-USDT:1", "no account '9'; the accounts are 1001, 1002, 1003"),
        ("1001:BTC:1", "no symbol 'BTC'"),
    ],
)
def test_orders_that_cannot_be(text: str, message: str) -> None:
    """They are refused with the form to write, or with the accounts that there are."""
    with pytest.raises(click.BadParameter, match=message):
        rest_orders(Emulator(), [text])
