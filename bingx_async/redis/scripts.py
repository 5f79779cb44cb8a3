"""The Lua scripts. Each is put together from the parts it uses, one concern a file, and its own file at the end."""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from importlib.resources import files

PARTS = {"reserve": ("history", "turns", "buckets", "gates", "error_budget"), "invalidate_history": ("history",)}


@cache
def source(script: str) -> str:
    """The text of a script as the server gets it."""
    folder = files("bingx_async.redis") / "lua"
    parts = ("prelude", *PARTS.get(script, ()), script)
    return "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in parts)


@cache
def digest(script: str) -> str:
    """The server's name for it."""
    return sha1(source(script).encode(), usedforsecurity=False).hexdigest()
