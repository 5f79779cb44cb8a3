"""The owner and the rights of an API key."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import mapping, one, text
from bingx_async.models import Permissions
from bingx_async.spot.base import ACCOUNT, Group

SHOWN = 4  # characters of a key


def _read_uid(data: object) -> str:
    """`data.uid`, or an empty text."""
    return text(mapping(data).get("uid"))


_permissions = one(Permissions)


def _read_permissions(data: object) -> Permissions:
    """The key is masked before anything keeps it."""
    found = mapping(data)
    key = text(found.get("apiKey"))
    return _permissions({**found, "apiKey": f"{key[:SHOWN]}***"} if key else found)


GET_UID = Endpoint(
    "get_uid", "GET", "/openApi/account/v1/uid", IpGroup.ACCOUNT, _read_uid, quota=Quota(5, 1.0, ACCOUNT)
)
GET_PERMISSIONS = Endpoint(
    "get_permissions",
    "GET",
    "/openApi/v1/account/apiPermissions",
    IpGroup.ACCOUNT,
    _read_permissions,
    quota=Quota(5, 1.0, ACCOUNT),
    has_code=False,
)


class KeyRights(Group):
    """Methods on the API key."""

    async def get_uid(self, **options: Unpack[CallOptions]) -> str:
        """The UID of the account, which owns the quotas: `BingXClient(account=...)` takes it."""
        return await self._calls.call(Call(GET_UID, {}), options)

    async def get_permissions(self, **options: Unpack[CallOptions]) -> Permissions:
        """The rights of the API key, and the addresses from which it may be used. The key itself comes masked."""
        return await self._calls.call(Call(GET_PERMISSIONS, {}), options)
