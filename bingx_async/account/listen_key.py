"""Listen keys, by which the stream of an account is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bingx_async.core.endpoint import Auth, Effect, Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import mapping, text
from bingx_async.spot.base import STREAM_KEYS, Group

T = TypeVar("T")
PATH = "/openApi/user/auth/userDataStream"


def _read_key(data: object) -> str:
    """The listen key, which may stand in `data`; empty if there is none."""
    found = mapping(data)
    return text(found.get("listenKey")) or text(mapping(found.get("data")).get("listenKey"))


def _listen_key(name: str, method: str, read: Callable[[Any], T]) -> Endpoint[T]:
    return Endpoint(
        name,
        method,
        PATH,
        IpGroup.ACCOUNT,
        read,
        auth=Auth.KEY,
        effect=Effect.CHANGE,
        quota=Quota(2, 1.0, STREAM_KEYS),
        is_stamped=False,
        has_code=False,
    )


CREATE_LISTEN_KEY = _listen_key("create_listen_key", "POST", _read_key)
EXTEND_LISTEN_KEY = _listen_key("extend_listen_key", "PUT", lambda _: None)
DELETE_LISTEN_KEY = _listen_key("delete_listen_key", "DELETE", lambda _: None)


class ListenKeys(Group):
    """Methods on listen keys."""
