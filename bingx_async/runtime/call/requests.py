"""From a call to a request: stamped and signed as the last step before its bytes leave."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.signing import Carrier, Signer, check_value, encode, query_of
from bingx_async.runtime.call.carriers import CarrierChoice
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.http.message import Headers, Request

CONTENT_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


@frozen
class Credentials:
    """The headers of an account's requests and the signer of its secret; the repr shows none of them."""

    public: Headers = field(repr=False)
    with_key: dict[str, Headers] = field(repr=False)  # by content type; empty without a key
    signer: Signer | None = field(repr=False)

    @classmethod
    def of(cls, api_key: str | None, secret_key: str | None, user_agent: str) -> Credentials:
        """Lay the headers out once, so that no key is ever a local of a frame that can fail."""
        public = [(b"User-Agent", user_agent.encode())]
        if not api_key or not secret_key:
            return cls(public, {}, None)
        key = (b"X-BX-APIKEY", api_key.encode())
        typed = {kind: [*public, key, *([(b"Content-Type", kind.encode())] if kind else [])] for kind in CONTENT_TYPES}
        return cls(public, typed, Signer(secret_key))


@frozen(eq=False)
class RequestBuilder:
    """Builds the requests of one account."""

    credentials: Credentials
    carrier: CarrierChoice
    clock: ServerClock

    def can_call(self, endpoint: Endpoint[Any]) -> bool:
        """Whether there is the key that the endpoint needs."""
        return endpoint.is_public or self.credentials.signer is not None

    def check(self, call: Call[Any]) -> None:
        """Raise `InvalidRequest` for a parameter that cannot be signed."""
        for name, value in call.params.items():
            check_value(name, value)

    def chosen_carrier(self, endpoint: Endpoint[Any]) -> Carrier | None:
        """The carrier in use now; None where the call has no choice."""
        has_choice = endpoint.is_signed and endpoint.method != "GET" and endpoint.carrier is None
        return self.carrier.current if has_choice else None

    def build(self, call: Call[Any], recv_window: int, chosen: Carrier | None) -> Request:
        """The request as it leaves now; `chosen` is from `chosen_carrier`."""
        endpoint, signer = call.endpoint, self.credentials.signer
        if signer is None or not endpoint.is_signed:
            return self._unsigned(call)
        carrier = chosen or endpoint.carrier or Carrier.QUERY
        stamped = {**call.params, "recvWindow": recv_window, "timestamp": int(self.clock.now())}
        payload = encode(stamped, signer, carrier)
        headers = self.credentials.with_key[payload.content_type]
        return Request(endpoint.method, endpoint.path, payload.query, payload.body, headers)

    def _unsigned(self, call: Call[Any]) -> Request:
        endpoint = call.endpoint
        params = {**call.params, "timestamp": int(self.clock.now())} if endpoint.is_stamped else call.params
        headers = self.credentials.public if endpoint.is_public else self.credentials.with_key[""]
        return Request(endpoint.method, endpoint.path, query_of(params), headers=headers)
