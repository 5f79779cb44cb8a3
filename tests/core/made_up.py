"""Endpoints and profiles that exist in tests alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bingx_async.core.catalogue import Catalogue, Profile
from bingx_async.core.claims import Claims, Key, claims_of
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.ledger import Ledger
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota


def endpoint_of(path: str, **more: Any) -> Endpoint[Any]:
    """A signed POST of the group TRADE."""
    return Endpoint("name", "POST", path, IpGroup.TRADE, lambda data: data, **{"quota": Quota(1, 1), **more})


def profile_of(
    uid: Mapping[str, Quota], interface: Quota = UNLIMITED, groups: tuple[Quota, ...] = (), name: str = "test"
) -> Profile:
    """Quotas of accounts by path, of an address, and of the group TRADE there."""
    routes = {f"POST {path}": quota for path, quota in uid.items()}
    return Profile(name, Catalogue(()), routes, {IpGroup.TRADE: interface}, {IpGroup.TRADE: groups})


def claims_under(profile: Profile, path: str, account: str = "7", egress: str = "e", **more: Any) -> Claims:
    """What a call of the endpoint at `path` draws on."""
    return claims_of(endpoint_of(path, **more), profile, account, egress)


def closed_until_of(ledger: Ledger, key: Key) -> float | None:
    """Until when the exchange has closed `key`."""
    return ledger.gates[key].closed_until if key in ledger.gates else None
