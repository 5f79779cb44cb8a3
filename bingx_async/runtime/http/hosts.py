"""The hosts of the exchange, and a request as an httpx transport takes it."""

from __future__ import annotations

import httpx
from attrs import field, frozen

from bingx_async.runtime.http.message import Request


class SealedRequest(httpx.Request):
    """A request whose repr shows no query: the signature may travel there, and tracebacks may print locals."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url.path!r})>"


@frozen(eq=False)
class Host:
    """One host. Its URLs are kept: parsing or hashing one for every call would cost as much as signing it."""

    url: httpx.URL
    netloc: bytes
    endpoints: dict[str, httpx.URL] = field(factory=dict[str, httpx.URL])  # by path

    @classmethod
    def of(cls, url: str) -> Host:
        """From its base URL."""
        parsed = httpx.URL(url)
        return cls(parsed, parsed.netloc)

    def request(self, request: Request, timeouts: dict[str, float]) -> httpx.Request:
        """`request` to this host, with no header but the needed ones."""
        # With `stream` httpx adds no headers of its own, so it need not look for ours.
        headers = [(b"Host", self.netloc), *request.headers]
        if request.method != "GET":
            headers.append((b"Content-Length", b"%d" % len(request.body)))
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
            return httpx.URL(f"{self.url}{request.path}?{request.query}")
        url = self.endpoints.get(request.path)
        if url is None:
            url = self.endpoints[request.path] = httpx.URL(f"{self.url}{request.path}")
        return url


class Hosts:
    """Hosts that serve the same exchange; the one that could be reached last is preferred."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._all = tuple(Host.of(url) for url in urls)
        self._preferred = 0
        self.in_order = self._all  # the preferred one first

    def avoid(self, host: Host) -> None:
        """`host` could not be reached: prefer the next, unless another call has turned away from it already."""
        if self._all[self._preferred] is host:
            self._preferred = (self._preferred + 1) % len(self._all)
            self.in_order = self._all[self._preferred :] + self._all[: self._preferred]
