"""Errors of the network: not sent, or sent without a readable answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bingx_async.errors.local import InvalidRequest
from bingx_async.errors.root import BingXError

if TYPE_CHECKING:
    from bingx_async.models.resolution import Resolution

Fields = Mapping[str, Any]
RESOLVER = "_resolver"


class TransportError(BingXError):
    """The network failed; the subclass says whether anything was sent."""


class ConnectFailed(TransportError):
    """No connection could be made (DNS, refused, TLS, no free connection in time): nothing was sent."""

    def __init__(self, message: str, endpoint: str = "") -> None:
        super().__init__(f"{endpoint}: {message}; nothing was sent" if endpoint else f"{message}; nothing was sent")
        self.endpoint = endpoint


class ReadFailed(TransportError):
    """A call that only reads got no readable answer. Nothing was changed, so it may be made again.

    `params` are the business parameters as sent (no key, no signature).
    """

    def __init__(self, message: str, endpoint: str, params: Fields | None = None) -> None:
        super().__init__(f"{endpoint}: {message}. A read changes nothing, so it may be made again")
        self.endpoint, self.params = endpoint, dict(params or {})


class OutcomeUnknown(TransportError):
    """The request was written and no clear answer came: it may have run or not.

    `params` are the business parameters as sent (no key, no signature), `client_order_ids` those that can be asked
    for. It was stamped at `sent_at`, and the exchange takes it until `expires_at` (aware UTC; None: not known). Where
    the exchange did answer, but not whether the call ran, `code`, `message` and `raw` are its number, its text and
    the whole reply. Never send the call again without looking first: `await error.resolve()`.
    """

    def __init__(
        self,
        message: str,
        endpoint: str,
        params: Fields,
        client_order_ids: tuple[str, ...] = (),
        *,
        sent_at: datetime | None = None,
        expires_at: datetime | None = None,
        code: int | None = None,
        raw: Fields | None = None,
    ) -> None:
        number = f"code {code}: " if code is not None else ""
        ask = f" Ask for {', '.join(client_order_ids)} before you repeat it." if client_order_ids else ""
        super().__init__(
            f"{endpoint}: {number}{message}. The request was sent and may have run; it was not repeated.{ask} "
            "`await error.resolve()` finds out"
        )
        self.message, self.endpoint, self.params = message, endpoint, dict(params)
        self.client_order_ids, self.sent_at, self.expires_at = client_order_ids, sent_at, expires_at
        self.code, self.raw = code, dict(raw or {})

    async def resolve(self, *, deadline: float = 30.0) -> Resolution:
        """Find out what became of the call, in `deadline` seconds: see `client.spot.resolve`.

        Raises `ClientClosed` once the client is closed, and `InvalidRequest` for an error that no client raised here,
        such as a copy from another process: write `client.spot.resolve(error)` then.
        """
        resolver: Callable[..., Awaitable[Resolution]] | None = self.__dict__.get(RESOLVER)
        if resolver is None:
            raise InvalidRequest("this error belongs to no client here: write `await client.spot.resolve(error)`")
        return await resolver(self, deadline=deadline)

    def resolve_by(self, resolver: Callable[..., Awaitable[Resolution]] | None) -> None:
        """`resolve` asks by this from now on. It is not copied or pickled with the error."""
        self.__dict__[RESOLVER] = resolver

    def _fields(self) -> dict[str, Any]:
        return {name: value for name, value in super()._fields().items() if name != RESOLVER}


class UnreadableReply(OutcomeUnknown):
    """A reply came in which not even `code` can be read."""
