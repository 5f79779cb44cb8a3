"""What the exchange allows, as data: the documents' numbers, profiles, overrides; and what a call draws on."""

import math
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.catalogue import PROFILES
from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.ledger import Claim, Key, claims_of
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.models import Priority
from bingx_async.spot.market import SERVER_TIME
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.orders import CANCEL_ORDER, PLACE_ORDER

DOCUMENTED = PROFILES["documented"]
SEEDS = [
    ("/openApi/spot/v1/trade/cancel", 5, IpGroup.TRADE),
    ("/openApi/spot/v1/trade/cancelOrders", 2, IpGroup.TRADE),
    ("/openApi/spot/v1/trade/cancelOpenOrders", 2, IpGroup.TRADE),
    ("/openApi/spot/v1/oco/order", 2, IpGroup.ACCOUNT),
    ("/openApi/spot/v1/oco/cancel", 2, IpGroup.ACCOUNT),
]


def endpoint(path: str, group: IpGroup, **fields: Any) -> Endpoint[Any]:
    """An endpoint that reads its data as it came."""
    return Endpoint("name", "POST", path, group, lambda data: data, **fields)


@pytest.mark.parametrize(("path", "limit", "group"), SEEDS)
def test_documented_quotas(path: str, limit: int, group: IpGroup) -> None:
    """The default profile holds the documents' numbers, and says that they come from there."""
    found = DOCUMENTED[path]
    assert (found.limit, found.window) == (limit, 1.0)
    assert found.source.startswith("seed")


@pytest.mark.parametrize(
    ("name", "limits"),
    [("documented", [5, 2, 2, 2, 2, 5]), ("2025-10", [10] * 6), ("trader", [1, 1, 1, 2, 2, 1])],
)
def test_profiles(name: str, limits: list[int]) -> None:
    """Each named profile allows this much per second on cancel, cancelOrders, cancelOpenOrders, OCO, order."""
    profile = PROFILES[name]
    paths = [*(path for path, _, _ in SEEDS), PLACE_ORDER.path]
    assert [profile[path].limit for path in paths] == limits
    assert (profile.name, len(profile), set(profile)) == (name, 6, set(paths))


@pytest.mark.parametrize(
    ("group", "own", "shared"),
    [
        (IpGroup.MARKET, None, [(500, 10.0), (1000, 60.0)]),
        (IpGroup.ACCOUNT, (300, 10.0), [(2000, 10.0)]),
        (IpGroup.TRADE, (300, 10.0), [(2000, 10.0)]),
    ],
)
def test_groups(group: IpGroup, own: tuple[int, float] | None, shared: list[tuple[int, float]]) -> None:
    """Every address has the vendor's quotas per group, and per endpoint in groups 2 and 3."""
    found = DOCUMENTED.interface[group]
    assert (None if found is UNLIMITED else (found.limit, found.window)) == own
    assert [(each.limit, each.window) for each in DOCUMENTED.groups[group]] == shared


def test_unlimited_knows_every_path() -> None:
    """The profile for tests and benchmarks limits nothing, not even a path it does not list."""
    profile = PROFILES["unlimited"]
    assert profile["/not/listed"] is UNLIMITED
    assert str(profile[CANCEL_ORDER.path]) == "unlimited"


def test_unknown_path() -> None:
    """A path without a quota is an error, not a guess."""
    with pytest.raises(KeyError, match="/not/listed"):
        DOCUMENTED["/not/listed"]


def test_override() -> None:
    """A user's quotas replace those they name and leave the rest, and the profile, alone."""
    mine = DOCUMENTED.override({CANCEL_ORDER.path: Quota(9, 2), IpGroup.TRADE: Quota(7, 1)})
    assert (mine[CANCEL_ORDER.path], mine[PLACE_OCO_ORDER.path]) == (Quota(9, 2.0), Quota(2, 1.0))
    assert mine.groups == {**DOCUMENTED.groups, IpGroup.TRADE: (Quota(7, 1.0),)}
    assert (DOCUMENTED[CANCEL_ORDER.path].limit, DOCUMENTED.groups[IpGroup.TRADE][0].limit) == (5, 2000)


def test_override_by_number() -> None:
    """A group may be named by its number; a number that is no group is refused rather than ignored."""
    numbered: dict[Any, Quota] = {3: Quota(7, 1)}
    wrong: dict[Any, Quota] = {4: Quota(7, 1)}
    assert DOCUMENTED.override(numbered).groups[IpGroup.TRADE] == (Quota(7, 1.0),)
    with pytest.raises(ValueError, match="4 is not a valid IpGroup"):
        DOCUMENTED.override(wrong)


