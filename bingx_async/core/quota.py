"""What the exchange allows, as data: each number of the vendor stands here once, with its source.

A private call is counted three times: per (account UID, endpoint), per (egress address, endpoint) and per
(egress address, group). Market data is counted per address only. Quotas change and differ by account, so they
come as named profiles and a user can override any of them.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from enum import IntEnum
from math import inf
from typing import Protocol

from attrs import Attribute, evolve, field, frozen


def _positive(_instance: object, attribute: Attribute[float], value: float) -> None:
    if isinstance(value, bool) or not 0 < value < inf:
        raise ValueError(f"a quota's {attribute.name} must be above 0, not {value!r}")


def _whole(_instance: object, attribute: Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a quota's {attribute.name} must be a whole number above 0, not {value!r}")


@frozen
class Quota:
    """At most `limit` calls per `window` seconds, by `source`.

    `source` says where the numbers stand; it does not take part in comparison.
    """

    limit: int = field(validator=_whole)
    window: float = field(converter=float, validator=_positive)
    source: str = field(default="user", eq=False)

    def __str__(self) -> str:
        return "unlimited" if self.limit >= UNLIMITED.limit else f"{self.limit}/{self.window:g} s"


UNLIMITED = Quota(1_000_000_000, 0.001, "no limit")


class IpGroup(IntEnum):
    """Groups of endpoints that share one quota per outgoing address (seed: "by IP in group Number")."""

    MARKET = 1
    ACCOUNT = 2
    TRADE = 3


SEED = "seed: the endpoint's page, 'rate limitation by UID'"
VENDOR = "vendor: spot documentation"
CHANGELOG = "vendor: changelog 2025-10"

# The one table of IP groups: what the whole group may send, and what each endpoint in it may.
GROUP_QUOTAS: Mapping[IpGroup, tuple[Quota, ...]] = {
    IpGroup.MARKET: (Quota(500, 10.0, VENDOR), Quota(1000, 60.0, VENDOR)),
    IpGroup.ACCOUNT: (Quota(2000, 10.0, VENDOR),),
    IpGroup.TRADE: (Quota(2000, 10.0, VENDOR),),
}
INTERFACE_QUOTAS: Mapping[IpGroup, Quota] = {
    IpGroup.MARKET: UNLIMITED,
    IpGroup.ACCOUNT: Quota(300, 10.0, VENDOR),
    IpGroup.TRADE: Quota(300, 10.0, VENDOR),
}

CANCEL = "/openApi/spot/v1/trade/cancel"
CANCEL_ORDERS = "/openApi/spot/v1/trade/cancelOrders"
CANCEL_OPEN_ORDERS = "/openApi/spot/v1/trade/cancelOpenOrders"
PLACE_ORDER = "/openApi/spot/v1/trade/order"
OCO_ORDER = "/openApi/spot/v1/oco/order"
OCO_CANCEL = "/openApi/spot/v1/oco/cancel"
SERVER_TIME = "/openApi/swap/v2/server/time"
SERVER_TIME_OLD = "/openApi/spot/v1/server/time"

_DOCUMENTED: Mapping[str, Quota] = {
    CANCEL: Quota(5, 1.0, SEED),
    CANCEL_ORDERS: Quota(2, 1.0, SEED),
    CANCEL_OPEN_ORDERS: Quota(2, 1.0, SEED),
    OCO_ORDER: Quota(2, 1.0, SEED),
    OCO_CANCEL: Quota(2, 1.0, SEED),
    PLACE_ORDER: Quota(5, 1.0, VENDOR),
}
_CHANGELOG_2025_10: Mapping[str, Quota] = {path: Quota(10, 1.0, CHANGELOG) for path in _DOCUMENTED}
_TRADER: Mapping[str, Quota] = {
    path: Quota(1, 1.0, "vendor: copy-trading lead traders")
    for path in (PLACE_ORDER, CANCEL, CANCEL_ORDERS, CANCEL_OPEN_ORDERS)
}


class Quotas(Protocol):
    """A mapping of paths, of `IpGroup`s or of both to quotas. `Mapping` is too strict with its keys to say that."""

    def items(self) -> ItemsView[str | IpGroup, Quota]:
        """What replaces what."""
        ...


@frozen
class Profile(Mapping[str, Quota]):
    """A named set of quotas. As a mapping: path -> UID quota."""

    name: str
    uid: Mapping[str, Quota]
    interface: Mapping[IpGroup, Quota] = field(factory=lambda: INTERFACE_QUOTAS)
    groups: Mapping[IpGroup, tuple[Quota, ...]] = field(factory=lambda: GROUP_QUOTAS)
    default: Quota | None = None

    def __getitem__(self, path: str) -> Quota:
        return self.uid[path] if self.default is None else self.uid.get(path, self.default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.uid)

    def __len__(self) -> int:
        return len(self.uid)

    def override(self, quotas: Quotas) -> Profile:
        """The same profile with some quotas replaced: a path for a UID quota, an `IpGroup` for a group's."""
        uid = {key: quota for key, quota in quotas.items() if isinstance(key, str)}
        groups = {IpGroup(key): (quota,) for key, quota in quotas.items() if not isinstance(key, str)}
        return evolve(self, uid={**self.uid, **uid}, groups={**self.groups, **groups})


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("documented", _DOCUMENTED),
        Profile("2025-10", {**_DOCUMENTED, **_CHANGELOG_2025_10}),
        Profile("trader", {**_DOCUMENTED, **_TRADER}),
        Profile(
            "unlimited",
            dict.fromkeys(_DOCUMENTED, UNLIMITED),
            dict.fromkeys(IpGroup, UNLIMITED),
            dict.fromkeys(IpGroup, (UNLIMITED,)),
            UNLIMITED,
        ),
    )
}
