"""All endpoints together, and the named sets of quotas for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from attrs import evolve, field, frozen

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import GROUP_QUOTAS, INTERFACE_QUOTAS, UNLIMITED, IpGroup, Quota, Quotas
from bingx_async.errors import InvalidRequest

DOCUMENTED = "documented"


@frozen(eq=False)
class Catalogue:
    """The endpoints in the order of their declarations."""

    endpoints: tuple[Endpoint[Any], ...]
    _by_key: Mapping[str, tuple[Endpoint[Any], ...]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        found: dict[str, tuple[Endpoint[Any], ...]] = {}
        for endpoint in self.endpoints:
            for key in (endpoint.name, endpoint.path, endpoint.route):
                found[key] = (*found.get(key, ()), endpoint)
        object.__setattr__(self, "_by_key", found)

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Catalogue:
        """Every endpoint that is declared at the top of `modules`."""
        found: list[Endpoint[Any]] = [it for each in modules for it in vars(each).values() if isinstance(it, Endpoint)]
        return cls(tuple(dict.fromkeys(found)))  # a module may import the declaration of another

    def __iter__(self) -> Iterator[Endpoint[Any]]:
        return iter(self.endpoints)

    def get(self, key: str) -> tuple[Endpoint[Any], ...]:
        """The endpoints with that method name, path, or method and path; perhaps none."""
        return self._by_key.get(key, ())

    def find_all(self, key: str) -> tuple[Endpoint[Any], ...]:
        """The same, but raises `InvalidRequest` if there is none."""
        if found := self.get(key):
            return found
        names = ", ".join(sorted({endpoint.name for endpoint in self.endpoints}))
        raise InvalidRequest(f"no endpoint {key!r}; write the name of its method or its path. There are {names}")


@frozen(eq=False)
class Profile(Mapping[str, Quota]):
    """A named set of quotas. As a mapping: the name, path or route of an endpoint -> the quota of an account."""

    name: str
    catalogue: Catalogue = field(repr=False)
    uid: Mapping[str, Quota] = field(repr=False)  # by route
    interface: Mapping[IpGroup, Quota] = field(default=INTERFACE_QUOTAS, repr=False)
    groups: Mapping[IpGroup, tuple[Quota, ...]] = field(default=GROUP_QUOTAS, repr=False)
    default: Quota | None = None  # for endpoints that the profile does not know

    def quota_of(self, endpoint: Endpoint[Any]) -> Quota:
        """The quota of an account for `endpoint`; the endpoint's own where this profile says nothing."""
        return self.uid.get(endpoint.route) or self.default or endpoint.quota

    def __getitem__(self, key: str) -> Quota:
        for endpoint in self.catalogue.get(key):
            if endpoint.route in self.uid:
                return self.uid[endpoint.route]
        if self.default is None:
            raise KeyError(key)
        return self.default

    def __iter__(self) -> Iterator[str]:
        return iter(self.uid)

    def __len__(self) -> int:
        return len(self.uid)

    def override(self, quotas: Quotas) -> Profile:
        """The same profile with some quotas replaced: those of endpoints for an account, or those of a whole group."""
        uid, groups = dict(self.uid), dict(self.groups)
        for key, quota in quotas.items():
            if not isinstance(key, str):
                groups[IpGroup(key)] = (quota,)
                continue
            metered = [endpoint.route for endpoint in self.catalogue.find_all(key) if not endpoint.is_public]
            if not metered:
                raise InvalidRequest(f"{key} is counted per address only: give the quota of its group, IpGroup.MARKET")
            uid |= dict.fromkeys(metered, quota)
        return evolve(self, uid=uid, groups=groups)


def profiles_of(catalogue: Catalogue) -> Mapping[str, Profile]:
    """The documented profile, each profile that a declaration names, and one without any limit."""
    metered = [endpoint for endpoint in catalogue if not endpoint.is_public]
    names = dict.fromkeys([DOCUMENTED, *(name for endpoint in metered for name in endpoint.profiles)])
    profiles = [
        Profile(name, catalogue, {it.route: it.profiles.get(name, it.quota) for it in metered}) for name in names
    ]
    free = {endpoint.route: UNLIMITED for endpoint in metered}
    unlimited = Profile(
        "unlimited", catalogue, free, dict.fromkeys(IpGroup, UNLIMITED), dict.fromkeys(IpGroup, (UNLIMITED,)), UNLIMITED
    )
    return {profile.name: profile for profile in (*profiles, unlimited)}
