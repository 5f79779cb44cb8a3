"""Listen keys, by which the stream of an account is opened."""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from bingx_async.core.endpoint import Auth, Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import mapping, text
from bingx_async.errors import ApiError, InvalidRequest, OutcomeUnknown, ReadFailed
from bingx_async.models import ListenKey
from bingx_async.spot.base import STREAM_KEYS, Group

T = TypeVar("T")
PATH = "/openApi/user/auth/userDataStream"
UNKNOWN_KEY = 404  # the HTTP status; the body is empty
_KEY = re.compile(r"[A-Za-z0-9._-]+").fullmatch


def _read_key(data: object) -> ListenKey:
    """The listen key, which may stand in `data`; empty if there is none."""
    found = mapping(data)
    return ListenKey(text(found.get("listenKey")) or text(mapping(found.get("data")).get("listenKey")))


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
    """Methods on listen keys. A key opens the stream of an account to anyone who has it, so no error holds it."""

    async def create_listen_key(self, **options: Unpack[CallOptions]) -> ListenKey:
        """A new listen key, by which the account's stream is opened. It lives for 60 minutes unless it is extended."""
        found = await self._calls.call(Call(CREATE_LISTEN_KEY, {}), options)
        if not found:
            raise ApiError(None, "the reply holds no listen key", PATH, 200)
        return found

    async def extend_listen_key(self, listen_key: str, **options: Unpack[CallOptions]) -> None:
        """Let the key live for 60 minutes from now. Raises `ApiError` if the exchange does not know it (any more)."""
        key = _checked(listen_key)
        del listen_key  # a traceback may print the locals of this frame
        await self._send(EXTEND_LISTEN_KEY, key, options)

    async def delete_listen_key(self, listen_key: str, **options: Unpack[CallOptions]) -> None:
        """End the key, and the streams that were opened with it. Raises `ApiError` if the exchange does not know it."""
        key = _checked(listen_key)
        del listen_key
        await self._send(DELETE_LISTEN_KEY, key, options)

    async def _send(self, endpoint: Endpoint[None], key: ListenKey, options: CallOptions) -> None:
        try:
            await self._calls.call(Call(endpoint, {"listenKey": key}), options)
        except (OutcomeUnknown, ReadFailed) as error:
            error.params["listenKey"] = "***"
            raise error.with_traceback(None) from None  # the frames of the call hold what came, perhaps with the key
        except ApiError as error:
            if error.http_status != UNKNOWN_KEY:
                _hide(error, key)
                raise error.with_traceback(None) from None
            message = "the exchange does not know this listen key, which lives for 60 minutes; create another"
            raise ApiError(error.code, message, PATH, error.http_status) from None


def _checked(listen_key: str) -> ListenKey:
    if isinstance(listen_key, str) and _KEY(listen_key):
        return ListenKey(listen_key)
    del listen_key
    raise InvalidRequest("listen_key must be the text that create_listen_key gave")


def _hide(error: ApiError, key: ListenKey) -> None:
    """Take the key out of the error: the exchange's text may repeat it."""
    error.args = tuple(str(each).replace(key, "***") for each in error.args)
    error.message, error.raw = error.message.replace(key, "***"), {}
