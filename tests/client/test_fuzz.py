"""Whatever a reply holds after code 0, nothing raises: the order is live or gone."""

from __future__ import annotations

import os

from bingx_async.catalogue import CATALOGUE
from tests.client.fuzz import run

SECONDS = 60.0 if os.environ.get("CI") == "true" else 3.0


def test_no_reply_raises_after_code_0() -> None:
    """Replies with fields missing, null, of another kind, unknown, huge, reordered or twice are read by every endpoint,
    and all that their models compute; `nox -s fuzz` reads a million."""
    counts = run(10**9, SECONDS, seed=20261121)
    assert {endpoint.route for endpoint in CATALOGUE} == set(counts)
    assert min(counts.values()) > 10
