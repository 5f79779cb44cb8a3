"""From a call to a request: stamped and signed as the last step before its bytes leave."""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from bingx_async.core.endpoint import Auth, Call, Endpoint
from bingx_async.core.signing import Carrier, Signer, canonical, encode
from bingx_async.runtime.call.carriers import CarrierChoice
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.http.message import Headers, Request

CONTENT_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


@frozen
class Credentials:
    """The headers of an account's requests and the signer of its secret; the repr shows neither."""

    public: Headers = field(repr=False)
    by_content_type: dict[str, Headers] = field(repr=False)  # with the key
    signer: Signer | None = field(repr=False, default=None)

    @classmethod
    def of(cls, api_key: str | None, secret_key: str | None, user_agent: str) -> Credentials:
        """Lay the headers out once, so that no key is ever a local of a frame that can fail."""
        public = [(b"User-Agent", user_agent.encode())]
        if not api_key or not secret_key:
            return cls(public, {})
        key = (b"X-BX-APIKEY", api_key.encode())
        typed = {kind: [*public, key, *([(b"Content-Type", kind.encode())] if kind else [])] for kind in CONTENT_TYPES}
        return cls(public, typed, Signer(secret_key))


@frozen(eq=False)
class RequestBuilder:
    """Builds the requests of one account."""

    credentials: Credentials
    carrier: CarrierChoice
    clock: ServerClock

    def free_carrier(self, endpoint: Endpoint[Any]) -> Carrier | None:
        """The carrier that a call of `endpoint` would use now; None where there is no choice."""
        is_free = endpoint.is_signed and endpoint.method != "GET" and endpoint.carrier is None
        return self.carrier.current if is_free else None

    def build(self, call: Call[Any], recv_window: int, carrier: Carrier | None) -> Request:
        """The request that leaves now; `carrier` as chosen by `free_carrier`."""
        endpoint, signer = call.endpoint, self.credentials.signer
        params = call.params
        if endpoint.is_stamped:
            params = {**params, "timestamp": int(self.clock.now())}
        if not endpoint.is_signed or signer is None:
            headers = self.credentials.public if endpoint.auth is Auth.PUBLIC else self.credentials.by_content_type[""]
            return Request(endpoint.method, endpoint.path, canonical(params), headers=headers)
        payload = encode(
            {**params, "recvWindow": recv_window}, signer, carrier or endpoint.carrier or Carrier.QUERY
        )
        headers = self.credentials.by_content_type[payload.content_type]
        return Request(endpoint.method, endpoint.path, payload.query, payload.body, headers)
