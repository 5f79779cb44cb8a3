"""The soak in short: the hour is run by `nox -s soak`."""

from __future__ import annotations

import anyio

from tests.sizes import IN_CI, mostly_asyncio
from tests.soak.program import Soak
from tests.soak.watching import growth

SECONDS = 60.0 if IN_CI else 12.0


@mostly_asyncio
def test_soak(backend: str) -> None:
    """A program over real sockets that drop every few seconds uses no more memory, tasks, sockets and threads with
    time, and leaves none behind; every order is done with all of its fills, and no book is crossed."""
    soak = Soak(SECONDS, drops=max(3.0, SECONDS / 10.0))
    anyio.run(soak.run, backend=backend)
    assert soak.problems == []
    assert growth(soak.uses) == {}
    assert soak.before is not None
    assert soak.after is not None
    assert (soak.after.tasks, soak.after.files) == (soak.before.tasks, soak.before.files)
    counts = soak.counts
    assert min(counts["trades"], counts["books"], counts["CANCELED"], counts["FILLED"], counts["Resynced"]) > 0
    assert counts["Reconnected"] > 0
