"""Rows of models as a table for people, or as JSON for programs.

Texts of the exchange's may hold anything: they are shown in one line, without control characters and without keys.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import click
from rich.cells import cell_len, set_cell_size

from bingx_async import to_dict

T = TypeVar("T")
NO_BOUND = 1_000_000  # columns where there is no terminal: nothing is cut
NONE = "–"
READER_GONE = 141  # the exit code that shells use for a broken pipe
LEAST_KEY = 8  # characters; a shorter text is no key, and would be found everywhere
PYTHON = "; it was not repeated. `await error.resolve()` finds out"  # ends the text of an OutcomeUnknown
MASKED = re.compile(r"\S*\*{3,}\S*")

Columns = Mapping[str, Callable[[T], object]]


def show(models: Sequence[T], columns: Columns[T], *, as_json: bool, nothing: str) -> None:
    """Print the rows; numbers to the right. Without any the text `nothing`, or an empty list."""
    if as_json:
        show_json([to_dict(model) for model in models])
    elif not models:
        tell(nothing)
    else:
        tell("\n".join(_layout([[value(model) for value in columns.values()] for model in models], list(columns))))


def show_json(value: Any) -> None:
    """Print a value as JSON: ids and decimals as texts, since many programs read numbers with 15 digits only."""
    tell(json.dumps(_exact(value), indent=2))


def show_json_line(value: Any) -> None:
    """The same in one line, for values that come one after the other."""
    tell(json.dumps(_exact(value)))


def tell(text: str) -> None:
    """Print to standard output. If its reader has gone, as in `| head -1`, or the disk is full, the program ends: what
    it did is done."""
    try:
        click.echo(text)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        if isinstance(error, BrokenPipeError):
            sys.exit(READER_GONE)
        click.echo(f"Error: standard output cannot be written: {error.strerror}", err=True)
        sys.exit(1)


def clean(text: str) -> str:
    """The text in one line, with *** in place of keys, also of those that the exchange has masked."""
    text = text.replace(PYTHON, "")
    for name in ("BINGX_API_KEY", "BINGX_SECRET_KEY"):
        key = os.environ.get(name, "")
        text = text.replace(key, "***") if len(key) >= LEAST_KEY else text
    return " ".join(MASKED.sub("***", printable(text)).split())


def printable(text: str) -> str:
    """The text with blanks in place of control characters, with which it could change the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _exact(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _exact(each, key) for key, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_exact(each, name) for each in cast("Sequence[Any]", value)]
    if isinstance(value, int) and (name == "id" or name.endswith("_id")):
        return str(value)
    return clean(value) if isinstance(value, str) else value


def _layout(rows: list[list[object]], titles: list[str]) -> Iterator[str]:
    """A line for each row; where that is wider than the terminal, a line for each value, so that none is cut."""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(titles, *texts, strict=True)]
    total = sum(widths) + 2 * len(widths) - 2
    if total > shutil.get_terminal_size((NO_BOUND, 24)).columns:
        yield from _records(texts, titles)
        return
    columns = zip(*rows, strict=True)
    is_number = [all(isinstance(value, Decimal | int | None) for value in column) for column in columns]
    yield _line(titles, widths, is_number)
    yield "─" * total
    for row in texts:
        yield _line(row, widths, is_number)


def _line(row: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    cells = zip(row, widths, is_number, strict=True)
    return "  ".join(
        " " * (width - cell_len(text)) + text if is_right else set_cell_size(text, width)
        for text, width, is_right in cells
    ).rstrip()


def _records(texts: list[list[str]], titles: list[str]) -> Iterator[str]:
    """The values that are there, each with its title; an empty line between two rows."""
    width = max(map(len, titles))
    for number, row in enumerate(texts):
        if number:
            yield ""
        for title, text in zip(titles, row, strict=True):
            if text != NONE:
                yield f"{title:<{width}}  {text}"


def _cell(value: object) -> str:
    if value is None or value == "":
        return NONE
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else clean(str(value))
