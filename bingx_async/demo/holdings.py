"""Fills and balances on the demo's screen: a panel with a row for each account, or one line for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bingx_async import Fill, Side
from bingx_async.demo.statement import ZERO, Statement, total

DIM, BOUGHT, SOLD = "grey50", "green3", "deep_pink2"
PLACES = {"USDT": 2, "BTC": 5}


def holdings_panel(statements: Sequence[Statement]) -> Panel:
    """The fills so far, the last one, and what each account has."""
    grid = Table.grid(padding=(0, 2))
    for statement in statements:
        count = Text.assemble((f"{len(statement.fills):4}", "bold"), (" fills", DIM))
        amounts = [_amount(statement, asset) for asset in PLACES]
        grid.add_row(Text(statement.account, "cyan"), count, _last(statement.last), *amounts)
    return Panel(grid, title="[bold]fills and balances[/]", box=ROUNDED, border_style=DIM)


def holdings_line(statements: Sequence[Statement]) -> Text:
    """The same of all accounts together."""
    fills = [statement.last for statement in statements if statement.last is not None]
    last = max(fills, key=lambda fill: int(fill.trade_id), default=None)
    amounts = " · ".join(f"{total(statements, asset):,.{places}f} {asset}" for asset, places in PLACES.items())
    count = sum(len(statement.fills) for statement in statements)
    line = Text.assemble((f" {count} fills", "bold"), (f" · {amounts} · ", DIM), _last(last))
    line.no_wrap, line.overflow = True, "crop"
    return line


def _last(fill: Fill | None) -> Text:
    if fill is None:
        return Text("none yet", DIM)
    verb, style = ("bought", BOUGHT) if fill.side == Side.BUY else ("sold", SOLD)
    return Text.assemble((f"{verb} ", style), f"{fill.quantity or ZERO:f} at {fill.price or ZERO:,.2f}")


def _amount(statement: Statement, asset: str) -> Text:
    """The balance, and the part of it that open orders have locked."""
    balance, places = statement.balances.get(asset), PLACES[asset]
    locked = balance.locked or ZERO if balance is not None else ZERO
    held = f"{statement.total(asset):,.{places}f} {asset}"
    return Text.assemble((f"{held:>15}", "bold"), (f", {locked:,.{places}f} locked", DIM))
