"""Task groups inside a call, of which its caller need not know."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def one_error() -> Generator[None]:
    """Around a task group: what comes out is the first error, not a group of errors."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _first(inner[0]) if inner else error
