"""The table of buckets: one row for each of an account's quotas, and the quotas of the address they share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bingx_async import BucketSnapshot, Quota, Snapshot
from bingx_async.demo.measure import Use, is_closed
from bingx_async.demo.scenario import CLOSED_ACCOUNT, short
from bingx_async.demo.trader import JOBS

TOKENS = 10  # characters for a bucket with more tokens than that
BAR = 8  # characters for the share used
WIDE = 114  # columns from which on tokens and bars are drawn
GOOD, FAIR, BAD, DIM = "green3", "gold1", "red1", "grey50"
CLOSED_ROW = Style(bgcolor="#3a1216")
ORDER = [job.endpoint for job in JOBS]
Uses = Mapping[tuple[str, str], Use]


def bucket_table(snapshot: Snapshot, uses: Uses, width: int, *, is_short: bool = False) -> Table:
    """Every bucket of the accounts, then of the address; when short, only those of the account that gets closed."""
    is_wide = width >= WIDE
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0) if is_wide else 0, header_style="bold", pad_edge=False)
    table.add_column("bucket", no_wrap=True)
    table.add_column("quota", justify="right", style=DIM, no_wrap=True)
    if is_wide:
        table.add_column("tokens", no_wrap=True)
    for name in ("available" if is_wide else "free", "in flight", "waiting"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("closed for" if is_wide else "closed", justify="right", no_wrap=True)
    table.add_column("quota used" if is_wide else "used", justify="right", no_wrap=True)
    for group in _groups(snapshot, is_short):
        for bucket in group:
            _add_row(table, bucket, snapshot.at, uses, is_wide)
        table.add_section()
    return table


def _groups(snapshot: Snapshot, is_short: bool) -> list[list[BucketSnapshot]]:
    """The rows: account by account, then the buckets that all of them share."""
    accounts: dict[str, list[BucketSnapshot]] = {}
    shared: list[BucketSnapshot] = []
    for bucket in snapshot:
        if bucket.kind == "account" and (bucket.owner == CLOSED_ACCOUNT or not is_short):
            accounts.setdefault(bucket.owner, []).append(bucket)
        elif bucket.name.startswith(("group 2", "group 3")):
            shared.append(bucket)
    groups = [sorted(accounts[owner], key=_rank) for owner in sorted(accounts)]
    return [*groups, sorted(shared, key=_rank)]


def _rank(bucket: BucketSnapshot) -> tuple[int, str]:
    """The order of the jobs, then that of the names."""
    name = short(bucket.name)
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def _add_row(table: Table, bucket: BucketSnapshot, now: datetime, uses: Uses, is_wide: bool) -> None:
    left = (bucket.closed_until - now).total_seconds() if bucket.closed_until is not None else 0.0
    where = (bucket.owner, short(bucket.name))
    cells: list[Text] = [_title(bucket), Text(rate_of(bucket.quota))]
    if is_wide:
        cells.append(_tokens(bucket, left > 0))
    cells += [
        Text(str(bucket.available), GOOD if bucket.available and left <= 0 else DIM),
        Text(str(bucket.in_flight), FAIR if bucket.in_flight else DIM),
        Text(str(bucket.waiting), "" if bucket.waiting else DIM),
        Text(f"{left:.1f} s", f"bold {BAD}") if left > 0 else Text("open", DIM),
        _share(uses.get(where), is_wide),
    ]
    table.add_row(*cells, style=CLOSED_ROW if is_closed(*where) and left > 0 else "")


def rate_of(quota: Quota) -> str:
    """`5/s`, `2000/10 s`."""
    return f"{quota.limit}/s" if quota.window == 1 else f"{quota.limit}/{quota.window:g} s"


def _title(bucket: BucketSnapshot) -> Text:
    if bucket.kind == "account":
        return Text.assemble((f"{bucket.owner}  ", "cyan"), short(bucket.name))
    return Text.assemble(("IP    ", "magenta"), " ".join(bucket.name.split(" ")[:2]))


def _tokens(bucket: BucketSnapshot, is_shut: bool) -> Text:
    """The state of each token: free, on its way, or occupied until one window after its reply."""
    limit = bucket.quota.limit
    scale = min(1.0, TOKENS / limit)
    in_flight = min(TOKENS, round(bucket.in_flight * scale + (0.49 if bucket.in_flight else 0.0)))
    free = min(round(bucket.available * scale), TOKENS - in_flight)
    occupied = max(0, min(limit, TOKENS) - in_flight - free)
    style = BAD if is_shut else "steel_blue1"
    return Text.assemble(("●" * in_flight, FAIR), ("●" * occupied, style), ("○" * free, BAD if is_shut else GOOD))


def _share(use: Use | None, is_wide: bool) -> Text:
    """The share as a bar and a number."""
    if use is None:
        return Text("")
    style = GOOD if use.share >= 0.9 else FAIR
    number = Text(f"{use.share:7.1%}", f"bold {style}")
    if not is_wide:
        return number
    full = min(BAR, round(use.share * BAR))
    return Text.assemble(("━" * full, style), ("━" * (BAR - full), "grey23"), number)
