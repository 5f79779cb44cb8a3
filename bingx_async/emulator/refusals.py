"""The refusals of the exchange: code, text and HTTP status.

Rules: quota and business refusals come with HTTP 200, the code is in the body; only an address over its quota
gets an HTTP status of its own. Texts are the exchange's.
"""

from __future__ import annotations

DOCS = "https://bingx-api.github.io/docs"


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


def unknown_path() -> Refusal:
    """No such path, or not with this method."""
    return Refusal(100400, f"this api is not exist, please refer to the API docs {DOCS}")


def unreadable_parameters() -> Refusal:
    """The body cannot be read as JSON or as a form."""
    return Refusal(100400, "Invalid parameters, the request can not be read")


def incorrect_key() -> Refusal:
    """No account has this API key."""
    return Refusal(100413, "Incorrect apiKey")


def missing_signature() -> Refusal:
    """No parameter `signature` in any carrier that is read."""
    return Refusal(100412, "Null signature")


def wrong_signature() -> Refusal:
    """The signature does not fit the parameters as they arrived."""
    return Refusal(100001, "Signature verification failed due to signature mismatch")


def wrong_timestamp() -> Refusal:
    """The timestamp is missing or outside of the receive window."""
    text = "Null timestamp or timestamp mismatch, try to run our sample code from the link"
    return Refusal(100421, f"{text} {DOCS}/#/en-us/spot/account-api.html#Query%20Assets")


def invalid_timestamp() -> Refusal:
    """The timestamp is not a number."""
    return Refusal(80014, "timestamp is invalid")


def closed(until: int) -> Refusal:
    """The endpoint is closed for the account until `until`, server time in epoch ms."""
    text = "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period"
    return Refusal(100410, f"{text} and will be unblocked after {until}")


def rate_limited() -> Refusal:
    """The endpoint is closed for the account; the text names no moment."""
    return Refusal(100410, "rate limited")


def over_budget(code: int, limit: int, window_ms: int, until: int) -> Refusal:
    """More than `limit` business errors of one code: closed until `until`, server time in epoch ms."""
    text = f"over {limit} error code:{code} requests within {window_ms} ms for this api"
    return Refusal(100410, f"{text}, please verify and fix it ,can retry after time: {until}")


def order_not_exist(reference: str) -> BusinessRefusal:
    """No such open order of this account."""
    return BusinessRefusal(100404, f"order not exist, {reference}")


def insufficient_balance() -> BusinessRefusal:
    """The balance does not cover the order."""
    return BusinessRefusal(100202, "Insufficient balance")


def invalid(text: str) -> BusinessRefusal:
    """A parameter the endpoint does not take."""
    return BusinessRefusal(100400, text)
