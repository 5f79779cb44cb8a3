"""Balances and resting orders that an emulator has from the start, as they are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

import click
from attrs import evolve

from bingx_async.emulator import Account, Emulator
from bingx_async.errors import InvalidRequest

ORDERS = re.compile(r"(?:(?P<account>[^:]+):(?P<symbol>[^:]+):)?(?P<n>[0-9]{1,6})", re.ASCII)
BELOW = Decimal("0.8")  # of the price: far enough for the orders to rest for a while


def with_balances(accounts: Iterable[Account], texts: Sequence[str]) -> list[Account]:
    """The accounts, each with these amounts such as USDT=10000; without any amount they have no bounds."""
    try:
        amounts = {asset: Decimal(amount) for asset, _, amount in (text.partition("=") for text in texts)}
        if "" in amounts:
            raise InvalidRequest("an asset has no name")
        return [evolve(account, balances=amounts or None) for account in accounts]
    except (InvalidOperation, InvalidRequest):
        raise click.BadParameter("write an asset and its amount, such as USDT=10000", param_hint="--balance") from None


def rest_orders(emulator: Emulator, texts: Iterable[str]) -> None:
    """Rest the orders that texts such as 25 or 1002:ETH-USDT:3 ask for, well below the market."""
    for text in texts:
        given = ORDERS.fullmatch(text)
        if given is None:
            raise click.BadParameter("write a number or 1001:BTC-USDT:25", param_hint="--orders")
        account, symbol = given["account"] or emulator.accounts[0].account, given["symbol"] or "BTC-USDT"
        try:
            price = emulator.price(symbol)
            emulator.rest_orders(
                account, symbol, int(given["n"]), price=f"{(price * BELOW).quantize(price):f}", status="PENDING"
            )
        except InvalidRequest as error:
            said, *_ = str(error).split("; list it")
            raise click.BadParameter(said, param_hint="--orders") from None
