"""What one endpoint is: everything the rest of the library needs to know about it, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from bingx_async.core.quota import IpGroup
from bingx_async.models import Priority

T = TypeVar("T")


@frozen(eq=False)
class Endpoint(Generic[T]):
    """One endpoint of the exchange.

    `read` turns the `data` of an accepted reply into the model and never raises; `is_creating` marks calls that
    put something new on the book (the error budget holds these back first); `source` names the document.
    """

    name: str
    method: str
    path: str
    group: IpGroup
    read: Callable[[Any], T] = field(repr=False)
    priority: Priority = Priority.READ
    is_signed: bool = True
    is_creating: bool = False
    source: str = field(default="", repr=False)


@frozen(eq=False)
class Call(Generic[T]):
    """An endpoint with its arguments, checked and in wire names; texts and integers only."""

    endpoint: Endpoint[T]
    params: Mapping[str, str | int]
    client_order_ids: tuple[str, ...] = ()
