"""The root of the exceptions, and those that are no single call's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bingx_async.models.resolution import KillReport


def _restore(kind: type[BingXError], args: tuple[Any, ...], fields: dict[str, Any]) -> BingXError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class BingXError(Exception):
    """Anything this library raises on purpose. It survives copying and pickling with all its fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self._fields())

    def _fields(self) -> dict[str, Any]:
        return self.__dict__.copy()


class IncompleteList(BingXError):
    """The exchange holds more of a list than it hands out. `items` are those that were seen; where an iterator has
    handed them on already there are none."""

    def __init__(self, message: str, items: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.items = tuple(items)


class OrdersLeftOpen(BingXError):
    """The kill switch ended before the account was seen to have no open order. `report` says what was cancelled, what
    is left and what could not be looked at."""

    def __init__(self, report: KillReport) -> None:
        super().__init__(f"not every order is known to be gone: {report}")
        self.report = report
