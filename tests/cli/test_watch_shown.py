"""How `bingx-async watch` shows each item: in a line, and on the screen."""

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from bingx_async import (
    Balance,
    BalanceChanged,
    Fill,
    FillAdded,
    Gap,
    Lagged,
    Level,
    OrderChanged,
    OrderStatus,
    OrderType,
    Placement,
    Reconnected,
    Resynced,
    Side,
    Ticker,
    TrackedOrder,
    Trade,
)
from bingx_async.commands.watch_feeds import BookState, Item
from bingx_async.commands.watch_lines import Lines
from bingx_async.commands.watch_market import MarketBoard
from bingx_async.commands.watch_own import ENDED, OwnBoard
from bingx_async.commands.watch_screen import Board, Screen

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=2.5)
BOOK = BookState("BTC-USDT", (Level(Decimal(99), Decimal(1)),), (Level(Decimal(101), Decimal(2)),), "", EARLIER)
TRADE = Trade("1", "BTC-USDT", Decimal("100.10"), Decimal("0.5"), EARLIER, True)
TICKER = Ticker("BTC-USDT", Decimal(110), Decimal(100), Decimal(120), Decimal(90), Decimal(7))
ORDER = TrackedOrder(
    "BTC-USDT",
    "mine",
    7,
    status=OrderStatus("PENDING"),
    side=Side.BUY,
    type=OrderType("LIMIT"),
    price=Decimal(99),
    original_quantity=Decimal("0.3"),
    update_time=EARLIER,
)
FILL = Fill(
    "5", 7, "mine", "BTC-USDT", Decimal(99), Decimal("0.3"), Decimal("29.7"), Decimal("-0.01"), "BTC", time=EARLIER
)
FILLED = evolve(ORDER, status=OrderStatus.FILLED, executed_quantity=Decimal("0.3"), fills=(FILL,))
BALANCE = BalanceChanged(Balance("USDT", Decimal("5.50"), None))
LAGGED = Lagged("trades", "BTC-USDT", 12)
BACK = Reconnected("trades", ("BTC-USDT", "ETH-USDT"), EARLIER, NOW, "reset\x1b[2J by peer")
GAP, AGAIN = Gap(EARLIER, "the connection was lost"), Resynced(EARLIER, NOW)

SHOWN: list[tuple[Item, str]] = [
    (BOOK, "11:59:57.500  book         BTC-USDT  bid 1 at 99, ask 2 at 101"),
    (evolve(BOOK, bids=(), asks=()), "11:59:57.500  book         BTC-USDT  bid –, ask –"),
    (evolve(BOOK, stale_because="gone"), "11:59:57.500  book         BTC-USDT  stale: gone"),
    (TRADE, "11:59:57.500  trade        BTC-USDT  sell 0.5 at 100.10"),
    (evolve(TRADE, is_buyer_maker=False), "11:59:57.500  trade        BTC-USDT  buy 0.5 at 100.10"),
    (TICKER, "12:00:00.000  ticker       BTC-USDT  110, +10.00 %, low 90, high 120, volume 7"),
    (LAGGED, "12:00:00.000  lagged       BTC-USDT  12 trades were left out: they came faster than they were shown"),
    (BACK, "12:00:00.000  reconnected  BTC-USDT ETH-USDT  trades were interrupted for 2.5 s: reset [2J by peer"),
    (OrderChanged(ORDER), "11:59:57.500  order        BTC-USDT  BUY LIMIT 0.3 at 99  PENDING, 0 filled  7"),
    (
        OrderChanged(TrackedOrder("A-B", "x", placement=Placement.REFUSED, error="no money")),
        "12:00:00.000  order        A-B    –  refused: no money, 0 filled  x",
    ),
    (FillAdded(FILL, FILLED), "11:59:57.500  fill         BTC-USDT  BUY 0.3 at 99, fee 0.01 BTC  7"),
    (BALANCE, "12:00:00.000  balance      USDT  5.50 free, – locked"),
    (GAP, "12:00:00.000  gap          events may be missing since 11:59:57: the connection was lost"),
    (AGAIN, "12:00:00.000  resynced     everything was read again, 2.5 s after the gap began"),
]


