"""The tables of this documentation that repeat what the code knows. They are written when it is built, never kept.

A page marks the place of a table with `<!-- table: name -->`; `filled` puts the table there. An endpoint, a quota, an
error code or a module that is added to the package is in its tables without a change to any page.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from facts_tables import open_facts, variants
from markdown_tables import cell, code, table
from streams_tables import channels, stream_limits

import bingx_async
from bingx_async.account import AccountApi
from bingx_async.catalogue import CATALOGUE, PROFILES
from bingx_async.core import events
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.core.refusals import BARE_STATUSES, ERRORS, TABLE, THROTTLES, Meaning, Row
from bingx_async.spot import SpotApi

DOCS = Path(__file__).parent
PACKAGE = Path(bingx_async.__file__).parent
MARKER = re.compile(r"^<!-- table: ([a-z-]+) -->$", re.MULTILINE)

EFFECTS = {
    Meaning.BUSY: "wait and repeat, else `ServerBusy`",
    Meaning.BANNED: "close the address; wait and repeat, else `RateLimited`",
    Meaning.CLOCK: "read the clock and repeat once, else `ClockError`",
    Meaning.NO_DATA: "an empty list, else `OrderNotFound`",
    Meaning.UNCONFIRMED: "`OutcomeUnknown`; `ServerBusy` for a read",
    Meaning.UNCLEAR: "`OutcomeUnknown`; `ReadFailed` for a read",
}


def filled(text: str) -> str:
    """A page with a table in the place of every marker; `KeyError` for a marker that no table has."""
    return MARKER.sub(lambda place: TABLES[place[1]](), text)


def markers(text: str) -> list[str]:
    """The names of the tables that a page asks for."""
    return MARKER.findall(text)


def per(quota: Quota) -> str:
    """A quota in words."""
    if quota.limit >= UNLIMITED.limit:
        return "no limit"
    return f"{quota.limit} per {'second' if quota.window == 1 else f'{quota.window:g} seconds'}"


def source_of(quota: Quota) -> str:
    """Where the numbers of a quota stand: a link, if the source is an address."""
    found = re.match(r"https?://([^/]+)", quota.source)
    return f"[{found[1]}](<{quota.source}>)" if found else cell(quota.source)


def endpoints() -> str:
    """Every endpoint that the library calls, a table for each kind, with the quota of an account and its source."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for each in CATALOGUE:
        names = (code(each.name), each.method, code(each.path), str(each.group.value), each.priority.name.lower())
        found.setdefault(kind_of(each), []).append((*names, *quota_of(each)))
    head = ("Name", "HTTP", "Path", "IP group", "Priority", "Quota of the account", "Source")
    return "\n".join(f"**{kind}**\n\n{table(head, rows)}" for kind, rows in found.items())


def kind_of(endpoint: Endpoint[Any]) -> str:
    """The table in which an endpoint is listed."""
    if endpoint.group is IpGroup.MARKET:
        return "Market data"
    if hasattr(AccountApi, endpoint.name):
        return "Account"
    return "OCO orders" if "/oco/" in endpoint.path else "Orders"


def quota_of(endpoint: Endpoint[Any]) -> tuple[str, str]:
    """The quota of an account, or that it has none, and the source."""
    profile = PROFILES["documented"]
    if endpoint.is_public:
        return "none, only the address'", source_of(profile.groups[endpoint.group][0])
    return per(profile[endpoint.route]), source_of(profile[endpoint.route])


def account_quotas() -> str:
    """Every quota of an account under the default profile."""
    quotas = PROFILES["documented"]
    rows = (
        (code(each.name), per(quotas[each.route]), source_of(quotas[each.route]))
        for each in CATALOGUE
        if each.route in quotas
    )
    return table(("Endpoint", "Quota of the account", "Source"), rows)


