"""The output of `bingx-async quotas`: a table of accounts, a table of addresses, and the sources below.

Rule: it fits into 80 columns without a break inside a word. Method and path are only shown where there is room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bingx_async.core.quota import IpGroup

WIDE = 110  # columns from which on method and path are shown
NOTE = "Every call is counted in each of its quotas; – means that there is none.\n"

Row = dict[str, Any]
Quota = dict[str, Any] | None


def tables(rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """The parts in order; a `Text` may be longer than a line."""
    sources: dict[str, int] = {}
    yield _accounts(rows, sources, is_wide=width >= WIDE)
    yield _addresses(rows, sources)
    yield Text(NOTE + "\n".join(f"[{number}] {source}" for source, number in sources.items()), "grey50")


def _accounts(rows: Sequence[Row], sources: dict[str, int], *, is_wide: bool) -> Table:
    table = _table("Per account", ["endpoint", *(["", "path"] if is_wide else [])], ["quota", "group", "source"])
    shown: set[tuple[object, ...]] = set()
    for row in rows:
        cells = [_text(row["uid"]), str(row["group"]), _marks([row["uid"]], sources)]
        where = [row["method"], row["path"]] if is_wide else []
        if (row["name"], *where, *cells) not in shown:  # two paths of one method look the same without their paths
            table.add_row(Text(row["name"], "bold"), *map(Text, [*where, *cells]))
        shown.add((row["name"], *where, *cells))
    return table


def _addresses(rows: Sequence[Row], sources: dict[str, int]) -> Table:
    table = _table("Per outgoing address", ["group"], ["each endpoint of it", "the whole group", "source"])
    for number, row in sorted({row["group"]: row for row in rows}.items()):
        quotas = [row["interface"], *row["group_quotas"]]
        whole = " and ".join(_text(quota) for quota in row["group_quotas"]) or "–"
        name = f"{number}, {IpGroup(number).name.lower()}"
        table.add_row(Text(name, "bold"), *map(Text, [_text(row["interface"]), whole, _marks(quotas, sources)]))
    return table


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_style="bold", title_justify="left", padding=(0, 1, 0, 0))
    for name in left:
        table.add_column(name, no_wrap=True, style="cyan" if name == "path" else None)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True, style="grey50" if name == "source" else None)
    return table


def _marks(quotas: Sequence[Quota], sources: dict[str, int]) -> str:
    found = dict.fromkeys(quota["source"] for quota in quotas if quota)
    return " ".join(f"[{sources.setdefault(source, len(sources) + 1)}]" for source in found)


def _text(quota: Quota) -> str:
    if quota is None:
        return "–"
    return f"{quota['limit']}/s" if quota["window"] == 1 else f"{quota['limit']}/{quota['window']:g} s"
