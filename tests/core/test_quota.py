"""Quotas and profiles: the documented numbers with their pages, the other profiles, and replacing any of them."""

import math
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.catalogue import CATALOGUE, PROFILES
from bingx_async.core.catalogue import Catalogue, Profile, profiles_of
from bingx_async.core.endpoint import Auth, Call, Effect, Endpoint, Refusals
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.errors import ApiError, InvalidRequest, OrderNotFound, OrderRefused
from bingx_async.models import Priority
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.spot.market import SERVER_TIME, SERVER_TIME_OLD
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER

DOCUMENTED = PROFILES["documented"]
LIMITS = [
    ("/openApi/spot/v1/trade/cancel", 5, IpGroup.TRADE),
    ("/openApi/spot/v1/trade/cancelOrders", 2, IpGroup.TRADE),
    ("/openApi/spot/v1/trade/cancelOpenOrders", 2, IpGroup.TRADE),
    ("/openApi/spot/v1/oco/order", 2, IpGroup.ACCOUNT),
    ("/openApi/spot/v1/oco/cancel", 2, IpGroup.ACCOUNT),
]


def declared(method: str = "POST", path: str = "/a", **fields: Any) -> Endpoint[Any]:
    """An endpoint that reads its data as it came."""
    return Endpoint("name", method, path, IpGroup.TRADE, lambda data: data, **{"quota": Quota(5, 1), **fields})


@pytest.mark.parametrize(("path", "limit", "group"), LIMITS)
def test_documented_quotas(path: str, limit: int, group: IpGroup) -> None:
    """The default profile holds the documented numbers, and each endpoint its group."""
    assert DOCUMENTED[path] == Quota(limit, 1.0)
    assert CATALOGUE.find_all(path)[0].group is group


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "unlimited"])
def test_every_quota_has_a_page(name: str) -> None:
    """Each number of each profile, for accounts and for addresses, comes with the address of a public page."""
    profile = PROFILES[name]
    groups = [quota for quotas in profile.groups.values() for quota in quotas]
    limited = [quota for quota in (*profile.uid.values(), *groups, *profile.interface.values()) if quota != UNLIMITED]
    assert len(limited) > len(profile.uid)
    assert {(urlsplit(quota.source).scheme, bool(urlsplit(quota.source).netloc)) for quota in limited} == {
        ("https", True)
    }


@pytest.mark.parametrize(
    ("name", "limits"),
    [("documented", [5, 2, 2, 2, 2, 5]), ("2025-10", [10] * 6), ("trader", [1, 1, 1, 2, 2, 1])],
)
def test_profiles(name: str, limits: list[int]) -> None:
    """Each named profile allows this much per second on cancel, cancelOrders, cancelOpenOrders, OCO, order."""
    profile = PROFILES[name]
    paths = [*(path for path, _, _ in LIMITS), PLACE_ORDER.path]
    assert [profile[path].limit for path in paths] == limits
    assert profile.name == name


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
    assert len(profile) == len(DOCUMENTED)
    assert profile["/not/listed"] is UNLIMITED
    assert str(profile[CANCEL_ORDER.path]) == "unlimited"


def test_a_profile_is_a_mapping() -> None:
    """Its keys are methods with paths; a path and the name of a method find the same quota."""
    keys = [CANCEL_ORDER.route, CANCEL_ORDER.path, CANCEL_ORDER.name]
    assert [DOCUMENTED[key] for key in keys] == [Quota(5, 1)] * 3
    assert set(DOCUMENTED) == {endpoint.route for endpoint in CATALOGUE if not endpoint.is_public}
    assert len(DOCUMENTED) == len(set(DOCUMENTED))


def test_methods_of_one_path_have_quotas_of_their_own() -> None:
    """POST and PUT of one path are two endpoints; replacing the quota of the path replaces both."""
    post, put = declared(), declared("PUT", quota=Quota(9, 1), profiles={"newer": Quota(7, 1)})
    profiles = profiles_of(Catalogue((post, put)))
    assert dict(profiles["documented"]) == {"POST /a": Quota(5, 1), "PUT /a": Quota(9, 1)}
    assert dict(profiles["newer"]) == {"POST /a": Quota(5, 1), "PUT /a": Quota(7, 1)}
    assert set(profiles) == {"documented", "newer", "unlimited"}
    assert dict(profiles["newer"].override({"/a": Quota(1, 1)})) == {"POST /a": Quota(1, 1), "PUT /a": Quota(1, 1)}
    assert dict(profiles["newer"].override({"PUT /a": Quota(1, 1)}))["POST /a"] == Quota(5, 1)


