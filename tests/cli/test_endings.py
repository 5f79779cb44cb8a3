"""Every command ends in one clear line: interrupted, cut off by `head`, in a narrow terminal, at a wrong address."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from typing import NoReturn

import pytest

from bingx_async.emulator import Delay, Fault
from tests.cli.running import DISCARD, KEYS, Served, invoke, served, start

LIMIT = ("place", "BTC-USDT", "BUY", "LIMIT", "--quantity", "0.001", "--price", "50000", "--yes")
READER_GONE = 141
COMMANDS = (
    ("orders", "--symbol", "BTC-USDT"),
    ("klines", "BTC-USDT"),
    LIMIT,
    ("cancel", "BTC-USDT", "7"),
    ("cancel-all", "--yes", "--symbol", "BTC-USDT"),
)
name_of = " ".join


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served(profile="unlimited", symbols=["BTC-USDT"]) as found:
        yield found


def interrupted(exchange: Served, endpoint: str, *command: str) -> tuple[int, str, str]:
    """Exit code and output of a command that gets Ctrl-C while the exchange's answer is on its way."""
    before = exchange.emulator.stats().of("1001", endpoint).accepted
    with exchange.struck_by(Fault(Delay(down=2.0), endpoint=endpoint)):
        process = start(*command, **exchange.environ)
        while exchange.emulator.stats().of("1001", endpoint).accepted == before:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    return process.returncode, out, err


def test_ctrl_c_of_a_read(exchange: Served) -> None:
    """One word, and the exit code of shells: nothing was changed."""
    assert interrupted(exchange, "list_open_orders", "orders") == (130, "", "interrupted\n")


def test_ctrl_c_of_an_order(exchange: Served) -> None:
    """It may have been placed: exit code 3, its client order id, and how to look."""
    code, out, err = interrupted(exchange, "place_order", *LIMIT)
    (order,) = exchange.emulator.open_orders("1001")
    assert (code, out) == (3, "")
    assert err == (
        f"Error: interrupted: the request may have been sent as {order.client_order_id}. "
        "Look at `bingx-async orders` and `bingx-async balances` before you place it again.\n"
    )


def test_a_reader_that_goes_away(exchange: Served) -> None:
    """`klines | head -1`: it ends in silence, and not with a code that says that it did not happen."""
    process = start("klines", "BTC-USDT", "1m", "--limit", "1440", "--json", **exchange.environ, PYTHONUNBUFFERED="")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "[\n"
    process.stdout.close()
    assert (process.wait(timeout=10), process.stderr.read()) == (READER_GONE, "")
    process.stderr.close()


def test_a_narrow_terminal(exchange: Served) -> None:
    """In 60 columns a value has a line of its own, and is whole; where there is no terminal a row has one."""
    [number] = exchange.emulator.rest_orders("1001", "BTC-USDT", 1, price="60000", quantity="0.5")
    narrow, wide = exchange("orders", COLUMNS="60"), exchange("orders", COLUMNS="")
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    assert re.search(rf"^order id +{number}$", narrow.stdout, re.MULTILINE)
    (row,) = [line for line in wide.stdout.splitlines() if str(number) in line]
    assert len(row) > 60
    assert row.split()[3:] == ["BUY", "LIMIT", "0.5", "0", "60000", "–", "NEW"]


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_a_symbol_that_does_not_exist(exchange: Served, command: tuple[str, ...]) -> None:
    """Exit code 1, and the last line names the symbol."""
    result = exchange(*[part.replace("BTC-USDT", "NOPE-USDT") for part in command])
    said = result.stderr or result.stdout.splitlines()[-1]
    assert result.exit_code == 1
    assert "NOPE-USDT" in said
    assert said.strip().count("\n") == 0


def unknown(*_: object, **__: object) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
@pytest.mark.parametrize(
    ("url", "said"),
    [(DISCARD, "it refuses connections"), ("https://no-such-host.invalid", "the name is not known")],
)
def test_a_host_that_is_not_there(
    command: tuple[str, ...], url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and the last line says that nothing was sent, and why."""
    if url != DISCARD:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a name server may take its time
    result = invoke(*command, **KEYS, BINGX_BASE_URL=url)
    last = (result.stderr or result.stdout).splitlines()[-1]
    assert result.exit_code == 1
    assert said in last
    assert "nothing was sent" in last
    assert result.stderr.count("\n") <= 1


def test_json_of_every_command_is_whole(exchange: Served) -> None:
    """Ids and decimals are texts, so nothing that reads JSON can lose a digit."""
    [number] = exchange.emulator.rest_orders("1001", "BTC-USDT", 1, price="50000.12", quantity="0.00001")
    documents = {
        command[0]: json.loads(exchange(*command, "--json").stdout)
        for command in (["orders"], ["balances"], ["klines", "BTC-USDT"], ["cancel", "BTC-USDT", str(number)])
    }
    assert {name: floats_in(document) for name, document in documents.items()} == dict.fromkeys(documents, 0)
    assert documents["cancel"][0]["id"] == str(number)
    assert documents["cancel"][0]["order"]["original_quantity"] == "0.00001"


def floats_in(value: object) -> int:
    """The numbers that are no text, among all that is in it."""
    if isinstance(value, dict):
        return sum(map(floats_in, value.values()))
    if isinstance(value, list):
        return sum(map(floats_in, value))
    return int(isinstance(value, int | float) and not isinstance(value, bool))