@pytest.mark.parametrize(("item", "line"), SHOWN, ids=lambda each: each[14:24].strip() if isinstance(each, str) else "")
def test_a_line_for_each_item(item: Item, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its time by the exchange, its kind, and words without control characters."""
    Lines(False, lambda: NOW).take(item)
    assert capsys.readouterr().out == line + "\n"


def test_json_of_each_item(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, named by its kind; ids and decimals are texts, the evidence of an order is left out."""
    lines = Lines(True, lambda: NOW)
    for item, _ in SHOWN:
        lines.take(item)
    found: list[dict[str, Any]] = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [each["item"] for each in found] == [line[14:26].split()[0] for _, line in SHOWN]
    order = found[8]
    assert (order["order_id"], order["price"], order["is_done"]) == ("7", "99", False)
    assert {"evidence", "fills", "raw"} & {name for each in found for name in each} == set()
    assert (found[10]["fee"], found[6]["missed"], found[7]["since"]) == ("0.01", 12, EARLIER.isoformat())


def test_a_book_that_stays_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Only a change of the best prices, or of being stale, is a line."""
    lines = Lines(False, lambda: NOW)
    deeper = evolve(BOOK, bids=(*BOOK.bids, Level(Decimal(98), Decimal(1))), time=NOW)
    for book in (BOOK, deeper, evolve(BOOK, stale_because="gone"), evolve(deeper, stale_because="gone"), BOOK):
        lines.take(book)
    assert [line[35:] for line in capsys.readouterr().out.splitlines()] == [
        "  bid 1 at 99, ask 2 at 101",
        "  stale: gone",
        "  bid 1 at 99, ask 2 at 101",
    ]


def shown(board: Board, *items: Item, later: float = 0.0, width: int = 100, height: int = 30) -> list[str]:
    """The lines of the screen, some seconds after the items."""
    output, moment = io.StringIO(), NOW
    screen = Screen(board, lambda: moment, "watch", Console(file=output, width=width, height=height))
    for item in items:
        screen.take(item)
    moment = NOW + timedelta(seconds=later)
    screen.console.print(screen.frame())
    return [" ".join(line.split()) for line in output.getvalue().splitlines() if line.strip()]


def test_the_screen_of_a_market() -> None:
    """Ages of all that came, asks above bids, the newest trade first, and what was interrupted below."""
    newer = evolve(TRADE, price=Decimal(103), time=NOW)
    lines = shown(MarketBoard(["BTC-USDT"], ("book", "trades", "ticker")), BOOK, TRADE, newer, TICKER, BACK, later=7)
    assert lines == [
        "watch last message 7.0 s ago",
        "BTC-USDT 110, +10.00 %, low 90, high 120, volume 7",
        "book 7.0 s ago trade 7.0 s ago ticker 7.0 s ago",
        "101 2 12:00:00 103 0.5",
        "spread 2 11:59:57 100.10 0.5",
        "99 1",
        "12:00:00 BTC-USDT ETH-USDT trades were interrupted for 2.5 s: reset [2J by peer",
    ]


def test_the_screen_before_anything_has_come() -> None:
    """It says for how long it waits, and a stale book why it is stale."""
    board = MarketBoard(["BTC-USDT", "ETH-USDT"], ("book",))
    assert shown(board, later=3)[0] == "watch waiting for the first message: 3 s"
    assert "stale: gone" in shown(board, evolve(BOOK, stale_because="gone", bids=(), asks=()))


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 24), (200, 60)])
def test_the_screen_fits(width: int, height: int) -> None:
    """With a full book and many trades no line of the market is below the last one of the terminal."""
    bids = tuple(Level(Decimal(99 - each), Decimal(1)) for each in range(10))
    asks = tuple(Level(Decimal(101 + each), Decimal(1)) for each in range(10))
    items = [evolve(BOOK, bids=bids, asks=asks), *([TRADE] * 50), TICKER, LAGGED, BACK]
    board = MarketBoard(["BTC-USDT"], ("book", "trades", "ticker"))
    assert len(shown(board, *items, width=width, height=height)) <= height


def test_the_screen_of_own_orders() -> None:
    """Open orders newest first, those that ended, fills, balances; a gap until everything was read again."""
    other = evolve(ORDER, client_order_id="other", order_id=8)
    items: list[Item] = [OrderChanged(ORDER), OrderChanged(other), FillAdded(FILL, FILLED), BALANCE]
    assert shown(OwnBoard(), *items) == [
        "watch last message 0.0 s ago",
        "nothing is known to be missing",
        "open orders: 1",
        "BTC-USDT BUY LIMIT 0.3 at 99 PENDING, 0 filled 8",
        "BTC-USDT BUY LIMIT 0.3 at 99 FILLED, 0.3 filled 7",
        "fills",
        "BTC-USDT BUY 0.3 at 99, fee 0.01 BTC 7",
        "balances",
        "USDT 5.50 free, – locked",
    ]
    assert shown(OwnBoard(), *items, GAP)[1] == "events may be missing for 2 s: the connection was lost"
    assert shown(OwnBoard(), *items, GAP, AGAIN)[1] == "nothing is known to be missing"


def test_texts_of_the_exchange_in_the_screen() -> None:
    """No control character of theirs reaches the terminal."""
    odd = "\x1b[2J"
    order, fill = evolve(ORDER, symbol=odd, client_order_id=odd), evolve(FILL, fee_asset=odd)
    items = [OrderChanged(order), FillAdded(fill, order), BalanceChanged(Balance(odd, Decimal(1), None))]
    lines = shown(OwnBoard(), *items)
    assert len([line for line in lines if "[2J" in line]) == 3
    assert not [line for line in lines if odd in line]


def test_many_own_orders() -> None:
    """Memory is bounded by the orders that are open: of the others the last few are kept, each once."""
    board = OwnBoard()
    orders = [evolve(FILLED, client_order_id=str(each), order_id=each) for each in range(1, 30)]
    lines = shown(board, *map(OrderChanged, orders), *map(OrderChanged, orders))
    assert len([line for line in lines if "FILLED" in line]) == ENDED
    assert lines[3].endswith(" 29")
