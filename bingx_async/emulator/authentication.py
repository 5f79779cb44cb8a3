"""Keys, parameters, timestamps and signatures: as much of them as an endpoint asks for.

Rules: a timestamp may be as old as `recvWindow`, at most and by default 5000 ms, and 1000 ms ahead of the server's
clock. The signature is computed over the parameters as they arrived.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from bingx_async.emulator.accounts import Account
from bingx_async.emulator.parameters import Carrier, is_signed_by, read_parameters
from bingx_async.emulator.refusals import (
    incorrect_key,
    invalid_timestamp,
    missing_signature,
    wrong_signature,
    wrong_timestamp,
)
from bingx_async.emulator.visit import Visit

MAX_RECV_WINDOW = 5000  # ms; also the default
MAX_AHEAD = 1000  # ms


class Authentication:
    """Knows the accounts by their API keys."""

    def __init__(self, accounts: Iterable[Account], carriers: Collection[Carrier]) -> None:
        self._by_key = {account.api_key: account for account in accounts}
        self._carriers = carriers

    def admit(self, visit: Visit) -> None:
        """Note the account and the parameters of a request, or refuse it."""
        endpoint, request = visit.route.endpoint, visit.request
        if not endpoint.is_public:
            self._identify(visit)
        visit.pairs = read_parameters(request.query, request.body, self._carriers)
        if endpoint.is_signed:
            _check_signature(visit)

    def _identify(self, visit: Visit) -> None:
        account = self._by_key.get(visit.request.headers.get("x-bx-apikey", ""))
        if account is None:
            raise incorrect_key()
        visit.account = account


def _check_signature(visit: Visit) -> None:
    params = dict(visit.pairs)
    signature = params.get("signature")
    if not signature:
        raise missing_signature()
    _check_timestamp(params, visit.time)
    if not is_signed_by(visit.account.secret_key, visit.pairs, signature):
        raise wrong_signature()


def _check_timestamp(params: Mapping[str, str], time: int) -> None:
    if not params.get("timestamp"):
        raise wrong_timestamp()
    timestamp, window = _number(params["timestamp"]), _number(params.get("recvWindow") or "0")
    window = min(window, MAX_RECV_WINDOW) if window > 0 else MAX_RECV_WINDOW
    if timestamp < time - window or timestamp > time + MAX_AHEAD:
        raise wrong_timestamp()


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise invalid_timestamp() from None
    if not math.isfinite(number):
        raise invalid_timestamp()
    return number
