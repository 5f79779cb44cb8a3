"""Events are frozen values with a moment."""

from datetime import UTC, datetime

import pytest
from attrs import fields
from attrs.exceptions import FrozenInstanceError

from bingx_async.core import events

AT = datetime(2026, 9, 21, 12, tzinfo=UTC)
KINDS: list[type[events.Event]] = [
    kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)
]


def build(kind: type[events.Event]) -> events.Event:
    """An event whose fields are their own names, but for the moment."""
    names = [field.name for field in fields(kind)]
    return kind(**{**dict(zip(names, names, strict=True)), "at": AT})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_frozen(kind: type[events.Event]) -> None:
    """An event cannot be changed, equals one with the same fields, and is hashable."""
    event = build(kind)
    with pytest.raises(FrozenInstanceError):
        event.at = datetime(1970, 1, 1, tzinfo=UTC)  # type: ignore[misc]
    assert event == build(kind)
    assert hash(event) == hash(build(kind))


@pytest.mark.parametrize(
    ("owner", "name", "text"),
    [("1001", "POST /a", "account 1001 POST /a"), ("eth0", "", "account eth0")],
)
def test_bucket(owner: str, name: str, text: str) -> None:
    """An event about a bucket has its kind, owner and name as fields, and all of them as one text."""
    event = events.Reopened(AT, "account", owner, name)
    assert (event.kind, event.owner, event.name, event.bucket) == ("account", owner, name, text)


@pytest.mark.parametrize("kind", KINDS)
def test_moment_comes_first(kind: type[events.Event]) -> None:
    """Every event begins with the moment at which it happened."""
    assert next(iter(fields(kind))).name == "at"
    assert build(kind).at == AT
