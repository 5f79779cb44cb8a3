"""Failures of foreign transports, translated once, and without frames that could show a secret."""

from __future__ import annotations

import httpx

from bingx_async.errors import ConnectFailed
from bingx_async.runtime.http.message import Unanswered

# Raised by httpx and httpcore before a request is written.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


def translated(error: Exception, path: str) -> Exception:
    """`ConnectFailed` where it is sure that nothing was written, else `Unanswered`."""
    name = type(error.__cause__ or error).__name__
    if was_not_sent(error):
        return ConnectFailed(f"no connection ({name})", path)
    return Unanswered(f"no reply ({name})")


def was_not_sent(error: Exception) -> bool:
    """Whether the failure came before the first byte was written.

    httpx-aiohttp reports a connection lost half-way as `ConnectTimeout`, so there the cause decides.
    """
    cause = error.__cause__
    if cause is not None and type(cause).__module__.partition(".")[0] == "aiohttp":
        import aiohttp

        return isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL))
    return isinstance(error, NOT_SENT)


def printable(error: Exception, handled: BaseException | None) -> BaseException | None:
    """The exception, unless its text shows the URL with the signature, as aiohttp's for garbled replies does."""
    bare = without_frames(error, handled)
    return None if "signature=" in f"{error} {error.__cause__}" else bare


def without_frames(error: BaseException, handled: BaseException | None) -> BaseException:
    """The exception and its causes, without the frames of foreign code: their locals hold key and signature.

    `handled` is the exception that was being handled before the call: it is not ours to change.
    """
    seen = {id(handled), id(None)}
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        link.__traceback__ = None
        left += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]
    return error