@given(st.integers(1, 10**6), st.floats(0.001, 1e6))
def test_quota_is_a_value(limit: int, window: float) -> None:
    """Quotas compare by their numbers, not by where they stand, and cannot be changed."""
    found = Quota(limit, window)
    assert found == Quota(limit, window, "elsewhere")
    assert hash(found) == hash(Quota(limit, window, "elsewhere"))
    with pytest.raises(FrozenInstanceError):
        found.limit = 1  # type: ignore[misc]


def test_quota_reads_well() -> None:
    """A quota prints as calls per window."""
    assert [str(Quota(5, 1)), str(Quota(300, 10)), str(Quota(3, 0.25))] == ["5/1 s", "300/10 s", "3/0.25 s"]


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, "5", math.inf])
def test_limits_are_whole(limit: Any) -> None:
    """A limit is a whole number above 0; anything else is refused with what is wrong."""
    with pytest.raises(ValueError, match="a quota's limit must be a whole number above 0"):
        Quota(limit, 1.0)


@pytest.mark.parametrize("window", [0, -1.0, math.inf, math.nan])
def test_windows_are_positive(window: float) -> None:
    """A window is a finite time above 0."""
    with pytest.raises(ValueError, match="a quota's window must be above 0"):
        Quota(5, window)


@pytest.mark.parametrize(("path", "limit", "group"), SEEDS)
def test_claims_of_a_private_call(path: str, limit: int, group: IpGroup) -> None:
    """A private call is counted for its account, its address on this endpoint, and its address in the group."""
    claims = claims_of(endpoint(path, group, is_creating=True), DOCUMENTED, "77", "eth0")
    assert claims.items == (
        Claim(Key("account", "77", path), Quota(limit, 1), False),
        Claim(Key("egress", "eth0", path), Quota(300, 10), True),
        Claim(Key("egress", "eth0", f"group {group.value} per 10 s"), Quota(2000, 10), True),
    )
    assert claims.gates == (Key("account", "77", path), Key("egress", "eth0", ""))
    assert claims.keys == (*(item.key for item in claims.items), claims.gates[1])
    assert (claims.account, claims.egress, claims.path, claims.is_creating) == ("77", "eth0", path, True)


def test_claims_of_market_data() -> None:
    """Market data is counted per address only, against both windows of its group."""
    claims = claims_of(endpoint(SERVER_TIME.path, IpGroup.MARKET, is_signed=False), DOCUMENTED, "77", "eth0")
    assert [(str(item.key), str(item.quota)) for item in claims.items] == [
        ("egress eth0 /openApi/swap/v2/server/time", "unlimited"),
        ("egress eth0 group 1 per 10 s", "500/10 s"),
        ("egress eth0 group 1 per 60 s", "1000/60 s"),
    ]
    assert [str(gate) for gate in claims.gates] == ["egress eth0 /openApi/swap/v2/server/time", "egress eth0"]


def test_claims_without_limits() -> None:
    """Where nothing is limited a call draws on its account's bucket alone, so that it can still be closed."""
    claims = claims_of(endpoint(CANCEL_ORDER.path, IpGroup.TRADE), PROFILES["unlimited"], "77", "eth0")
    assert claims.items == (Claim(Key("account", "77", CANCEL_ORDER.path), UNLIMITED, False),)


def test_group_is_shared_and_account_is_not() -> None:
    """Two accounts behind one address share its buckets and nothing else."""
    one, other = (claims_of(endpoint(CANCEL_ORDER.path, IpGroup.TRADE), DOCUMENTED, uid, "eth0") for uid in ("1", "2"))
    assert set(one.keys) & set(other.keys) == set(one.keys[1:])


def test_endpoint_and_call_print_without_their_reader() -> None:
    """The repr of an endpoint names it; its defaults are those of a signed read."""
    found = endpoint(CANCEL_ORDER.path, IpGroup.TRADE, source="somewhere")
    assert (found.priority, found.is_signed, found.is_creating) == (Priority.READ, True, False)
    assert "lambda" not in repr(found)
    assert repr(Call(found, {"symbol": "BTC-USDT"})).endswith("params={'symbol': 'BTC-USDT'}, client_order_ids=())")


def test_profile_is_frozen() -> None:
    """A profile is changed by making another."""
    assert evolve(DOCUMENTED, name="mine") != DOCUMENTED
    assert Profile("p", {}) == Profile("p", {})
    with pytest.raises(FrozenInstanceError):
        DOCUMENTED.name = "mine"  # type: ignore[misc]
