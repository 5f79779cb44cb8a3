"""One host, and requests written out for it."""

from __future__ import annotations

from typing import NamedTuple

import httpx

from bingx_async.runtime.http.message import Request


class Origin(NamedTuple):
    """The other end of a connection."""

    host: str
    port: int
    is_tls: bool

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        """The origin of `url`."""
        is_tls = url.scheme == "https"
        return cls(url.host, url.port or (443 if is_tls else 80), is_tls)


class SealedRequest(httpx.Request):
    """A request whose repr shows no query: the signature may travel there, and tracebacks may print locals."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url.path!r})>"


class Host:
    """One host. A request for it has no header but the needed ones, and the signed text is not encoded again."""

    def __init__(self, url: str) -> None:
        self._url = url
        parsed = httpx.URL(url)
        self.origin = Origin.of(parsed)
        self._host, self._prefix = (b"Host", parsed.netloc), parsed.raw_path.decode().rstrip("/")
        self._version_and_host = f" HTTP/1.1\r\nHost: {parsed.netloc.decode()}\r\n"
        self._urls: dict[str, httpx.URL] = {}  # by path: parsing one for every call costs as much as signing it

    def written(self, request: Request) -> bytes:
        """`request` as it travels."""
        method, path, query, body, headers = request
        target = f"{path}?{query}" if query else path
        first = f"{method} {self._prefix}{target}{self._version_and_host}".encode()
        length = b"" if method == "GET" else b"Content-Length: %d\r\n" % len(body)
        return b"%b%b%b\r\n%b" % (first, headers.text, length, body)

    def for_httpx(self, request: Request, timeouts: dict[str, float]) -> httpx.Request:
        """`request` for a transport of httpx."""
        headers = [self._host, *request.headers.pairs]
        if request.method != "GET":
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        # With `stream` httpx adds no headers of its own, so it need not look for ours.
        made = SealedRequest(
            request.method,
            self._url_of(request),
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions={"timeout": timeouts},
        )
        made.read()  # a transport may ask for the content
        return made

    def _url_of(self, request: Request) -> httpx.URL:
        if request.query:
            return httpx.URL(f"{self._url}{request.path}?{request.query}")
        if request.path not in self._urls:
            self._urls[request.path] = httpx.URL(f"{self._url}{request.path}")
        return self._urls[request.path]
