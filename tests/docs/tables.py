"""The tables of the documentation that repeat what the code knows: `python -m tests.docs.tables` writes them anew.

A page marks the place of a table by `<!-- table: name -->` in front of it and `<!-- end of table -->` after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bingx_async.catalogue import CATALOGUE, PROFILES
from bingx_async.core.quota import GROUP_QUOTAS, INTERFACE_QUOTAS, UNLIMITED, IpGroup, Quota
from bingx_async.core.verdict import BARE_STATUSES, ERRORS, TABLE, THROTTLES, Meaning, Row

DOCS = Path(__file__).parents[2] / "docs"
PLACE = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

EFFECTS = {
    Meaning.BUSY: "wait and repeat, else `ServerBusy`",
    Meaning.BANNED: "close the address; wait and repeat, else `RateLimited`",
    Meaning.CLOCK: "read the clock and repeat once, else `ClockError`",
    Meaning.UNCLEAR: "`OutcomeUnknown`",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str) -> str:
    """Inline code; a bar would end the cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def per(quota: Quota) -> str:
    """A quota in words."""
    if quota.limit >= UNLIMITED.limit:
        return "no limit"
    return f"{quota.limit} per {'second' if quota.window == 1 else f'{quota.window:g} seconds'}"


def account_quotas() -> str:
    """Every quota of an account under the default profile."""
    endpoints = {endpoint.path: endpoint for endpoint in CATALOGUE}
    rows = (
        (
            code(f"{endpoints[path].name}" if path in endpoints else "–").replace("`–`", "not called by this version"),
            code(path),
            per(quota),
            quota.source,
        )
        for path, quota in PROFILES["documented"].uid.items()
    )
    return table(("Method", "Endpoint", "Quota of the account", "Source"), rows)


def address_quotas() -> str:
    """Every quota of an outgoing address."""
    rows = (
        (
            f"`IpGroup.{group.name}`, {group.value}",
            ", ".join(
                code(endpoint.path.removeprefix("/openApi/")) for endpoint in CATALOGUE if endpoint.group is group
            ),
            " and ".join(per(quota) for quota in GROUP_QUOTAS[group]),
            per(INTERFACE_QUOTAS[group]),
            GROUP_QUOTAS[group][0].source,
        )
        for group in IpGroup
    )
    return table(("Group", "Endpoints", "The whole group", "Each endpoint in it", "Source"), rows)


def profiles() -> str:
    """What the other profiles change."""
    documented = PROFILES["documented"].uid
    rows = [
        (code(name), code(path), per(quota), quota.source)
        for name, profile in PROFILES.items()
        if profile.default is None
        for path, quota in profile.uid.items()
        if quota != documented[path]
    ]
    return table(("Profile", "Endpoint", "Quota of the account", "Source"), rows)


def effect_of(meaning: Meaning) -> str:
    """What the library does about a meaning."""
    if meaning in EFFECTS:
        return EFFECTS[meaning]
    if meaning in THROTTLES:
        return "close the endpoint; wait and repeat, else `RateLimited`"
    return f"`{ERRORS[meaning].__name__}`"


def condition_of(row: Row) -> str:
    """What a row asks of text and status."""
    parts = [f"text fits {code(row.pattern.pattern)}"] if row.pattern else []
    if row.statuses:
        parts.append(f"HTTP status {', '.join(map(str, sorted(row.statuses)))}")
    return "; ".join(parts) or "any text"


def codes() -> str:
    """The table of codes, in the order in which it is searched."""
    rows = (
        (
            ", ".join(map(str, sorted(row.codes))) if row.codes is not None else "any",
            condition_of(row),
            row.meaning.value,
            effect_of(row.meaning),
        )
        for row in TABLE
    )
    return table(("Code", "Condition", "Meaning", "What happens"), rows)


def statuses() -> str:
    """HTTP statuses of replies without a readable code."""
    found: dict[Meaning, list[int]] = {}
    for status, meaning in BARE_STATUSES.items():
        found.setdefault(meaning, []).append(status)
    rows = [
        (", ".join(map(str, sorted(listed))), meaning.value, effect_of(meaning)) for meaning, listed in found.items()
    ]
    rows.append(("any other", Meaning.UNCLEAR.value, "`OutcomeUnknown`; below 500 `UnreadableReply`"))
    return table(("HTTP status", "Meaning", "What happens"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "account-quotas": account_quotas,
    "address-quotas": address_quotas,
    "profiles": profiles,
    "codes": codes,
    "statuses": statuses,
}


def renewed(text: str) -> str:
    """A page with every table as the code has it now."""
    return PLACE.sub(lambda place: f"{place[1]}\n{TABLES[place[2]]()}\n{place[3]}", text)


def pages() -> dict[Path, str]:
    """Every page that holds such a table."""
    texts = {page: page.read_text("utf-8") for page in sorted(DOCS.glob("*.md"))}
    return {page: text for page, text in texts.items() if PLACE.search(text)}


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(renewed(text), "utf-8")
