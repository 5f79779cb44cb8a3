"""Quotas: how many calls the exchange allows in which time. Each number stands once, with its public source.

A private call is counted three times: per account and endpoint (by the quota in its declaration), per outgoing address
and endpoint, and per address and group of endpoints (by those here). Market data is counted per address only.
"""

from __future__ import annotations

from collections.abc import ItemsView, Mapping
from enum import IntEnum
from math import inf
from typing import Protocol

from attrs import Attribute, field, frozen

from bingx_async.errors import InvalidRequest


def _whole(_instance: object, attribute: Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidRequest(f"a quota's {attribute.name} must be a whole number above 0, not {value!r}")


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < inf:
        raise InvalidRequest(f"a quota's window must be seconds above 0, not {value!r}")
    return float(value)


@frozen
class Quota:
    """At most `limit` calls per `window` seconds. `source` is where that is documented, and is not compared."""

    limit: int = field(validator=_whole)
    window: float = field(converter=_seconds)
    source: str = field(default="user", eq=False)

    def __str__(self) -> str:
        return "unlimited" if self.limit >= UNLIMITED.limit else f"{self.limit}/{self.window:g} s"


UNLIMITED = Quota(1_000_000_000, 0.001, "no limit")


class IpGroup(IntEnum):
    """Groups of endpoints that share one quota per outgoing address; the numbers are the exchange's."""

    MARKET = 1
    ACCOUNT = 2
    TRADE = 3


PAGES = "https://bingx-api.github.io/docs/#/en-us/"
RATES = f"{PAGES}swapV2/base-info.html#Rate%20limit"

# The one table of IP groups: what the whole group may send, and what each endpoint in it may.
GROUP_QUOTAS: Mapping[IpGroup, tuple[Quota, ...]] = {
    IpGroup.MARKET: (Quota(500, 10.0, RATES), Quota(1000, 60.0, RATES)),
    IpGroup.ACCOUNT: (Quota(2000, 10.0, RATES),),
    IpGroup.TRADE: (Quota(2000, 10.0, RATES),),
}
INTERFACE_QUOTAS: Mapping[IpGroup, Quota] = {
    IpGroup.MARKET: UNLIMITED,
    IpGroup.ACCOUNT: Quota(300, 10.0, RATES),
    IpGroup.TRADE: Quota(300, 10.0, RATES),
}


class Quotas(Protocol):
    """A mapping to quotas; its keys are method names, paths or `IpGroup`s. `Mapping` is too strict to say that."""

    def items(self) -> ItemsView[str | IpGroup, Quota]:
        """Pairs of (endpoint or group, quota)."""
        ...
