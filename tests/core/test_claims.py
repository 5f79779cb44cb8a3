"""A call draws on the account's bucket and the address' own, and each of them has its name."""

from typing import Any

import pytest

from bingx_async.catalogue import PROFILES
from bingx_async.core.claims import Claim, Claims, Key, claims_of
from bingx_async.core.endpoint import Auth, Effect
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.spot.market import SERVER_TIME
from tests.core.made_up import claims_under, profile_of
from tests.core.test_quota import LIMITS

ACCOUNT, ADDRESS = Key("account", "7", "POST /a"), Key("egress", "e", "POST /a")
SLOW, FAST = Key("egress", "e", "group 3 per 3 s"), Key("egress", "e", "group 3 per 0.5 s")
INTERFACE = Quota(4, 2)
EVERYTHING = Key("egress", "e", "")
DOCUMENTED = PROFILES["documented"]
OWN, AT_ADDRESS = (ACCOUNT, Quota(2, 1), False), (ADDRESS, Quota(4, 2), True)
GROUPS = [(SLOW, Quota(5, 3), True), (FAST, Quota(9, 0.5), True)]


def drawn(interface: Quota = INTERFACE, **more: Any) -> Claims:
    """What a call draws on whose group has three quotas, one of them without a limit."""
    profile = profile_of({"/a": Quota(2, 1)}, interface, (Quota(5, 3), UNLIMITED, Quota(9, 0.5)))
    return claims_under(profile, "/a", **more)


@pytest.mark.parametrize(
    ("auth", "effect", "interface", "expected"),
    [
        (Auth.SIGNED, Effect.CREATE, Quota(4, 2), [OWN, AT_ADDRESS, *GROUPS]),
        (Auth.SIGNED, Effect.READ, UNLIMITED, [OWN, *GROUPS]),
        (Auth.KEY, Effect.CHANGE, UNLIMITED, [OWN, *GROUPS]),
        (Auth.PUBLIC, Effect.READ, Quota(4, 2), [AT_ADDRESS, *GROUPS]),
        (Auth.PUBLIC, Effect.READ, UNLIMITED, GROUPS),
    ],
)
def test_claims(auth: Auth, effect: Effect, interface: Quota, expected: list[Any]) -> None:
    """A call that needs a key draws on the account's quota; every call on what is limited at the address, paced."""
    found = drawn(interface, auth=auth, effect=effect)
    assert list(found.all) == expected
    assert found.account_claim == (None if auth is Auth.PUBLIC else OWN)
    assert found.egress_claims == tuple(found.all if auth is Auth.PUBLIC else found.all[1:])
    assert (found.account, found.egress, found.path, found.route) == ("7", "e", "/a", "POST /a")
    assert found.is_creating is (effect is Effect.CREATE)


@pytest.mark.parametrize(("auth", "endpoint"), [(Auth.SIGNED, ACCOUNT), (Auth.PUBLIC, ADDRESS)])
def test_gates(auth: Auth, endpoint: Key) -> None:
    """An endpoint is closed for its account, a public one for the address; either is closed with the whole address."""
    found = drawn(UNLIMITED, auth=auth)
    assert (found.endpoint_gate, found.egress_gate) == found.gates == (endpoint, EVERYTHING)
    assert found.keys == (endpoint, SLOW, FAST, EVERYTHING)
    assert found.line == (endpoint, "e")


def test_no_key_comes_twice() -> None:
    """The bucket of a public endpoint at an address has the key of the endpoint's gate."""
    assert drawn(auth=Auth.PUBLIC).keys == (ADDRESS, SLOW, FAST, EVERYTHING)


def test_claims_of_an_endpoint_that_no_profile_lists() -> None:
    """Where a profile says nothing about an endpoint, the quota of its declaration counts."""
    claim = claims_under(profile_of({}), "/new", quota=Quota(6, 2)).account_claim
    assert claim == (Key("account", "7", "POST /new"), Quota(6, 2), False)


