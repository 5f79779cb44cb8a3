"""Recordings made up for tests: the messages of a small public market, and the file that holds them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from bingx_async.core.recording import Frame, first_line, line_of

SYMBOL = "BTC-USDT"
EPOCH = 1_780_000_000_000.0
Pairs = Iterable[tuple[str, str]]


def message(channel: str, data: object, symbol: str = SYMBOL) -> str:
    """The text of a message."""
    return json.dumps({"code": 0, "dataType": f"{symbol}@{channel}", "data": data, "success": True})


def trade(number: int, price: str, quantity: str, *, sold: bool, symbol: str = SYMBOL) -> str:
    """A trade; `sold`: the buyer's order rested."""
    return message("trade", {"t": str(number), "s": symbol, "p": price, "q": quantity, "m": sold}, symbol)


def best(bid: str, wanted: str, ask: str, offered: str, symbol: str = SYMBOL) -> str:
    """The best prices."""
    return message("bookTicker", {"s": symbol, "b": bid, "B": wanted, "a": ask, "A": offered}, symbol)


def depth(bids: Pairs, asks: Pairs, update_id: int = 0, symbol: str = SYMBOL) -> str:
    """An order book; the exchange sends the asks worst first."""
    data = {"bids": [*map(list, bids)], "asks": [*map(list, asks)][::-1], "lastUpdateId": update_id}
    return message("depth20", data, symbol)


def write(path: Path, frames: Iterable[Frame], epoch: float = EPOCH) -> Path:
    """The file of a recording."""
    path.write_text("".join([first_line(epoch), *map(line_of, frames)]))
    return path


def book_at(middle: int, random: Random) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Five levels on each side, a whole number apart."""
    bids = [(str(middle - 1 - index), f"0.{random.randint(1, 9)}") for index in range(5)]
    asks = [(str(middle + 1 + index), f"0.{random.randint(1, 9)}") for index in range(5)]
    return bids, asks


def made_up(seed: int, seconds: int) -> list[Frame]:
    """A market that walks by whole numbers: a book each 300 ms, now and then best prices, trades at random."""
    random, middle, frames = Random(seed), 60_000, list[Frame]()
    for step in range(seconds * 10):
        at = step * 100.0
        if step % 3 == 0:
            middle += random.choice((-1, 0, 0, 1))
            frames.append(Frame(at, 1, depth(*book_at(middle, random), step + 1)))
        elif random.random() < 0.2:
            prices = str(middle - 1), "0.4", str(middle + 1), "0.6"
            frames.append(Frame(at + 10, 1, best(*prices)))
        if random.random() < 0.5:
            sold, through = random.random() < 0.5, random.randint(1, 3)
            price = str(middle - through if sold else middle + through)
            frames.append(Frame(at + 20, 1, trade(step, price, f"0.{random.randint(1, 9)}", sold=sold)))
    return frames
