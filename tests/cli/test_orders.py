"""`bingx-async orders`, `place` and `cancel` against the emulator."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from bingx_async.emulator import Account, Answer, CloseAfter, CloseBefore, Fault, Html, default_accounts
from bingx_async.emulator.faults import Execute
from bingx_async.emulator.traffic import ConnectionClosed, Reply
from tests.cli.running import KEYS, Served, invoke, served

LIMIT = ("place", "BTC-USDT", "BUY", "LIMIT", "--quantity", "0.001", "--price", "50000")

RICH = Account("7", "key-of-seven", "secret-of-seven", balances={"USDT": Decimal("10000.123456789012345678")})


@pytest.fixture(scope="module")
def module() -> Iterator[Served]:
    """An exchange without quotas: each command is a client of its own, and they come faster than five a second."""
    with served(accounts=[*default_accounts(), RICH], profile="unlimited", error_limit=None) as found:
        yield found


@pytest.fixture
def exchange(module: Served) -> Iterator[Served]:
    """An account without an open order."""
    yield module
    module("cancel-all", "--yes")


ORDERS = [
    ("BUY", "LIMIT", ["--quantity", "0.00100", "--price", "50000.10"], "PENDING"),
    ("BUY", "limit", ["--quote-quantity", "100", "--price", "50000", "--time-in-force", "PostOnly"], "PENDING"),
    ("buy", "MARKET", ["--quote-quantity", "100"], "FILLED"),
    ("SELL", "MARKET", ["--quantity", "0.01"], "FILLED"),
    ("SELL", "TAKE_STOP_LIMIT", ["--quantity", "0.01", "--price", "70000", "--stop-price", "69000"], "NEW"),
    ("SELL", "TAKE_STOP_MARKET", ["--quantity", "0.01", "--stop-price", "69000"], "NEW"),
    ("BUY", "TRIGGER_LIMIT", ["--quantity", "0.01", "--price", "70000", "--stop-price", "69000"], "NEW"),
    ("BUY", "TRIGGER_MARKET", ["--quote-quantity", "100", "--stop-price", "69000"], "NEW"),
]


@pytest.mark.parametrize(("side", "kind", "given", "status"), ORDERS)
def test_place(exchange: Served, side: str, kind: str, given: list[str], status: str) -> None:
    """An order of each type is placed under the id given, and shown as the exchange accepted it: every digit, and its
    long id as a text, for JSON numbers lose digits in many programs."""
    name = f"own_{side}_{kind}_{len(given)}"
    placed = exchange("place", "BTC-USDT", side, kind, *given, "--client-order-id", name, "--yes", "--json")
    order = json.loads(placed.stdout)
    assert (placed.exit_code, placed.stderr) == (0, "")
    shown = (order["symbol"], order["side"], order["type"], order["status"], order["client_order_id"])
    assert shown == ("BTC-USDT", side.upper(), kind.upper(), status, name)
    assert re.fullmatch(r"\d{19}", order["order_id"])
    if "--price" in given:
        assert Decimal(order["price"]) == Decimal(given[given.index("--price") + 1])
    open_ids = [str(each.order_id) for each in exchange.emulator.open_orders("1001")]
    assert open_ids == ([] if status == "FILLED" else [order["order_id"]])


def test_place_asks_first(exchange: Served) -> None:
    """The question names order and host, and is no part of the output; without a yes nothing is placed."""
    refused, ended = exchange(*LIMIT, input="n\n"), exchange(*LIMIT, input="")
    question = f"Place BUY LIMIT BTC-USDT: quantity 0.001, price 50000, at {exchange.url}? [y/N]: "
    assert (refused.exit_code, refused.stdout, refused.stderr) == (1, "", f"{question}n\nAborted!\n")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert exchange.emulator.open_orders("1001") == []
    agreed = exchange(*LIMIT, "--json", input="y\n")
    assert [json.loads(agreed.stdout)["order_id"]] == [str(it.order_id) for it in exchange.emulator.open_orders("1001")]


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["BUY", "LIMIT", "--quantity", "1"], 1, "Error: a LIMIT order needs price: write --price N\n"),
        (["BUY", "LIMIT", "--price", "1"], 1, "write --quantity N in BTC or --quote-quantity N in USDT\n"),
        (["BUY", "LIMIT", "--quantity", "0.000012", "--price", "50000"], 1, "Error: --quantity 0.000012 is not a"),
        (["BUY", "LIMIT", "--quantity", "1e-5", "--price", "50000"], 1, "or more\n"),
        (["BUY", "LIMIT", "--quantity", "1,5", "--price", "50000"], 2, "'1,5' is not a number such as 0.001\n"),
        (["BUY", "LIMIT", "--quantity", "-1", "--price", "50000"], 2, "'-1' is not a number such as 0.001\n"),
        (
            ["BUY", "LIMIT", "--quantity", "1", "--price", "50000", "--deadline", "nan"],
            2,
            "no number of seconds from 0",
        ),
        (["HOLD", "LIMIT"], 2, "'HOLD' is not one of"),
    ],
)
def test_an_order_that_cannot_be_is_not_sent(exchange: Served, given: list[str], code: int, said: str) -> None:
    """The last line says what to write instead, in words of the command line."""
    result = exchange("place", "BTC-USDT", *given, "--yes")
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr.splitlines(keepends=True)[-1]
    assert exchange.emulator.open_orders("1001") == []


def test_no_check(exchange: Served) -> None:
    """Without the trading rules no order is sent, unless --no-check leaves them to the exchange."""
    with exchange.struck_by(Fault(Html(502), endpoint="list_symbols")):
        refused, placed = exchange(*LIMIT, "--yes"), exchange(*LIMIT, "--yes", "--no-check", "--json")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("No order was sent; try again, or add --no-check to send it unchecked\n")
    assert (placed.exit_code, json.loads(placed.stdout)["status"]) == (0, "PENDING")
    assert len(exchange.emulator.open_orders("1001")) == 1


def test_placed_without_an_answer(exchange: Served) -> None:
    """The order is looked up and shown: exit code 0, with one line about the lost answer."""
    with exchange.struck_by(Fault(CloseAfter(), endpoint="place_order")):
        result = exchange(*LIMIT, "--yes", "--json", "--client-order-id", "mine")
    assert (result.exit_code, json.loads(result.stdout)["client_order_id"]) == (0, "mine")
    assert result.stderr.endswith("The request was sent as mine and may have run. Looking for it, 30 s at most.\n")
    assert [order.client_order_id for order in exchange.emulator.open_orders("1001")] == ["mine"]


def test_perhaps_placed(exchange: Served) -> None:
    """Not found soon afterwards proves nothing: exit code 3, and the last line says how to look."""
    with exchange.struck_by(Fault(CloseBefore(), endpoint="place_order")):
        result = exchange(*LIMIT, "--yes", "--client-order-id", "perhaps", "--deadline", "0.2")
    assert (result.exit_code, result.stdout) == (3, "")
    last = result.stderr.splitlines()[-1]
    assert "The request was sent as perhaps and may have run. Look at `bingx-async orders` and" in last
    assert "await" not in result.stderr


def test_not_placed_without_an_answer() -> None:
    """Once the exchange takes the request no longer and no list has the order: exit code 1."""
    with served() as exchange:

        class TwentySecondsLater:
            def around(self, _execute: Execute, /) -> Reply:
                exchange.emulator.clock_offset_ms = 20_000
                raise ConnectionClosed(was_executed=False)

        with exchange.struck_by(Fault(TwentySecondsLater(), endpoint="place_order")):
            result = exchange(*LIMIT, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == (
        "Error: no answer came, and the order was not placed: no list of the exchange's has it"
    )


def test_cancel(exchange: Served) -> None:
    """By order id and by client order id; exit code 0 if each was cancelled."""
    [number] = exchange.emulator.rest_orders("1001", "BTC-USDT", 1)
    exchange(*LIMIT, "--yes", "--client-order-id", "my_own")
    result = exchange("cancel", "BTC-USDT", str(number), "my_own", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    outcomes = [(each["id"], each["status"], each["order"]["status"]) for each in json.loads(result.stdout)]
    assert outcomes == [(str(number), "cancelled", "CANCELED"), ("my_own", "cancelled", "CANCELED")]
    assert exchange.emulator.open_orders("1001") == []


def test_cancel_of_an_order_that_is_not_open(exchange: Served) -> None:
    """Its line says so beside those that were cancelled: exit code 1."""
    [number] = exchange.emulator.rest_orders("1001", "BTC-USDT", 1)
    result = exchange("cancel", "BTC-USDT", str(number), "7")
    assert (result.exit_code, result.stderr) == (1, "")
    rows = [line.split("  ") for line in result.stdout.splitlines()[2:]]
    assert [[cell.strip() for cell in row if cell.strip()][:2] for row in rows] == [
        [str(number), "cancelled"],
        ["7", "not found"],
    ]


def test_cancel_without_an_answer(exchange: Served) -> None:
    """The orders that may be cancelled are unknown: exit code 3, and what to do."""
    numbers = [str(each) for each in exchange.emulator.rest_orders("1001", "BTC-USDT", 2)]
    lost = [Fault(CloseAfter(), endpoint=endpoint) for endpoint in ("cancel_order", "cancel_orders")]
    with exchange.struck_by(*lost):
        result = exchange("cancel", "BTC-USDT", *numbers)
    assert result.exit_code == 3
    assert [line.split()[:2] for line in result.stdout.splitlines()[2:]] == [[each, "unknown"] for each in numbers]
    assert result.stderr == (
        "Error: not every outcome is known. Look at the open orders: if any stand, run this again; it does no harm.\n"
    )
    assert "await" not in result.stdout


def test_orders(exchange: Served) -> None:
    """Plain and OCO orders, of one symbol or of all."""
    exchange.emulator.rest_orders("1001", "BTC-USDT", 1, price="60000.10", quantity="0.010")
    exchange.emulator.rest_orders("1001", "ETH-USDT", 1)
    every, one, none = (
        json.loads(exchange("orders", "--json", *more).stdout)
        for more in ([], ["--symbol", "BTC-USDT"], ["--symbol", "SOL-USDT"])
    )
    assert sorted(each["symbol"] for each in every["orders"]) == ["BTC-USDT", "ETH-USDT"]
    assert [Decimal(each["price"]) for each in one["orders"]] == [Decimal("60000.1")]
    assert none == {"orders": [], "oco_orders": []}
    table = exchange("orders", "--symbol", "BTC-USDT").stdout.splitlines()
    assert table[0].split("  ")[0] == "symbol"
    assert (len(table), table[-1]) == (4, "no open OCO orders")


def test_balances(exchange: Served) -> None:
    """An asset in each line, to the last digit; the amounts of open orders are locked."""
    owner = {"BINGX_API_KEY": RICH.api_key, "BINGX_SECRET_KEY": RICH.secret_key}
    exchange(*LIMIT, "--yes", **owner)
    (row,) = json.loads(exchange("balances", "--json", **owner).stdout)
    amounts = {"free": "9950.123456789012345678", "locked": "50", "total": "10000.123456789012345678"}
    assert {name: Decimal(value) for name, value in row.items() if name != "asset"} == {
        name: Decimal(value) for name, value in amounts.items()
    }
    table = [line.split() for line in exchange("balances", **owner).stdout.splitlines()]
    assert (table[0], table[2][:2]) == (["asset", "free", "locked", "total"], ["USDT", amounts["free"]])


COMMANDS = (["orders"], ["balances"], [*LIMIT, "--yes"], ["cancel", "BTC-USDT", "1"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each[0])
def test_errors_are_one_line_without_a_secret(exchange: Served, command: list[str]) -> None:
    """No keys; and an answer of several lines that repeats the keys, whole or masked."""
    assert invoke(*command).stderr == "Error: set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent\n"
    key, secret = KEYS.values()
    text = f"Incorrect apiKey {key}\n(secret {secret}, known as emul****1001)\x1b[2J"
    refused = Fault(Answer(json.dumps({"code": 100413, "msg": text}).encode()), when=lambda it: "time" not in it.path)
    with exchange.struck_by(refused):
        result = exchange(*command, *(["--no-check"] if command[0] == "place" else []))
    said = result.stderr or result.stdout.splitlines()[-1]
    assert result.exit_code == 1
    assert said.count("Incorrect apiKey *** (secret *** known as ***") == 1
    assert said.strip().count("\n") == 0
    assert [each for each in (key, secret, "emul", "\x1b") if each in result.output] == []
