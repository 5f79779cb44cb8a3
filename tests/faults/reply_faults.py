"""Faults of a reply that arrives: its framing, its status, its body, and replies that belong to no request."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.connection_faults import QUICK, says
from tests.faults.fault import (
    ANSWERED,
    ANY_READING,
    CHUNKED,
    GARBLED,
    JSON,
    PERHAPS_REFUSED,
    REFUSED,
    SILENT,
    UNREADABLE,
    End,
    Fault,
    Reply,
    chunk,
    chunked,
    framed,
    honest,
    message,
)

HTML = b"<html><body>Not here</body></html>"
CONTINUE, HINTS = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
NO_HTTP: dict[str, bytes] = {
    "no HTTP": b"no HTTP at all\r\n\r\n",
    "TLS record": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 settings": b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    "status 000": b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",
    "status 99": b"HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 No\r\nContent-Length: 0\r\n\r\n",
    "status 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    "status without digits": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "NUL bytes": bytes(200),
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}
LENGTH = b"Content-Length: %d"


def framing_faults() -> Iterator[Fault]:
    """Replies that are no HTTP, or HTTP of which two readings are possible."""
    for name, data in NO_HTTP.items():
        yield Fault(name, GARBLED, says(data, End.CLOSE))
        yield Fault(f"{name}, kept open", GARBLED, says(data, End.HANG), timeout=QUICK)
    for name, reply in TWO_READINGS.items():
        yield Fault(name, ANY_READING, reply, is_tied=False, timeout=QUICK, is_awaited=True)


TWO_READINGS: dict[str, Reply] = {
    "bad chunk size": lambda body: (framed(b"zz\r\n" + body + b"\r\n0\r\n\r\n", CHUNKED), End.CLOSE),
    "endless chunk size": lambda body: (framed(b"f" * 40 + b"\r\n" + body, CHUNKED), End.CLOSE),
    "no end of chunks": lambda body: (framed(chunk(body), CHUNKED), End.CLOSE),
    "both lengths": lambda body: (framed(chunked(body), LENGTH % len(body), CHUNKED), End.CLOSE),
    "both lengths, plain body": lambda body: (framed(body, CHUNKED, LENGTH % len(body)), End.CLOSE),
    "two lengths": lambda body: (framed(body, LENGTH % len(body), LENGTH % 5), End.CLOSE),
    "two lengths in one": lambda body: (framed(body, b"Content-Length: %d, 5" % len(body)), End.CLOSE),
    "negative length": lambda body: (framed(body, b"Content-Length: -5"), End.CLOSE),
    "length of no digits": lambda body: (framed(body, b"Content-Length: ten"), End.CLOSE),
    "length too large": lambda body: (message(body, JSON, length=len(body) + 9), End.CLOSE),
    "length beyond 64 bits": lambda body: (message(body, JSON, length=10**25), End.CLOSE),
    "length too small": lambda body: (message(body, JSON, length=len(body) - 9), End.CLOSE),
    "length too small, kept open": lambda body: (message(body, JSON, length=len(body) - 9), 0.005),
    "unknown coding": lambda body: (framed(body, b"Transfer-Encoding: lzma"), End.CLOSE),
    "header without colon": lambda body: (message(body, b"no colon here"), End.CLOSE),
    "header with a space": lambda body: (message(body, b"Content-Length : 3"), End.CLOSE),
    "NUL in a header": lambda body: (message(body, b"X: a\x00b"), End.CLOSE),
    "folded header": lambda body: (message(body, b"X: a\r\n  b"), End.CLOSE),
    "bare line feeds": lambda body: (honest(body).replace(b"\r\n", b"\n"), End.CLOSE),
    "blanks before": lambda body: (b"\r\n\r\n" + honest(body),),
}


def honest_faults() -> Iterator[Fault]:
    """Unusual, but whole: each of these replies is an answer."""
    yield from (Fault(name, ANSWERED, reply) for name, reply in UNUSUAL.items())


UNUSUAL: dict[str, Reply] = {
    "honest": lambda body: (honest(body),),
    "chunked": lambda body: (framed(chunked(body), CHUNKED),),
    "chunked by bytes": lambda body: (
        framed(b"", CHUNKED),
        *(chunk(body[at : at + 1]) for at in range(len(body))),
        b"0\r\n\r\n",
    ),
    "chunked with trailer": lambda body: (framed(chunked(body)[:-2] + b"X: y\r\n\r\n", CHUNKED),),
    "100 before": lambda body: (CONTINUE + honest(body),),
    "103 before": lambda body: (HINTS, 0.005, honest(body)),
    "fifty 100 before": lambda body: (*[CONTINUE] * 50, honest(body)),
    "connection: close": lambda body: (message(body, b"Connection: close"), End.CLOSE),
    "connection: close, kept open": lambda body: (message(body, b"Connection: close"), End.HANG),
    "HTTP/1.0": lambda body: (framed(body, LENGTH % len(body), status=b"HTTP/1.0 200 OK"), End.CLOSE),
    "HTTP/1.0, kept open": lambda body: (framed(body, LENGTH % len(body), status=b"HTTP/1.0 200 OK"), End.HANG),
    "HTTP/1.0 without length": lambda body: (framed(body, status=b"HTTP/1.0 200 OK"), End.CLOSE),
    "no length": lambda body: (framed(body, JSON), End.CLOSE),
    "no length, in pieces": lambda body: (framed(body[:9], JSON), 0.005, body[9:], End.CLOSE),
    "code 0 with HTTP 500": lambda body: (message(body, status=b"500 Internal Server Error"),),
}


def status_faults(elsewhere: str) -> Iterator[Fault]:
    """Gateways, firewalls and redirects, without a code of the exchange."""
    for status in (b"500 Internal Server Error", b"502 Bad Gateway", b"503 Unavailable", b"504 Gateway Timeout"):
        yield Fault(f"HTML with {status.decode()}", SILENT, says(message(HTML, status=status)))
        yield Fault(
            f"nothing with {status.decode()}", SILENT, says(message(b"", status=status), End.CLOSE), is_awaited=True
        )
    for status in (b"403 Forbidden", b"429 Too Many Requests", b"418 Teapot"):
        reply = says(message(HTML, b"Retry-After: 1", status=status))
        yield Fault(f"HTML with {status.decode()}", REFUSED, reply, is_executed=False)
    for status in (b"401 Unauthorized", b"400 Bad Request", b"404 Not Found", b"405 Not Allowed"):
        yield Fault(f"HTML with {status.decode()}", REFUSED, says(message(HTML, status=status)), is_executed=False)
    for status in (b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent"):
        reply = says(message(HTML, b"Location: " + elsewhere.encode(), status=status))
        yield Fault(f"redirect {status.decode()}", REFUSED, reply, is_executed=False)
    for code in (100404, 100202, 100413, 109400, 80001):
        reply = says(message(b'{"code":%d,"msg":"no"}' % code))
        yield Fault(f"code {code}", REFUSED, reply, is_executed=False)
    for code in (100500, 101500, 80019):  # only a read is told that nothing ran
        reply = says(message(b'{"code":%d,"msg":"no"}' % code))
        yield Fault(f"code {code}", PERHAPS_REFUSED, reply, is_executed=False)


def body_faults() -> Iterator[Fault]:
    """Whole replies with a body that says too little."""
    for body in (b"", b"no JSON", b"[1]", b'"text"', b"{}", b'{"data":{}}', b'{"code":"x"}', b'{"code":null}', b"\xff"):
        yield Fault(f"body {body.decode('latin-1')}", UNREADABLE, says(message(body, JSON)))
    yield Fault("HTML with 200", UNREADABLE, says(message(HTML)))
    yield Fault("204", UNREADABLE, says(b"HTTP/1.1 204 No Content\r\n\r\n"))
    for data in (b"", b',"data":null', b',"data":[]', b',"data":"x"', b',"data":{"orders":5,"orderId":[]}'):
        yield Fault(f"code 0{data.decode()}", ANSWERED, says(message(b'{"code":0%s}' % data)), is_tied=False)