def address_quotas() -> str:
    """Every quota of an outgoing address."""
    profile = PROFILES["documented"]
    rows = (
        (
            f"`IpGroup.{group.name}`, {group.value}",
            ", ".join(dict.fromkeys(code(each.name) for each in CATALOGUE if each.group is group)) or "–",
            " and ".join(per(quota) for quota in profile.groups[group]),
            per(profile.interface[group]),
            source_of(profile.groups[group][0]),
        )
        for group in IpGroup
    )
    return table(("Group", "Endpoints", "The whole group", "Each endpoint in it", "Source"), rows)


def profiles() -> str:
    """The quotas in which the other profiles differ from the default; the unlimited one differs in all."""
    documented = PROFILES["documented"]
    rows = (
        (code(name), code(each.name), per(quota), source_of(quota))
        for name, profile in PROFILES.items()
        for each in CATALOGUE
        if (quota := profile.get(each.route)) is not None
        and quota.limit < UNLIMITED.limit
        and quota != documented.get(each.route)
    )
    return table(("Profile", "Endpoint", "Quota of the account", "Source"), rows)


def methods() -> str:
    """Every method of `client.spot`, with the first sentence of its text."""
    return methods_of(SpotApi, "bingx_async.spot.SpotApi")


def account_methods() -> str:
    """The same of `client.account`."""
    return methods_of(AccountApi, "bingx_async.account.AccountApi")


def methods_of(api: type, path: str) -> str:
    """A row for each method."""
    rows = (
        (f"{{py:meth}}`{name} <{path}.{name}>`", cell(first_sentence(inspect.getdoc(method) or "")))
        for name, method in inspect.getmembers(api, inspect.isfunction)
        if not name.startswith("_")
    )
    return table(("Method", "What it does"), rows)


def first_sentence(text: str) -> str:
    """The text up to the first full stop or semicolon that ends a clause."""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=[a-z`)])[.;] ", f"{paragraph} ")[0].rstrip(" .")


def observed() -> str:
    """Every event, with the first line of its text."""
    rows = (
        (code(name), cell((inspect.getdoc(event) or "").partition("\n")[0]))
        for name, event in vars(events).items()
        if inspect.isclass(event) and issubclass(event, events.Event) and not event.__subclasses__()
    )
    return table(("Event", "Meaning"), rows)


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


def condition_of(row: Row) -> str:
    """The text and the statuses that a row asks for."""
    parts = [f"text fits {code(row.pattern.pattern)}"] if row.pattern else []
    if row.statuses:
        parts.append(f"HTTP status {', '.join(map(str, sorted(row.statuses)))}")
    return "; ".join(parts) or "any text"


def effect_of(meaning: Meaning) -> str:
    """How the library answers a meaning."""
    if meaning in EFFECTS:
        return EFFECTS[meaning]
    if meaning in THROTTLES:
        return "close the endpoint; wait and repeat, else `RateLimited`"
    return f"`{ERRORS[meaning].__name__}`"


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


def modules() -> str:
    """Every module with the first line of its docstring, a table for each package."""
    return "\n".join(_packages())


def _packages() -> Iterator[str]:
    for package in [PACKAGE, *sorted(path.parent for path in PACKAGE.rglob("*/__init__.py"))]:
        rows = [(code(path.stem), opening(path)) for path in sorted(package.glob("*.py")) if path.stem != "__init__"]
        yield f"**`{'.'.join(package.relative_to(PACKAGE.parent).parts)}`**: {opening(package / '__init__.py')}\n"
        if rows:
            yield table(("Module", "Purpose"), rows)


def opening(module: Path) -> str:
    """The first line of a module's docstring; the module is not imported, so no extra is needed."""
    text = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    return cell(text.partition("\n")[0])


TABLES: Mapping[str, Callable[[], str]] = {
    "account-methods": account_methods,
    "account-quotas": account_quotas,
    "address-quotas": address_quotas,
    "channels": channels,
    "codes": codes,
    "endpoints": endpoints,
    "events": observed,
    "methods": methods,
    "modules": modules,
    "open-facts": open_facts,
    "profiles": profiles,
    "statuses": statuses,
    "stream-limits": stream_limits,
    "variants": variants,
}