def test_an_endpoint_that_no_profile_knows() -> None:
    """Its own quota counts, except where nothing is limited."""
    other = declared(path="/other", quota=Quota(3, 1))
    assert (DOCUMENTED.quota_of(other), PROFILES["unlimited"].quota_of(other)) == (Quota(3, 1), UNLIMITED)


@pytest.mark.parametrize("key", ["/not/listed", "cancel_oder"])
def test_override_of_an_unknown_endpoint(key: str) -> None:
    """It would be a limit that limits nothing, so it is refused with the names that there are."""
    with pytest.raises(InvalidRequest, match=f"no endpoint '{key}'.*cancel_order"):
        DOCUMENTED.override({key: Quota(1, 1)})


def test_override_of_a_public_endpoint() -> None:
    """An account has no quota for market data; the message names what has one."""
    with pytest.raises(InvalidRequest, match=r"counted per address only: .*IpGroup\.MARKET"):
        DOCUMENTED.override({SERVER_TIME.path: Quota(1, 1)})


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
    with pytest.raises(InvalidRequest, match="a quota's limit must be a whole number above 0"):
        Quota(limit, 1.0)


@pytest.mark.parametrize("window", [0, -1.0, math.inf, math.nan, True, "1 s", None])
def test_windows_are_positive(window: Any) -> None:
    """A window is a finite time above 0."""
    with pytest.raises(InvalidRequest, match="a quota's window must be seconds above 0"):
        Quota(5, window)


@pytest.mark.parametrize("auth", [Auth.KEY, Auth.SIGNED])
def test_an_endpoint_needs_a_quota(auth: Auth) -> None:
    """A declaration that forgets the quota of an account fails where it stands, not in a call."""
    with pytest.raises(TypeError, match="the declaration of forgotten lacks the account's quota"):
        Endpoint("forgotten", "GET", "/a", IpGroup.TRADE, lambda data: data, auth=auth)


def test_a_public_endpoint_needs_none() -> None:
    """Market data is counted per address only."""
    found = declared(quota=UNLIMITED, auth=Auth.PUBLIC)
    assert (found.is_public, found.is_signed) == (True, False)


@pytest.mark.parametrize(
    ("effect", "priority", "is_creating", "is_repeatable"),
    [
        (Effect.READ, Priority.READ, False, True),
        (Effect.CANCEL, Priority.CANCEL, False, False),
        (Effect.CREATE, Priority.PLACE, True, False),
        (Effect.CHANGE, Priority.PLACE, False, False),
    ],
)
def test_the_effect_decides(effect: Effect, priority: Priority, is_creating: bool, is_repeatable: bool) -> None:
    """Priority, repeatability and the treatment by the error budget follow from the effect."""
    found = declared(effect=effect)
    assert (found.priority, found.is_creating, found.is_repeatable) == (priority, is_creating, is_repeatable)


def test_identity_is_method_and_path() -> None:
    """Two declarations of one path differ in their route; the catalogue finds an endpoint by each of its names."""
    post, put = declared(), declared("PUT")
    catalogue = Catalogue((post, put))
    assert (post.route, put.route) == ("POST /a", "PUT /a")
    assert [catalogue.find_all(key) for key in ("/a", "name", "PUT /a")] == [(post, put), (post, put), (put,)]
    assert (catalogue.find_all("PUT /a")[0], catalogue.get("/b"), tuple(catalogue)) == (put, (), (post, put))
    assert CATALOGUE.find_all("server_time") == (SERVER_TIME, SERVER_TIME_OLD)


def test_refusals() -> None:
    """An order that is not found is an error of its own; for anything else a refusal is a plain one."""
    assert CANCEL_ORDER.refusals == Refusals(OrderNotFound, OrderRefused)
    assert SERVER_TIME.refusals == Refusals(ApiError, ApiError)


def test_endpoint_and_call_print_without_their_reader() -> None:
    """The repr of an endpoint names it and shows no function."""
    found = declared()
    assert "lambda" not in repr(found)
    assert repr(Call(found, {"symbol": "BTC-USDT"})).endswith("params={'symbol': 'BTC-USDT'}, client_order_ids=())")


def test_profile_is_frozen() -> None:
    """A profile is changed by making another."""
    assert evolve(DOCUMENTED, name="mine").name == "mine"
    assert isinstance(DOCUMENTED, Profile)
    with pytest.raises(FrozenInstanceError):
        DOCUMENTED.name = "mine"  # type: ignore[misc]


def test_a_public_endpoint_has_no_quota_of_an_account() -> None:
    """A profile has the quotas of accounts: none for an endpoint that is counted per address only."""
    with pytest.raises(KeyError):
        PROFILES["documented"]["get_depth"]
