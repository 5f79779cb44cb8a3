"""A call's claims: the buckets it draws on and the scopes that can be closed to it; and the answers to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from attrs import field, frozen

from bingx_async.core.bucket import AccountBucket, Bucket, Slots
from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import UNLIMITED, Quota

UNLIMITED_WINDOW = 1_000.0  # ms; the window of a call that no quota limits


class Key(NamedTuple):
    """Names a bucket, or a scope that the exchange can close. `kind` is "account" or "egress" (an outgoing address);
    `name` an endpoint's route ("POST /path"), a group of endpoints, or empty for everything from an address."""

    kind: str
    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.owner}{' ' + self.name if self.name else ''}"


class Claim(NamedTuple):
    """One bucket that a call draws on, and whether grants from it keep a distance once it is half empty."""

    key: Key
    quota: Quota
    is_paced: bool


@frozen(eq=False)
class Claims:
    """Every bucket that one call draws on, and both scopes that the exchange can close to it. `account_claim` is None
    for a public call; `egress_claims` are the endpoint's own, then those of its groups. A ledger takes them in the
    order of `all`; `keys` are those of all buckets and gates, `keys_at_address` from narrow to wide. Calls that wait
    for the same buckets have `line` in common. `connections` names the connections over which the call travels, and
    how many there may be."""

    account: str
    egress: str
    path: str
    route: str
    account_claim: Claim | None
    egress_claims: tuple[Claim, ...]
    is_creating: bool = False
    kept: int = 0
    connections: tuple[Key, int] | None = None
    all: tuple[Claim, ...] = field(init=False, repr=False)
    endpoint_gate: Key = field(init=False, repr=False)
    egress_gate: Key = field(init=False, repr=False)
    gates: tuple[Key, Key] = field(init=False, repr=False)
    keys: tuple[Key, ...] = field(init=False, repr=False)
    keys_at_address: tuple[Key, ...] = field(init=False, repr=False)
    line: tuple[Key, str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        own = self.account_claim
        endpoint_gate = own.key if own is not None else Key("egress", self.egress, self.route)
        egress_gate = Key("egress", self.egress, "")
        claims = self.egress_claims if own is None else (own, *self.egress_claims)
        keys = tuple(dict.fromkeys([endpoint_gate, *(claim.key for claim in claims), egress_gate]))
        if self.connections is not None:
            keys = (*keys, self.connections[0])
        derived = {
            "all": claims,
            "endpoint_gate": endpoint_gate,
            "egress_gate": egress_gate,
            "gates": (endpoint_gate, egress_gate),
            "keys": keys,
            "keys_at_address": tuple(key for key in keys if key.kind == "egress"),
            "line": (endpoint_gate, self.egress),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def window(self) -> float:
        """Milliseconds of the narrowest quota's window: the account's, else the address' own, else its group's."""
        return next((claim.quota.window * 1000.0 for claim in self.all), UNLIMITED_WINDOW)

    def is_within(self, key: Key, wider: Key) -> bool:
        """Whether every call that draws on `key` draws on `wider` as well. At an address: its endpoint, group, gate;
        an account's bucket lies within none of these, since an account may call from several addresses."""
        if key not in self.keys_at_address:
            return False
        return wider in self.keys_at_address[self.keys_at_address.index(key) + 1 :]


def claims_of(
    endpoint: Endpoint[Any],
    profile: Profile,
    account: str,
    egress: str,
    kept: int = 0,
    connections: tuple[Key, int] | None = None,
) -> Claims:
    """The claims of `endpoint` under `profile`. Quotas without a limit at the address are left out."""
    route, group = endpoint.route, endpoint.group
    own = None
    if not endpoint.is_public:
        own = Claim(Key("account", account, route), profile.quota_of(endpoint), is_paced=False)
    quotas = [(route, profile.interface[group])]
    quotas += [(f"group {group.value} per {quota.window:g} s", quota) for quota in profile.groups[group]]
    at_address = tuple(
        Claim(Key("egress", egress, name), quota, is_paced=True) for name, quota in quotas if quota is not UNLIMITED
    )
    creates = endpoint.is_creating
    return Claims(account, egress, endpoint.path, route, own, at_address, creates, kept, connections)


@frozen
class NotUntil:
    """No call can leave before `ready_at` (infinity: not before a reply comes in), because of `key`."""

    ready_at: float
    key: Key


class Permit(NamedTuple):
    """One call may leave now. Its ledger ends it once, by `settle` or `release`; ending it again does nothing.

    `buckets` are those of `claims.all`, in the same order; `probes` the closed scopes into which this call goes first.
    `baseline` is the number of the account's tokens live at this grant, less its grants until then. Plus its grants at
    a later moment, that is the calls live at this grant and all granted since: whatever the exchange counts beyond
    these within one window around this call comes from another program.
    """

    number: int
    claims: Claims
    buckets: tuple[Bucket, ...]
    account_bucket: AccountBucket | None
    granted_at: float
    probes: tuple[Key, ...]
    baseline: int
    connections: Slots | None = None

    def __repr__(self) -> str:
        return f"Permit({self.number}, {self.claims.route}, granted at {self.granted_at:g})"
