"""`bingx-async cancel-all`: what it cancels, what it sees, and what it says of what is left."""

import re
from collections.abc import Iterator

import anyio
import pytest
from click.testing import Result

from bingx_async import BingXClient
from bingx_async.emulator import CloseAfter, Fault
from tests.cli.running import DISCARD, KEYS, Served, invoke, served


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served(profile="unlimited") as found:
        yield found


def test_cancel_all_asks_first(exchange: Served) -> None:
    """Without --yes nothing is cancelled before a yes."""
    refused = exchange("cancel-all", input="n\n")
    assert refused.exit_code == 1
    assert refused.stdout.startswith("Cancel every open order on every symbol? [y/N]: n")
    agreed = exchange("cancel-all", input="y\n")
    assert agreed.exit_code == 0
    assert "account key-" in agreed.stdout
    assert f"{exchange.url}: 0 orders and 0 OCO orders were cancelled; 0 orders and 0 legs" in agreed.stdout


def test_cancel_all_tells_what_it_cancelled() -> None:
    """One line for each order, and what a look has seen after it, with account and host; the key is not among them."""
    with served() as exchange:
        [order_id] = exchange.emulator.rest_orders("1001", "BTC-USDT", 1, price="50000", quantity="0.001")
        exchange.emulator.rest_orders("1001", "ETH-USDT", 1)
        result = exchange("cancel-all", "--yes", "--symbol", "BTC-USDT")
    assert (result.exit_code, result.stderr) == (0, "")
    first, second = result.stdout.splitlines()
    assert first == f"BTC-USDT      {order_id}   BUY   0.001 at 50000"
    assert re.match(
        r"BTC-USDT, account key-\w+ at http://127.0.0.1:\d+: 1 order and 0 OCO orders were cancelled", second
    )
    assert "0 orders and 0 legs of OCO orders are open, seen at" in second
    assert [order.symbol for order in exchange.emulator.open_orders("1001")] == ["ETH-USDT"]


def test_cancel_all_errors_are_one_line(exchange: Served) -> None:
    """No keys, a wrong secret, no server there: exit code 1, one line, no secret in it."""
    assert invoke("cancel-all", "--yes").stderr == ("Error: set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent\n")
    wrong = {"BINGX_API_KEY": "emulator-key-1001", "BINGX_SECRET_KEY": "mistyped"}
    for url in (exchange.url, DISCARD):
        result = invoke("cancel-all", "--yes", "--deadline", "0.3", **wrong, BINGX_BASE_URL=url)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert re.fullmatch(r"Error: account .+ what is open could not be read \(.+\n", result.stderr)
        assert "mistyped" not in result.stderr


def cancel_all_after(*faults: Fault, symbol: str = "") -> Result:
    """The result of cancel-all on an account with one plain order, after these faults."""
    with served(symbols=["BTC-USDT"]) as exchange, exchange.struck_by(*faults):
        exchange.emulator.rest_orders("1001", "BTC-USDT", 1)
        return exchange("cancel-all", "--yes", "--deadline", "1", *(["--symbol", symbol] if symbol else []))


def test_cancel_all_after_a_lost_reply() -> None:
    """A lost reply is made up for by a look: exit code 0. Without a look it is not known: 3, and what to do."""
    lost = Fault(CloseAfter(), endpoint="cancel_open_orders")
    seen = cancel_all_after(lost)
    assert (seen.exit_code, seen.stderr) == (0, "")
    assert "0 orders and 0 legs of OCO orders are open" in seen.stdout
    unseen = cancel_all_after(lost, Fault(CloseAfter(), endpoint="list_open_orders"))
    assert (unseen.exit_code, unseen.stdout) == (3, "")
    assert unseen.stderr.count("\n") == 1
    assert "Look at the open orders" in unseen.stderr


def test_cancel_all_of_a_symbol_that_does_not_exist() -> None:
    """A mistyped pair is an error, and not an account without orders."""
    result = cancel_all_after(symbol="BTC-USDC")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "BTC-USDC" in result.stderr


def test_cancel_all_of_a_symbol_leaves_its_oco_orders() -> None:
    """They are seen, counted and said, with what cancels them: exit code 1; without --symbol nothing is left."""
    with served(profile="unlimited") as exchange:
        anyio.run(place_oco, exchange)
        one, every = exchange("cancel-all", "--yes", "--symbol", "BTC-USDT"), exchange("cancel-all", "--yes")
    assert (one.exit_code, one.stdout) == (1, "")
    assert "0 orders and 2 legs of OCO orders are open" in one.stderr
    assert one.stderr.endswith(". OCO orders are cancelled without --symbol only.\n")
    assert (every.exit_code, every.stdout[:10]) == (0, "OCO order ")
    assert "0 orders and 0 legs of OCO orders are open" in every.stdout


async def place_oco(exchange: Served) -> None:
    async with BingXClient(*KEYS.values(), base_url=exchange.url) as client:
        await client.spot.place_oco_order(
            "BTC-USDT", "SELL", quantity="0.1", limit_price=72000, trigger_price=58000, order_price=57900
        )
