"""The tables about streams: the channels as they are declared, and the limits."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from typing import Any

import attrs
from markdown_tables import cell, code, table

from bingx_async.core.channel import Channel, Keep
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.spot.streaming import channels as declared

KEPT = {
    Keep.NEWEST: "the newest",
    Keep.COUNTED: "the oldest are dropped, and counted by `Lagged`",
    Keep.WHOLE: "all are dropped together, and it begins anew",
}


def channels() -> str:
    """Every channel with its topic, its cadence, and what a slow program gets."""
    found = [each for each in vars(declared).values() if isinstance(each, Channel)]
    rows = (
        (code(each.name), code(each.topic), cadence_of(each), KEPT[each.keep], f"[page](<{each.source}>)")
        for each in found
    )
    return table(("Stream", "Topic", "Messages", "If the program is slow", "Source"), rows)


def cadence_of(channel: Channel[Any]) -> str:
    """How often messages come."""
    return "as things happen" if channel.every is None else f"each {channel.every:g} s"


def stream_limits() -> str:
    """Every limit with its default and its text."""
    (tree,) = ast.parse(inspect.getsource(StreamLimits)).body
    assert isinstance(tree, ast.ClassDef)
    texts = {
        ast.unparse(field.target): ast.literal_eval(after.value)
        for field, after in itertools.pairwise(tree.body)
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr)
    }
    rows = (
        (code(field.name), f"{field.default:g}", cell(re.sub(r"\s+", " ", texts[field.name])))
        for field in attrs.fields(StreamLimits)
    )
    return table(("Limit", "Default", "Meaning"), rows)
