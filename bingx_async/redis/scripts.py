"""The Lua scripts, each in its own file; the clock they share is put in front."""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from importlib.resources import files


@cache
def source(name: str) -> str:
    """The text of a script as the server gets it."""
    here = files("bingx_async.redis")
    return "\n".join((here / f"{part}.lua").read_text("utf-8") for part in ("prelude", name))


@cache
def digest(name: str) -> str:
    """What the server calls it."""
    return sha1(source(name).encode(), usedforsecurity=False).hexdigest()
