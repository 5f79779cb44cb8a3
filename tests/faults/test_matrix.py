"""Every fault against every kind of call on every transport; outside CI a sample of the cells."""

from __future__ import annotations

import pytest

from tests.faults.matrix import GROUPS, TRANSPORTS, cells, is_complete, run
from tests.faults.not_promised import ANYWHERE, FOREIGN, TOGETHER

# httpx and httpcore leave generators unfinished when a request or a reply breaks off, which trio remarks on.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
ELSEWHERE = "http://127.0.0.1:1/"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("group", [group for group in GROUPS if group != "strays"])
def test_every_promise_holds(group: str, transport: str) -> None:
    """The call reports no more and no less than is true, in time, shows no secret, and the next one is right."""
    assert not run(group, transport).broken


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_strays(transport: str) -> None:
    """Bytes that belong to no request answer none on our own connections. Elsewhere the excuses are needed."""
    report = run("strays", transport)
    assert not report.broken
    excused = {text.split(" / ")[0] for text in report.not_promised}
    if is_complete():
        assert excused >= {*ANYWHERE, *(TOGETHER if transport != "own" else ())}
    if transport == "own":
        assert excused <= ANYWHERE.keys()


def test_size() -> None:
    """The matrix has thousands of cells, each of them once, and the excuses name faults that are played."""
    if not is_complete():
        return
    every = [str(cell) for group in GROUPS for transport in TRANSPORTS for cell in cells(group, transport, ELSEWHERE)]
    assert len(every) > 10_000
    assert len(every) - len(set(every)) == 0
    names = {each.split(" / ")[0] for each in every}
    assert names >= ANYWHERE.keys() | FOREIGN.keys()
