"""`bingx-async watch` against the emulator over real sockets, as a process of its own."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bingx_async.emulator import Market
from tests.cli.running import COMMAND, DISCARD, KEYS, Served, environment, invoke, served, start

Line = dict[str, Any]
READER_GONE = 141
BID = ("BTC-USDT", "BUY", "LIMIT", "--quantity", "0.001", "--price", "50000", "--yes")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served(profile="unlimited", symbols=["BTC-USDT", "ETH-USDT"], market=Market(step_ms=200)) as found:
        yield found


class Watching:
    """A process that watches; `until` reads its lines up to one that is meant."""

    def __init__(self, exchange: Served, *args: str) -> None:
        self.process = start("watch", "--json", *args, **exchange.environ)
        self.lines = list[Line]()

    def until(self, is_meant: Callable[[Line], bool], within: float = 20.0) -> Line:
        assert self.process.stdout is not None
        timer = threading.Timer(within, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                self.lines.append(json.loads(line))
                if is_meant(self.lines[-1]):
                    return self.lines[-1]
        finally:
            timer.cancel()
        raise AssertionError([line["item"] for line in self.lines])

    def find(self, is_meant: Callable[[Line], bool]) -> Line:
        """The same, or one that came before."""
        return next(filter(is_meant, self.lines), None) or self.until(is_meant)

    def end(self) -> tuple[int, str]:
        """Ctrl-C; the exit code and what it said."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said


def test_markets_as_json(exchange: Served) -> None:
    """A line for each item: book, trades and ticker of every symbol, numbers as texts, no book crossed."""
    # the sixth topic is there after a second, and its ticker a second later
    result = exchange("watch", "BTC-USDT", "ETH-USDT", "--seconds", "2.6", "--json")
    lines: list[Line] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, result.stderr) == (0, "")
    kinds = {(line["item"], line["symbol"]) for line in lines}
    assert kinds == {(item, symbol) for item in ("book", "trade", "ticker") for symbol in ("BTC-USDT", "ETH-USDT")}
    assert not [line for line in lines if isinstance(line.get("price", line.get("last_price")), float)]
    books = [line for line in lines if line["item"] == "book" and line["bids"] and line["asks"]]
    assert len(books) > 2
    assert [it for it in books if not Decimal(it["bids"][0]["price"]) < Decimal(it["asks"][0]["price"])] == []


@pytest.mark.parametrize(
    ("chosen", "pattern"),
    [
        ("trades", r"trade {8}BTC-USDT  (buy|sell) [0-9.]+ at [0-9.]+"),
        ("ticker", r"ticker {7}BTC-USDT  [0-9.]+, [+-][0-9.]+ %, low [0-9.]+, high [0-9.]+, volume [0-9.]+"),
        ("book", r"book {9}BTC-USDT  bid [0-9.]+ at [0-9.]+, ask [0-9.]+ at [0-9.]+"),
    ],
)
def test_lines_where_there_is_no_terminal(exchange: Served, chosen: str, pattern: str) -> None:
    """Only what was chosen, in words, each line with its time; the same line of a book does not come twice."""
    result = exchange("watch", "BTC-USDT", f"--{chosen}", "--seconds", "1.2")
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines
    assert [line for line in lines if not re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  " + pattern, line)] == []
    said = [line[14:] for line in lines]
    assert chosen != "book" or all(first != second for first, second in pairwise(said))


def test_an_interruption_is_shown(exchange: Served) -> None:
    """The sockets break: the book is stale and then right again, and trades and ticker say how long they were gone."""
    watching = Watching(exchange, "BTC-USDT")
    for item in ("book", "trade", "ticker"):
        watching.until(lambda line, item=item: line["item"] == item)
    exchange.emulator.drop_streams("reset")
    missing = {"trades", "ticker", "stale", "right"}
    while missing:
        line = watching.until(lambda line: line["item"] in ("reconnected", "book"))
        if line["item"] == "reconnected":
            assert (line["symbols"], line["since"] < line["at"], bool(line["reason"])) == (["BTC-USDT"], True, True)
            missing.discard(line["channel"])
        elif line["stale_because"]:
            missing.discard("stale")
        elif "stale" not in missing:
            missing.discard("right")
    assert watching.end() == (130, "interrupted\n")


def test_own_orders(exchange: Served) -> None:
    """An order that rests is there at once; one that is placed, its fills and the balances come; a gap and its end too,
    and what was cancelled meanwhile. No key is in the output."""
    rests = json.loads(exchange("place", *BID, "--json").stdout)
    watching = Watching(exchange, "--orders")
    first = watching.until(lambda line: line["item"] == "order")
    assert (first["order_id"], first["status"], first["is_done"]) == (rests["order_id"], "PENDING", False)
    watching.until(lambda line: line["item"] == "balance")
    exchange("place", "ETH-USDT", "BUY", "MARKET", "--quote-quantity", "50", "--client-order-id", "mine", "--yes")
    fill = watching.until(lambda line: line["item"] == "fill")
    assert (fill["symbol"], fill["fee_asset"]) == ("ETH-USDT", "ETH")
    watching.find(lambda line: line["item"] == "order" and line["client_order_id"] == "mine" and not line["is_open"])
    exchange.emulator.drop_streams("reset")
    gap = watching.until(lambda line: line["item"] == "gap")
    exchange("cancel", "BTC-USDT", rests["order_id"])
    assert watching.until(lambda line: line["item"] == "resynced")["since"] == gap["since"]
    watching.find(lambda line: line.get("order_id") == rests["order_id"] and line["is_done"])
    assert watching.end() == (130, "interrupted\n")
    output = json.dumps(watching.lines)
    assert [key for key in KEYS.values() if key in output] == []


def test_own_orders_of_a_strategy(exchange: Served) -> None:
    """Those that carry its mark, of the symbols that were named; and no others."""
    watching = Watching(exchange, "--orders", "BTC-USDT", "--strategy", "GRID")
    watching.until(lambda line: line["item"] == "balance")
    for symbol, name in (("BTC-USDT", "other"), ("ETH-USDT", "bx_grid_1"), ("BTC-USDT", "bx_grid_2")):
        exchange("place", symbol, *f"BUY LIMIT --quantity 1 --price 50 --client-order-id {name} --yes".split())
    watching.until(lambda line: line["item"] == "order")
    watching.end()
    assert {line["client_order_id"] for line in watching.lines if line["item"] == "order"} == {"bx_grid_2"}
    exchange("cancel-all", "--yes")


def test_in_a_terminal(exchange: Served) -> None:
    """One picture with ages, book and trades, drawn many times; Ctrl-C gives the cursor back and exits with 130."""
    code, output = in_terminal(exchange, "watch", "BTC-USDT")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
    assert code == 130
    assert output.count("bingx-async watch") > 5
    assert re.search(rf"bingx-async watch · {exchange.url} · Ctrl-C ends  last message \d\.\d s ago", text)
    assert re.search(r"BTC-USDT  [0-9.]+, [+-][0-9.]+ %", text)
    assert re.search(r"\n *spread [0-9.]+", text)
    assert output.rstrip().endswith("interrupted")
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")


def in_terminal(exchange: Served, *args: str) -> tuple[int, str]:
    """Exit code and output of a command in a terminal, interrupted after a while."""
    ours, theirs = pty.openpty()
    more = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", **exchange.environ}
    process = subprocess.Popen([*COMMAND, *args], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**more))
    os.close(theirs)
    output, is_interrupted, deadline = b"", False, time.monotonic() + 60.0
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                output += os.read(ours, 65536)
            except OSError:  # it has ended
                break
        if output.count(b"spread") > 5 and b" %, low" in output and not is_interrupted:
            process.send_signal(signal.SIGINT)
            is_interrupted = True
    os.close(ours)
    return process.wait(timeout=10), output.decode()


