"""Rows of models as a table for people, or as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bingx_async import to_dict

T = TypeVar("T")
PIPE = 160  # columns where there is no terminal

Columns = Mapping[str, Callable[[T], object]]


def show(models: Sequence[T], columns: Columns[T], *, as_json: bool, nothing: str) -> None:
    """Print the rows; numbers to the right. Without any the text `nothing`, or an empty list."""
    if as_json:
        show_json([to_dict(model) for model in models])
    elif not models:
        click.echo(nothing)
    else:
        _console().print(_table([[value(model) for value in columns.values()] for model in models], list(columns)))


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2))


def _table(rows: list[list[object]], titles: list[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for number, title in enumerate(titles):
        is_number = all(isinstance(row[number], Decimal | int | None) for row in rows)
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=PIPE)
