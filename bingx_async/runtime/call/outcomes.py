"""The errors that a call raises: for a refusal, for a closed scope, for silence."""

from __future__ import annotations

from typing import Any

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.gates import Penalty
from bingx_async.core.verdict import ERRORS, Meaning, Refused, Throttled
from bingx_async.errors import ApiError, OutcomeUnknown, RateLimited, ReadFailed, ServerBusy
from bingx_async.runtime.clock import ServerClock


def refusal(endpoint: Endpoint[Any], verdict: Refused) -> ApiError:
    """The error of a call that the exchange refused for its content; an endpoint may have its own classes."""
    kinds = {Meaning.NOT_FOUND: endpoint.refusals.not_found, Meaning.REFUSED: endpoint.refusals.refused}
    kind = kinds.get(verdict.meaning) or ERRORS[verdict.meaning]
    return kind(verdict.code, verdict.message, endpoint.path, verdict.http_status, verdict.raw)


def closed(endpoint: Endpoint[Any], verdict: Throttled, penalty: Penalty, clock: ServerClock) -> ApiError:
    """The error of a call that cannot wait until the exchange opens again."""
    about = (verdict.code, verdict.message, endpoint.path, verdict.http_status, verdict.raw)
    if verdict.meaning is Meaning.BUSY:
        return ServerBusy(*about)
    return RateLimited(
        *about,
        retry_at=clock.moment(penalty.until),
        retry_after=max(0.0, penalty.until - clock.monotonic()) / 1000.0,
        scope=str(penalty.key),
        reason=penalty.reason,
    )


def silent(call: Call[Any], kind: type[OutcomeUnknown | ReadFailed], message: str) -> OutcomeUnknown | ReadFailed:
    """The error of a call that was sent and got no readable answer."""
    if issubclass(kind, ReadFailed):
        return kind(message, call.endpoint.path, call.params)
    return kind(message, call.endpoint.path, call.params, call.client_order_ids)
