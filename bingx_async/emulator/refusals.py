"""The refusals of the exchange: code, text and HTTP status.

Rules: quota and business refusals come with HTTP 200, the code is in the body; only an address over its quota
gets an HTTP status of its own. Texts are the exchange's.
"""

from __future__ import annotations

DOCS = "https://bingx-api.github.io/docs"
TIMESTAMPS = f"{DOCS}/#/en-us/spot/account-api.html#Query%20Assets"

# Code and text, for `Refusal(*WRONG_SIGNATURE)`.
UNKNOWN_PATH = 100400, f"this api is not exist, please refer to the API docs {DOCS}"
UNREADABLE_PARAMETERS = 100400, "Invalid parameters, the request can not be read"
INCORRECT_KEY = 100413, "Incorrect apiKey"
MISSING_SIGNATURE = 100412, "Null signature"
WRONG_SIGNATURE = 100001, "Signature verification failed due to signature mismatch"
WRONG_TIMESTAMP = 100421, f"Null timestamp or timestamp mismatch, try to run our sample code from the link {TIMESTAMPS}"
INVALID_TIMESTAMP = 80014, "timestamp is invalid"
RATE_LIMITED = 100410, "rate limited"  # closed for the account; the text names no moment
INSUFFICIENT_BALANCE = 100202, "Insufficient balance"


class Refusal(Exception):
    """A request was refused with `code` and `message`; `status` is the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class AddressRefusal(Refusal):
    """HTTP 429: the whole address is over a quota for `retry_after` ms."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(429, "Too Many Requests", 429)
        self.retry_after = retry_after


class BusinessRefusal(Refusal):
    """The endpoint itself refused; only these refusals count in the error budget."""


def closed(until: int) -> Refusal:
    """The endpoint is closed for the account until `until`, server time in epoch ms."""
    text = "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period"
    return Refusal(100410, f"{text} and will be unblocked after {until}")


def over_budget(code: int, limit: int, window_ms: int, until: int) -> Refusal:
    """More than `limit` business errors of one code: closed until `until`, server time in epoch ms."""
    text = f"over {limit} error code:{code} requests within {window_ms} ms for this api"
    return Refusal(100410, f"{text}, please verify and fix it ,can retry after time: {until}")


def order_not_exist(reference: str) -> BusinessRefusal:
    """No such open order of this account."""
    return BusinessRefusal(100404, f"order not exist, {reference}")


def invalid(text: str) -> BusinessRefusal:
    """A parameter the endpoint does not take."""
    return BusinessRefusal(100400, text)
