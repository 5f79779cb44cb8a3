"""The place where an endpoint runs, and the checks of parameters that several endpoints share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from typing import Any

from attrs import frozen

from bingx_async.emulator.book import Book
from bingx_async.emulator.refusals import invalid

FIRST_ORDER_ID = 1_842_700_000_000_000_001  # odd and above 2**53: a float loses its last digit
SYMBOL = re.compile(r"[A-Z0-9]{2,20}-(?:USDT|USDC|BTC|ETH|EUR)", re.ASCII)
POSITIVE = re.compile(r"(?=.*[1-9])[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)

Params = Mapping[str, str]


def order_ids() -> Iterator[int]:
    """Order ids, growing, each odd."""
    return count(FIRST_ORDER_ID, 2)


@frozen
class Desk:
    """One account's book, the ids to give out, the symbols that are traded, and the server's time in ms.

    `symbols` None takes every well-formed pair against USDT, USDC, BTC, ETH or EUR.
    """

    book: Book
    ids: Iterator[int]
    symbols: Collection[str] | None
    time: int

    def symbol(self, params: Params) -> str:
        """The parameter `symbol`, if it is traded."""
        symbol = params.get("symbol", "")
        is_known = SYMBOL.fullmatch(symbol) if self.symbols is None else symbol in self.symbols
        if not is_known:
            raise invalid(f"symbol:{symbol} is unknown, please verify it")
        return symbol


Behaviour = Callable[[Desk, Params], Any]


def positive(params: Params, name: str) -> str:
    """The parameter `name`, which is a number above 0 in plain notation."""
    text = params.get(name, "")
    if not POSITIVE.fullmatch(text):
        raise invalid(f"{name}:{text} must be a number above 0")
    return text


def side_of(params: Params) -> str:
    """The parameter `side`."""
    side = params.get("side", "")
    if side not in ("BUY", "SELL"):
        raise invalid(f"side:{side} must be BUY or SELL")
    return side


def check_client_ids(desk: Desk, pattern: re.Pattern[str], *client_ids: str) -> None:
    """Refuse client order ids that do not fit `pattern`, are given twice or are on the book already."""
    named = [client_id for client_id in client_ids if client_id]
    wrong = [client_id for client_id in named if not pattern.fullmatch(client_id)]
    if wrong:
        raise invalid(f"client order id:{wrong[0]} is invalid")
    if desk.book.has_taken(named) or len(set(named)) < len(named):
        raise invalid("client order id is already in use")