def test_a_reader_that_goes_away(exchange: Served) -> None:
    """`watch | head -1` ends in silence."""
    process = start("watch", "BTC-USDT", **exchange.environ)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert (process.wait(timeout=10), process.stderr.read()) == (READER_GONE, "")
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_output_that_cannot_be_written(exchange: Served) -> None:
    """A full disk ends it with one line."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "watch", "BTC-USDT"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**exchange.environ),
            timeout=30,
            check=False,
        )
    said = "Error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "Error: name the pairs to watch, such as BTC-USDT, or write --orders\n"),
        (["--orders", "--book"], 2, "Error: --orders has no book, trades or ticker: watch them in another terminal\n"),
        (
            ["BTC-USDT", "--strategy", "a"],
            2,
            "Error: --strategy is for --orders: write watch --orders --strategy NAME\n",
        ),
        (["btc"], 1, "Error: symbol='btc' is not a trading pair: write it as in 'BTC-USDT', upper case with a dash\n"),
        (["BTC-USDT", "--seconds", "0"], 2, "'0' is no number of seconds from 0.001 to 3600\n"),
        (["NOPE-USDT", "--trades"], 1, "80015"),
        (["BTC-USDT", "--base-url", DISCARD], 1, "it refuses connections; nothing was sent\n"),
        (["--orders", "--strategy", "a b"], 1, "must be 1 to 11 letters and digits, such as 'grid7'\n"),
    ],
)
def test_what_cannot_be_watched(exchange: Served, args: list[str], code: int, said: str) -> None:
    """One line that says what to write or what is wrong."""
    result = exchange("watch", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr.splitlines(keepends=True)[-1]


def test_orders_need_keys(exchange: Served) -> None:
    """Markets need none."""
    result = invoke("watch", "--orders", BINGX_BASE_URL=exchange.url)
    assert (result.exit_code, result.stderr) == (1, "Error: set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent\n")
    assert invoke("watch", "BTC-USDT", "--seconds", "0.5", BINGX_BASE_URL=exchange.url).exit_code == 0


def test_without_the_extra(exchange: Served) -> None:
    """One line says what to install."""
    blocked = "import sys; sys.modules['websockets'] = None; from bingx_async.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "watch", "BTC-USDT"],
        capture_output=True,
        text=True,
        env=environment(**exchange.environ),
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'Error: streams need the extra [streams]: pip install "bingx-async[streams]"\n'
