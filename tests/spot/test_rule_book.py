"""The rule book: rules are read once, kept for minutes, read again when they changed, and old ones serve meanwhile."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import anyio
import pytest

from bingx_async import (
    BingXError,
    ClientClosed,
    InvalidRequest,
    OrderRefused,
    ReadFailed,
    RulesUnavailable,
    SymbolRules,
)
from bingx_async.spot.rules import RuleBook
from tests.client.exchange import Backend, backends, run

LOST = ReadFailed("no whole reply came", "common/symbols")


class Source:
    """Where rules come from: each reading takes a second and ends as the script says; its last entry stays."""

    def __init__(self, *script: BingXError | None) -> None:
        self.script = list(script) or [None]
        self.readings: list[bool] = []

    async def read(self, is_needed: bool) -> SymbolRules:
        """The tick size tells which reading it was."""
        self.readings.append(is_needed)
        number = len(self.readings)
        await anyio.sleep(1.0)
        error = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if error is not None:
            raise error
        return SymbolRules("BTC-USDT", tick_size=Decimal(number))


def ms() -> float:
    return anyio.current_time() * 1000.0


async def ask(book: RuleBook, source: Source, max_age: float | None = None) -> Decimal | None:
    return (await book.get("BTC-USDT", ms, source.read, max_age)).tick_size


@backends
def test_age(backend: Backend) -> None:
    """Rules are read once in 600 s, and again after that; a symbol of its own is read for itself."""

    async def main() -> None:
        book, source = RuleBook(), Source()
        assert book.fresh("BTC-USDT", ms()) is None
        assert [await ask(book, source) for _ in range(3)] == [1, 1, 1]
        await anyio.sleep(599.0)
        assert await ask(book, source) == 1
        await anyio.sleep(2.0)
        assert await ask(book, source) == 2
        await book.get("ETH-USDT", ms, source.read)
        assert source.readings == [True, False, True]

    run(backend, main)


@backends
def test_single_flight(backend: Backend) -> None:
    """A hundred orders that need the same rules wait for one reading, and share its failure; the next one reads."""

    async def main() -> None:
        book, source, found = RuleBook(), Source(LOST, None), list[Any]()

        async def one() -> None:
            try:
                found.append(await ask(book, source))
            except RulesUnavailable as error:
                found.append(str(error.__cause__))

        for wanted in (str(LOST), Decimal(2)):
            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(one)
            assert found == [wanted] * 100
            found.clear()
        assert source.readings == [True, True]

    run(backend, main)


@backends
def test_a_cancelled_reading(backend: Backend) -> None:
    """Where the order that reads is given up, one of those that wait reads."""

    async def main() -> None:
        book, source, found = RuleBook(), Source(), list[Any]()

        async def given_up() -> None:
            with anyio.move_on_after(0.5):
                await ask(book, source)

        async def waits() -> None:
            found.append(await ask(book, source))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(given_up)
            await anyio.sleep(0.1)
            for _ in range(3):
                tasks.start_soon(waits)
        assert found == [2, 2, 2]

    run(backend, main)


@backends
def test_old_rules_serve(backend: Backend) -> None:
    """While rules cannot be read again the old ones serve, and the next try waits 10 s; without old ones the order is
    not sent, and the error says how to send it unchecked."""

    async def main() -> None:
        book, source = RuleBook(), Source(None, LOST, None)
        await ask(book, source)
        await anyio.sleep(600.0)
        assert [await ask(book, source) for _ in range(3)] == [1, 1, 1]
        assert source.readings == [True, False]
        await anyio.sleep(10.0)
        assert await ask(book, source) == 3
        with pytest.raises(RulesUnavailable) as caught:
            await ask(RuleBook(), Source(LOST))
        assert (caught.value.symbol, caught.value.reason) == ("BTC-USDT", str(LOST))
        assert "check=False to send it unchecked (check_orders=False for all orders" in str(caught.value)

    run(backend, main)


CHANGES = [
    (100490, "the symbol is offline", True),
    (100421, "this pair is not available for API", True),
    (100400, "the minimum amount is 5 USDT", True),
    (100400, "entrust volume too low", True),
    (109418, "", True),
    (100202, "Insufficient balance", False),
    (100421, "timestamp mismatch", False),
    (100440, "price deviates", False),
]


@backends
@pytest.mark.parametrize(("code", "text", "is_change"), CHANGES, ids=[f"{code} {text}" for code, text, _ in CHANGES])
def test_refusals_that_tell_of_a_change(code: int, text: str, is_change: bool, backend: Backend) -> None:
    """Rules are read again after a refusal that says that they changed, and only then."""

    async def main() -> None:
        book, source = RuleBook(), Source()
        await ask(book, source)
        book.notice("BTC-USDT", OrderRefused(code, text, "trade/order", 200))
        assert await ask(book, source) == (2 if is_change else 1)
        assert await ask(book, source) == (2 if is_change else 1)

    run(backend, main)


@backends
def test_before_a_refusal(backend: Backend) -> None:
    """With an age, rules that were read longer ago are read again."""

    async def main() -> None:
        book, source = RuleBook(), Source()
        await ask(book, source)
        assert await ask(book, source, 10_000.0) == 1
        await anyio.sleep(10.0)
        assert await ask(book, source, 10_000.0) == 2

    run(backend, main)


@backends
def test_closed(backend: Backend) -> None:
    """A client that was closed says so, also where old rules are at hand."""

    async def main() -> None:
        book, source = RuleBook(), Source(None, ClientClosed("closed"))
        await ask(book, source)
        book.expire("BTC-USDT")
        with pytest.raises(ClientClosed):
            await ask(book, source)

    run(backend, main)


def test_wrong_setting() -> None:
    """`check_orders` is a bool: "no" would mean yes."""
    with pytest.raises(InvalidRequest, match="check_orders='no' must be True or False"):
        RuleBook(is_heeded="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
