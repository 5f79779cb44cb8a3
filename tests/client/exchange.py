"""A scripted exchange as an httpx transport, in simulated time.

`answers` maps the end of a path to what comes back, one entry per request; the last one stays. An answer is a text
(HTTP 200), a pair (status, text), a triple (status, text, headers), an exception to raise, `HANG`, or a function of
the request that returns one of these. A path without an entry gets code 0; the time endpoint tells the exchange's time,
and that of the symbols rules which any number keeps.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

import anyio
import anyio.lowlevel
import httpx
import pytest
from attrs import frozen

from bingx_async import BingXClient, Governor
from bingx_async.core.events import Event
from bingx_async.testing import EPOCH, run_simulated, simulated_clock

T = TypeVar("T")
Backend = Literal["asyncio", "trio"]
KEY, SECRET = "the-api-key-AAAA", "the-secret-key-BBBB"
OK = '{"code":0,"msg":"","data":{}}'
HANG = object()
CANCEL = "/openApi/spot/v1/trade/cancel"
CANCEL_ORDERS = "/openApi/spot/v1/trade/cancelOrders"
CANCEL_OPEN_ORDERS = "/openApi/spot/v1/trade/cancelOpenOrders"
OCO_ORDER = "/openApi/spot/v1/oco/order"
OCO_CANCEL = "/openApi/spot/v1/oco/cancel"
SYMBOLS = "/openApi/spot/v1/common/symbols"
ANY_NUMBER = {"tickSize": "1e-30", "stepSize": "1e-30", "status": 1}
TIME = "/openApi/swap/v2/server/time"
TIME_OLD = "/openApi/spot/v1/server/time"

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(backend: Backend, main: Callable[[], Awaitable[T]]) -> T:
    """`main` in simulated time, bounded to a simulated day so that a hang fails instead."""

    async def bounded() -> T:
        with anyio.fail_after(86_400):
            return await main()

    return run_simulated(bounded, backend=backend)


async def in_turn() -> None:
    """Let the tasks just started take their places: trio starts them in random order otherwise."""
    for _ in range(3):
        await anyio.lowlevel.checkpoint()


def refused(code: int | str, message: str = "", **more: Any) -> str:
    """A refusal as the exchange words it."""
    return json.dumps({"code": code, "msg": message, **more})


@frozen
class Sent:
    """One request as it arrived; `at` is in milliseconds since the start."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def params(self) -> dict[str, str]:
        """The parameters, wherever they travelled."""
        if self.body.startswith(b"{"):
            return {name: str(value) for name, value in json.loads(self.body).items()}
        return dict(parse_qsl(self.query or self.body.decode()))

    @property
    def carrier(self) -> str:
        """The carrier of the parameters."""
        if self.query:
            return "query"
        return "json" if self.body.startswith(b"{") else "form"


class Exchange(httpx.AsyncBaseTransport):
    """See the module; make it inside the event loop."""

    def __init__(self, answers: dict[str, list[Any]] | None = None, *, rtt: float = 0.05, skew: float = 0.0) -> None:
        self.answers = {path: list(script) for path, script in (answers or {}).items()}
        self.rtt = rtt
        self.skew = skew
        self.sent: list[Sent] = []
        self.started = anyio.current_time()
        self.is_closed = False

    def now(self) -> float:
        """Milliseconds since the start."""
        return (anyio.current_time() - self.started) * 1000.0

    def server_ms(self) -> float:
        """The exchange's clock."""
        return EPOCH + self.skew + self.now()

    def calls(self, path: str = "") -> list[Sent]:
        """The requests to `path`, or to anything but the time endpoints."""
        return [sent for sent in self.sent if (sent.path == path if path else sent.path not in (TIME, TIME_OLD))]

    def times(self, path: str = "") -> list[float]:
        """When those requests arrived, whole milliseconds since the start."""
        return [round(sent.at) for sent in self.calls(path)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        headers = {name.decode(): value.decode() for name, value in request.headers.raw}
        url = request.url
        sent = Sent(request.method, url.host, url.path, url.query.decode(), headers, request.content, self.now())
        self.sent.append(sent)
        await anyio.sleep(self.rtt / 2)
        answer: Any = self._answer(sent)
        if callable(answer):
            answer = answer(sent)
        if answer is HANG:
            await anyio.sleep_forever()
        await anyio.sleep(self.rtt / 2)
        if isinstance(answer, Exception):
            raise answer
        reply: Any = (200, answer) if isinstance(answer, str) else answer
        status, text = reply[:2]
        headers = reply[2] if len(reply) > 2 else {}
        content = text if isinstance(text, httpx.AsyncByteStream) else text.encode()
        if isinstance(content, bytes):
            return httpx.Response(status, headers=headers, content=content)
        return httpx.Response(status, headers=headers, stream=content)

    async def aclose(self) -> None:
        """Remember it."""
        self.is_closed = True

    def _answer(self, sent: Sent) -> Any:
        script = self.answers.get(sent.path)
        if script:
            return script.pop(0) if len(script) > 1 else script[0]
        if sent.path in (TIME, TIME_OLD):
            return json.dumps({"code": 0, "data": {"serverTime": int(self.server_ms())}})
        if sent.path == SYMBOLS:
            return json.dumps({"code": 0, "data": {"symbols": [{"symbol": sent.params.get("symbol"), **ANY_NUMBER}]}})
        return OK


class BrokenOff(httpx.AsyncByteStream):
    """A body that ends too early, after some text."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.text.encode()
        raise httpx.ReadError("the connection was lost")


class Hall:
    """An exchange, a governor with its events, and clients on them."""

    def __init__(
        self,
        answers: dict[str, list[Any]] | None = None,
        *,
        rtt: float = 0.05,
        skew: float = 0.0,
        **governor: Any,
    ) -> None:
        self.exchange = Exchange(answers, rtt=rtt, skew=skew)
        self.events: list[Event] = []
        governor.setdefault("draw", lambda: 0.0)
        self.governor = Governor(clock=simulated_clock(), on_event=self.events.append, **governor)

    def client(self, api_key: str | None = KEY, secret_key: str | None = SECRET, **settings: Any) -> BingXClient:
        """A client, by JSON unless told otherwise."""
        settings.setdefault("carrier", "json")
        settings.setdefault("account", "1")
        return BingXClient(api_key, secret_key, governor=self.governor, transport=self.exchange, **settings)

    def seen(self, *kinds: type[Event]) -> list[Event]:
        """The events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


@contextmanager
def raising(kind: type[T]) -> Iterator[list[T]]:
    """As `pytest.raises`, but exactly this class; the error is the only item of the list."""
    caught: list[T] = []
    try:
        yield caught
    except BaseException as error:
        if type(error) is not kind:
            raise
        caught.append(error)
        return
    pytest.fail(f"{kind.__name__} was not raised")
