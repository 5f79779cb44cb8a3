"""Failures of transports, translated once, and without frames that could show a secret."""

from __future__ import annotations

import socket
import ssl

import httpx

from bingx_async.errors import ConnectFailed
from bingx_async.runtime.http.message import Unanswered

# Raised by httpx and by our own transport before a request is written.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


def translated(error: Exception, path: str, host: str) -> Exception:
    """`ConnectFailed` where it is sure that nothing was written, else `Unanswered`."""
    if isinstance(error, NOT_SENT):
        return ConnectFailed(f"no connection to {host}: {reason_of(error)}", path)
    return Unanswered(f"no reply ({type(error.__cause__ or error).__name__})")


def reason_of(error: BaseException) -> str:
    """Why there is no connection, in words."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__ or next(iter(getattr(link, "exceptions", ())), None)
    for link in links:
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({link.verify_message}); does something stand between?"
        if isinstance(link, socket.gaierror):
            return "the name is not known; is there a network?"
        if isinstance(link, ssl.SSLError):
            return f"TLS failed ({link.reason or type(link).__name__})"
        if isinstance(link, httpx.ProxyError):
            return f"the proxy says {str(link)!r}"
        if isinstance(link, ConnectionRefusedError):
            return "it refuses connections"
        if isinstance(link, TimeoutError):
            return "it does not answer"
        if isinstance(link, ConnectionResetError):
            return "it closed the connection while it was being opened"
    return type(error.__cause__ or error).__name__


def printable(error: Exception, handled: BaseException | None) -> BaseException | None:
    """The exception, unless its text shows the URL with the signature, as some transports' do for a garbled reply."""
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
