"""The owner and the rights of an API key."""

from __future__ import annotations

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import mapping, one, text
from bingx_async.models import Permissions
from bingx_async.spot.base import ACCOUNT, Group


def _read_uid(data: object) -> str:
    """`data.uid`, or an empty text."""
    return text(mapping(data).get("uid"))


GET_UID = Endpoint(
    "get_uid", "GET", "/openApi/account/v1/uid", IpGroup.ACCOUNT, _read_uid, quota=Quota(5, 1.0, ACCOUNT)
)
GET_PERMISSIONS = Endpoint(
    "get_permissions",
    "GET",
    "/openApi/v1/account/apiPermissions",
    IpGroup.ACCOUNT,
    one(Permissions),
    quota=Quota(5, 1.0, ACCOUNT),
    has_code=False,
)


class KeyRights(Group):
    """Methods on the API key."""