@pytest.mark.parametrize(
    ("auth", "interface", "window"),
    [(Auth.SIGNED, Quota(4, 2), 1000.0), (Auth.PUBLIC, Quota(4, 2), 2000.0), (Auth.PUBLIC, UNLIMITED, 3000.0)],
)
def test_window(auth: Auth, interface: Quota, window: float) -> None:
    """The window of a call is that of its narrowest quota."""
    assert drawn(interface, auth=auth).window == window


def test_window_without_limits() -> None:
    """A public call that nothing limits has a window of one second."""
    assert claims_under(profile_of({}), "/a", auth=Auth.PUBLIC).window == 1000.0


def test_what_lies_within_what() -> None:
    """At an address the endpoint's bucket lies within its groups', these in their order, all within the address."""
    found = drawn()
    order = [ADDRESS, SLOW, FAST, EVERYTHING]
    within = {(key, wider) for key in found.keys for wider in found.keys if found.is_within(key, wider)}
    assert within == {(key, wider) for n, key in enumerate(order) for wider in order[n + 1 :]}
    assert not found.is_within(Key("egress", "other", ""), EVERYTHING)


def test_claims_are_themselves() -> None:
    """Claims are told apart by identity, which costs nothing, and create nothing unless they say so."""
    one, other = drawn(), drawn()
    assert (one == one, one == other, one.all == other.all) == (True, False, True)
    assert Claims("7", "e", "/a", "POST /a", None, ()).is_creating is False


def test_claims_show_what_they_were_made_of() -> None:
    """The repr leaves out everything that follows from the rest."""
    assert repr(Claims("7", "e", "/a", "POST /a", None, ())) == (
        "Claims(account='7', egress='e', path='/a', route='POST /a', account_claim=None, egress_claims=(), "
        "is_creating=False, kept=0, connections=None)"
    )


def test_keys_read_well() -> None:
    """A key prints whose it is and what it counts."""
    assert [str(key) for key in drawn(UNLIMITED).keys] == [
        "account 7 POST /a",
        "egress e group 3 per 3 s",
        "egress e group 3 per 0.5 s",
        "egress e",
    ]


@pytest.mark.parametrize(("path", "limit", "group"), LIMITS)
def test_claims_of_a_private_call(path: str, limit: int, group: IpGroup) -> None:
    """A documented private call is counted for its account, and at its address for itself and for its group."""
    found = claims_of(DOCUMENTED.catalogue.find_all(path)[0], DOCUMENTED, "77", "eth0")
    assert found.account_claim == Claim(Key("account", "77", f"POST {path}"), Quota(limit, 1), False)
    assert found.egress_claims == (
        Claim(Key("egress", "eth0", f"POST {path}"), Quota(300, 10), True),
        Claim(Key("egress", "eth0", f"group {group.value} per 10 s"), Quota(2000, 10), True),
    )


def test_claims_of_market_data() -> None:
    """Market data is counted per address only, against both windows of its group."""
    found = claims_of(SERVER_TIME, DOCUMENTED, "77", "eth0")
    assert [(str(claim.key), str(claim.quota)) for claim in found.all] == [
        ("egress eth0 group 1 per 10 s", "500/10 s"),
        ("egress eth0 group 1 per 60 s", "1000/60 s"),
    ]
    assert [str(gate) for gate in found.gates] == [f"egress eth0 {SERVER_TIME.route}", "egress eth0"]


def test_claims_without_limits() -> None:
    """Where nothing is limited a call draws on its account's bucket alone, a public one on none."""
    unlimited = PROFILES["unlimited"]
    own = Claim(Key("account", "77", CANCEL_ORDER.route), UNLIMITED, False)
    assert claims_of(CANCEL_ORDER, unlimited, "77", "eth0").all == (own,)
    assert claims_of(SERVER_TIME, unlimited, "77", "eth0").all == ()


def test_group_is_shared_and_account_is_not() -> None:
    """Two accounts behind one address share its buckets and nothing else."""
    one, other = (claims_of(CANCEL_ORDER, DOCUMENTED, uid, "eth0") for uid in ("1", "2"))
    assert set(one.keys) & set(other.keys) == {*(claim.key for claim in one.egress_claims), one.egress_gate}
