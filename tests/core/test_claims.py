"""The buckets that a call draws on."""

from typing import Any

import pytest

from bingx_async.catalogue import PROFILES
from bingx_async.core.endpoint import Auth, Effect, Endpoint
from bingx_async.core.ledger import Claim, Key, claims_of
from bingx_async.core.quota import UNLIMITED, IpGroup, Quota
from bingx_async.spot.market import SERVER_TIME
from bingx_async.spot.orders import CANCEL_ORDER
from tests.core.test_quota import LIMITS

DOCUMENTED = PROFILES["documented"]


def endpoint(path: str, group: IpGroup, **fields: Any) -> Endpoint[Any]:
    """An endpoint that reads its data as it came."""
    return Endpoint("name", "POST", path, group, lambda data: data, **{"quota": Quota(5, 1), **fields})


@pytest.mark.parametrize(("path", "limit", "group"), LIMITS)
def test_claims_of_a_private_call(path: str, limit: int, group: IpGroup) -> None:
    """A private call is counted for its account, its address on this endpoint, and its address in the group."""
    claims = claims_of(endpoint(path, group, effect=Effect.CREATE, quota=Quota(limit, 1)), DOCUMENTED, "77", "eth0")
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
    claims = claims_of(endpoint(SERVER_TIME.path, IpGroup.MARKET, auth=Auth.PUBLIC), DOCUMENTED, "77", "eth0")
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
