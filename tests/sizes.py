"""How much the tests try: everything where CI=true, a part of it elsewhere, so that they take minutes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

IN_CI = os.environ.get("CI") == "true"
BACKENDS = ("asyncio", "trio")
# Of long tests whose promise shorter ones keep under trio as well.
mostly_asyncio = pytest.mark.parametrize("backend", BACKENDS if IN_CI else BACKENDS[:1])


def in_turn(name: str, cases: Iterable[Any]) -> pytest.MarkDecorator:
    """Each case with each `backend` in CI; elsewhere with one of them, in turn."""
    both = [(case, backend) for case in cases for backend in BACKENDS]
    return pytest.mark.parametrize((name, "backend"), both if IN_CI else [*both[::4], *both[3::4]])
